"""Plants, places to eat and games, and what people say of them: heights, degrees, seasons, parts of names, titles that are words."""

import pytest

from convrec.agent.compact.asked import asked_fields
from convrec.agent.compact.understander import Understander
from convrec.agent.state import DialogueState
from convrec.core.clock import FixedClock
from convrec.tools.encoder import TextEncoder
from tests.agent.linked_catalogues import wide_catalogue
from tests.agent.understood import NOON, Listener


@pytest.fixture(scope="module")
def on_eateries(tmp_path_factory):
    """Understands messages about 110 places to eat."""
    return Listener(wide_catalogue(tmp_path_factory.mktemp("eateries"), "restaurants"))


@pytest.fixture(scope="module")
def on_wide_games(tmp_path_factory):
    """Understands messages about 110 games, some of them for phones."""
    return Listener(wide_catalogue(tmp_path_factory.mktemp("wide"), "games"))


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("not taller than 50 cm", {"+height_cm": {"..50"}}),
        ("over a metre", {"+height_cm": {"100.."}}),
        ("smaller than a metre and a half", {"+height_cm": {"..150"}}),
        ("at most waist-high", {"+height_cm": {"..100"}}),
        ("it mustn't grow taller than four metres", {"+height_cm": {"..400"}}),
        ("it must not exceed 2 metres", {"+height_cm": {"..200"}}),
        ("it can't cost more than 20 euros", {"+price": {"..20"}}),
        ("it must grow taller than 2 metres", {"+height_cm": {"200.."}}),
        ("unless it's over 15 euros", {"+price": {"..15"}}),
        ("from 15 euros up", {"+price": {"15.."}}),
        ("nothing that costs more than 20 euros", {"+price": {"..20"}}),
    ],
)
def test_an_amount_is_about_the_field_that_its_unit_measures(on_plants, text, wishes):
    assert on_plants.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("for a sunny border", {"full sun"}),
        ("somewhere shady", {"partial shade", "full shade"}),
        ("a corner in half shade", {"partial shade"}),
    ],
)
def test_a_part_of_a_value_stands_for_every_value_that_has_it(on_plants, text, wishes):
    assert on_plants.wishes(text)["+light"] == wishes


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("between December and February", {"December", "January", "February"}),
        ("something for spring", {"March", "April", "May"}),
        ("early spring, in March", {"March"}),
    ],
)
def test_a_stretch_of_months_is_every_month_of_it(on_plants, text, months):
    assert on_plants.wishes(text)["+months"] == months


@pytest.mark.parametrize(
    ("text", "degree"), [("little water", "low"), ("for a boggy corner", "high"), ("I forget to water", "low")]
)
def test_a_degree_is_heard_in_everyday_words(on_plants, text, degree):
    assert on_plants.wishes(text)["+water"] == {degree}


@pytest.mark.parametrize(
    ("text", "sign"), [("nothing poisonous", 1), ("poisonous ones", -1), ("safe for cats", 1), ("not toxic", 1)]
)
def test_the_opposite_of_a_flag_turns_its_sign(on_plants, text, sign):
    (safe,) = (p for p in on_plants.hear(text).preferences if p.facet == "pet_safe")
    assert safe.polarity == sign


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("sage, do you have it?", ["Sage"]),
        ("is the olive tree hardy?", ["Olive Tree"]),
        ("the pansies. what colours do they come in?", ["Pansy"]),
        ("how tall does the violet get?", ["Violet"]),
        ("how tall does the violet get? the plain violet I mean", ["Violet", "Violet"]),
        ("something violet", []),
        ("how tall is the violet one?", []),
        ("does the lavender need sun?", []),
    ],
)
def test_a_title_of_everyday_words_is_found_where_it_is_asked_about(on_plants, text, titles):
    assert on_plants.named(text) == titles


def test_a_value_that_is_asked_about_is_no_wish(on_plants):
    heard = on_plants.hear("is the olive tree hardy?")
    assert heard.preferences == ()
    assert "ask_item" in heard.acts


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("when does it flower?", {"months"}),
        ("how high does that get", {"height_cm"}),
        ("who grows it?", {"grower"}),
        ("what colours do they come in?", {"colours"}),
        ("how much is it", {"price"}),
        ("how much light does it need", {"light"}),
        ("grower?", {"grower"}),
        ("is it hardy?", {"hardy"}),
        ("does it need a lot of water", {"water"}),
        ("does it need much light?", {"light"}),
        ("will the second one want water in summer?", {"water"}),
        ("do I need to water it?", set()),
    ],
)
def test_a_fact_is_asked_for_in_other_words_than_the_field_s_name(on_plants, text, fields):
    assert set(asked_fields(text, on_plants.catalogue.schema, on_plants.catalogue)) == fields


@pytest.mark.parametrize(
    ("text", "unwanted", "wanted"),
    [
        ("anything but shrubs, white or pink", {"Shrub"}, {"white", "pink"}),
        ("no shrubs, climbers or trees", {"Shrub", "Climber", "Tree"}, set()),
    ],
)
def test_a_negation_runs_over_a_comma_to_values_of_its_own_field(on_plants, text, unwanted, wanted):
    signs = {p.value: p.polarity for p in on_plants.hear(text).preferences if p.facet != "text"}
    assert {value for value, sign in signs.items() if sign < 0} == unwanted
    assert {value for value, sign in signs.items() if sign > 0} == wanted


@pytest.mark.parametrize(
    "text",
    [
        "sold. cheers",
        "ok Snapdragon, done",
        "Snapdragon it is",
        "then that is the one",
        "Great, I take the first",
        "we'll take it",
    ],
)
def test_there_are_many_ways_of_accepting(on_plants, text):
    assert "accept" in on_plants.hear(text, on_plants.state(["Snapdragon", "Thrift"], ["Snapdragon"])).acts


def test_the_dislike_of_one_thing_beside_the_wish_for_another_rules_out_nothing_wished_for(on_plants):
    kept = on_plants.kept("full sun, I've had it with annuals, no shade")
    assert kept


@pytest.mark.parametrize(
    ("text", "months"),
    [
        ("only hardy ones mind, it's bitter up here in winter", 0),
        ("it must survive the winter", 0),
        ("we get hard frosts in spring", 0),
        ("something that flowers in winter", 3),
        ("some colour when it's cold in winter", 3),
    ],
)
def test_a_season_beside_its_weather_asks_for_no_blossom(on_plants, text, months):
    assert len(on_plants.wishes(text).get("+months", ())) == months


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("no ramen, had that monday", set()),
        ("we went there last Monday", set()),
        ("payday's not till friday", set()),
        ("we get paid on friday", set()),
        ("it'll be a Wednesday", {"Wednesday"}),
        ("we had a look for Friday", {"Friday"}),
        ("our anniversary is on friday", {"Friday"}),
        ("I had noodles yesterday. a table on Monday", {"Monday"}),
    ],
)
def test_a_day_that_has_been_or_is_of_something_else_is_no_opening_day(on_eateries, text, days):
    heard = on_eateries.wishes(text)
    assert (heard.get("+open_days", set()), heard.get("-open_days", set())) == (days, set())


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("near the station if possible, I get off the train there", {"Station Quarter"}),
        ("a French restaurant, by the river if you have one", {"Riverside"}),
        ("close to the harbour", {"Harbour"}),
        ("next to the university, and cheap", {"University"}),
        ("by the station clock", set()),
        ("by the market hall", set()),
    ],
)
def test_what_lies_near_is_the_area_that_is_called_after_it(on_eateries, text, area):
    assert on_eateries.wishes(text).get("+area", set()) == area


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("it has to be somewhere dogs are allowed", "+"),
        ("somewhere that takes dogs", "+"),
        ("a dog-friendly place", "+"),
        ("dogs welcome?", "+"),
        ("not somewhere dogs are allowed", "-"),
        ("hot dogs are fine", ""),
    ],
)
def test_what_is_allowed_is_heard_in_other_words_for_it(on_eateries, text, sign):
    heard = on_eateries.wishes(text)
    assert {key[0] for key, values in heard.items() if "dogs allowed" in values} == {*sign}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("what can I play on my phone?", {"+platforms": {"Mobile"}}),
        ("something for the iPad", {"+platforms": {"Mobile"}}),
        ("no phone games", {"-platforms": {"Mobile"}}),
        ("free ones only, I'm not paying for phone games", {"+price": {"..0"}}),
        ("I won't spend money on horror games", {}),
        ("with farming I have no patience, so not farming", {"-genres": {"Farming"}}),
    ],
)
def test_a_phone_is_where_one_plays_and_what_is_not_paid_for_is_no_wish(on_wide_games, text, wishes):
    assert on_wide_games.wishes(text) == wishes


def test_what_somebody_can_play_on_is_asked_not_told_as_a_taste(on_wide_games):
    heard = on_wide_games.hear("what can I play on my phone?")
    assert [(p.strength, p.scope) for p in heard.preferences] == [("hard", "session")]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("what days is it open", {"open_days"}),
        ("which days are they closed?", {"open_days"}),
        ("when is it open?", {"open_days"}),
        ("does it have a terrace", {"features"}),
        ("is it in a nice area?", {"area"}),
    ],
)
def test_what_is_asked_of_a_place_to_eat_is_its_days_and_what_it_has(on_eateries, text, fields):
    assert set(asked_fields(text, on_eateries.catalogue.schema, on_eateries.catalogue)) >= fields


@pytest.mark.parametrize(
    ("text", "strength"),
    [
        ("hmm korean maybe? or polish, either's good", {"hard"}),
        ("korean maybe or polish", {"soft"}),
        ("italian. or maybe greek", {"hard"}),
    ],
)
def test_of_two_alternatives_none_is_wished_more_firmly(on_eateries, text, strength):
    heard = on_eateries.hear(text)
    assert len(heard.preferences) == 2
    assert {p.strength for p in heard.preferences} == strength


def test_a_proposal_that_is_turned_down_stays_one(on_eateries):
    heard = on_eateries.hear("maybe korean? no, polish")
    assert [(p.value, p.strength) for p in heard.preferences] == [("Korean", "soft"), ("Polish", "hard")]


@pytest.mark.parametrize("text", ["I want somewhere really romantic you know", "somewhere romantic"])
def test_how_a_place_should_be_is_heard_behind_somewhere(on_eateries, text):
    assert on_eateries.wishes(text) == {"+text": {"romantic"}}


@pytest.fixture(scope="module")
def near_in_meaning(on_plants):
    """Understands messages about plants with the encoder, so that words may stand for the value nearest to them."""
    return Understander(on_plants.catalogue, FixedClock(NOON), TextEncoder.open())


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("need a plant for my gf", []),
        ("I'd like a nice plant", []),
        ("something vegetable", [("type", "Fruit")]),
    ],
)
def test_a_word_for_what_all_items_are_names_no_kind_of_them(near_in_meaning, text, wishes):
    heard = near_in_meaning.understand(text, DialogueState())
    assert [(p.facet, p.value) for p in heard.preferences] == wishes


def test_letting_us_do_one_asks_nothing(on_eateries):
    state = on_eateries.state(shown=("Harbour Kitchen",), focus=("Harbour Kitchen",))
    assert on_eateries.hear("great, let's do that one", state).acts == ("accept",)


def test_a_day_that_is_only_told_of_is_no_wish_for_the_reader_either(on_eateries):
    reads = Understander(on_eateries.catalogue, FixedClock(NOON), TextEncoder.open())
    heard = reads.understand(
        "no ramen, had that monday", DialogueState(reply="I would start with **Ramen Yokocho**: Japanese.")
    )
    assert "open_days" not in {p.facet for p in heard.preferences}


def test_what_is_not_paid_for_turns_down_no_kind_that_was_spoken_of(on_wide_games):
    reads = Understander(on_wide_games.catalogue, FixedClock(NOON), TextEncoder.open())
    state = DialogueState(reply="What are you in the mood for: simulation, puzzle, horror or adventure?")
    heard = reads.understand("free ones only, I'm not paying for phone games", state)
    assert [(p.facet, p.value) for p in heard.preferences] == [("price", "..0")]


def test_what_is_put_right_hedges_no_more(on_eateries):
    heard = on_eateries.hear("maybe up on the hillside no actually scratch that something with a sea view")
    assert ("sea view", "hard") in [(p.value, p.strength) for p in heard.preferences]


def test_though_is_heard_in_short(on_plants):
    assert on_plants.wishes("no herbs tho, thats boring") == {"-type": {"Herb"}}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("no Korean please, we had Korean yesterday", {"-cuisine": {"Korean"}}),
        ("my aunt got ill, she ate sushi last week", {}),
        ("we ate out on Friday", {}),
        ("she worked on a sushi counter for twenty years", {}),
        ("we were hoping for a table on Friday", {"+open_days": {"Friday"}}),
        ("I've got a day off on Friday", {"+open_days": {"Friday"}}),
        ("my sister gets married on Friday", {"+open_days": {"Friday"}}),
        ("somewhere near an Italian place", {}),
    ],
)
def test_what_befell_somebody_is_no_wish(on_eateries, text, wishes):
    assert {k: v for k, v in on_eateries.wishes(text).items() if k != "-text"} == wishes


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("we moved in during April", {}),
        ("my dad died in April", {}),
        ("I sowed peas in April, what can I sow for June?", {"+months": {"June"}}),
        ("it should flower in April", {"+months": {"April"}}),
        ("ferns for the corner behind a big shrub", {"+type": {"Fern"}}),
        ("something for beside the hedge, a shrub please", {"+type": {"Shrub"}}),
        ("my puppy attacks anything red", {}),
        ("anything red", {"+colours": {"red"}}),
        ("the puppy attacks everything. Red ones please", {"+colours": {"red"}}),
    ],
)
def test_what_is_only_told_of_asks_for_no_plant(on_plants, text, wishes):
    assert on_plants.wishes(text) == wishes


def test_how_much_there_is_in_it_may_be_the_least(on_wide_games):
    assert on_wide_games.wishes("sixty hours in it at the very least")["+length_hours"] == {"60.."}
    assert on_wide_games.wishes("six hours of play at most")["+length_hours"] == {"..6"}


def test_the_other_sides_slowness_is_no_length(on_wide_games):
    assert "+length_hours" not in on_wide_games.wishes("fine, it took you long enough")
    assert "+length_hours" in on_wide_games.wishes("a long one, please")


@pytest.mark.parametrize(
    "text",
    [
        "they want to shout at the same time",
        "by that time we're in bed",
        "there's peace in this house",
        "I'd love it for that team of mine",
        "that came from her, believe it or not",
        "she'd put up with it, which from her is praise",
        "every other day we meet",
    ],
)
def test_idioms_point_at_nothing_shown(on_wide_games, text):
    games = on_wide_games
    shown = games.state(tuple(games.catalogue.titles[:3]))
    assert not {"+year", "+developer", "-year", "-developer"} & games.wishes(text, shown).keys()


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("more from this studio", "+developer"),
        ("one from the same time", "+year"),
        ("anything from that team", "+developer"),
    ],
)
def test_what_does_point_at_those_shown_still_does(on_wide_games, text, field):
    shown = on_wide_games.state(tuple(on_wide_games.catalogue.titles[:3]))
    assert field in on_wide_games.wishes(text, shown)


@pytest.mark.parametrize("text", ["the other day it rained", "I'm away every other month", "this grows over our fence"])
def test_time_that_goes_by_turns_nothing_down(on_plants, text):
    shown = on_plants.state(tuple(on_plants.catalogue.titles[:3]))
    assert not {"-months", "+grower"} & on_plants.wishes(text, shown).keys()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("it must be taller than my son, he's 120 cm", "120.."),
        ("taller than the wall, which is 2 m", "200.."),
        ("bigger than our cat and that's just 40 cm", "40.."),
        ("smaller than the bench, it's 80 cm", "..80"),
        ("it shouldn't get taller than the shed, that's 2 m", "..200"),
        ("90 cm as a minimum", "90.."),
        ("90 cm at the very least", "90.."),
        ("90 cm at a maximum", "..90"),
    ],
)
def test_how_tall_something_is_compared_with_bounds_what_is_wished(on_plants, text, value):
    assert on_plants.wishes(text) == {"+height_cm": {value}}


@pytest.mark.parametrize("text", ["I don't want to pay more than 8", "not going to spend more than 8 euros a plant"])
def test_who_will_not_pay_more_bounds_the_price(on_plants, text):
    assert on_plants.wishes(text) == {"+price": {"..8"}}


def test_what_prices_there_are_is_no_wish(on_eateries):
    assert on_eateries.wishes("The prices run from one to four, right? Two at the most then") == {
        "+price_level": {"..2"}
    }
    assert on_eateries.wishes("a price level from one to three") == {"+price_level": {"1..3"}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("something I can play with my cousin", "2.."),
        ("his friends should be able to play along", "2.."),
        ("a game for me and my husband", "2.."),
        ("one that we can play together", "2.."),
        ("a game for me and my nephew, fifty hours in it at the very least", "2.."),
        ("we play together, all five of us", "5.."),
        ("a game to play with my new headset", None),
        ("I play alone", None),
    ],
)
def test_who_plays_along_asks_for_two_players(on_wide_games, text, value):
    assert on_wide_games.wishes(text).get("+players") == (value and {value})


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("my brother is vegan", {"+features": {"vegan options"}}),
        ("two of the girls are vegan", {"+features": {"vegan options"}}),
        ("half of us are vegan", {"+features": {"vegan options"}}),
        ("a table for three vegans", {"+features": {"vegan options"}}),
        ("I'm bringing a vegan friend", {"+features": {"vegan options"}}),
        ("my aunt is vegan, so they must have vegan options", {"+features": {"vegan options"}}),
        ("somewhere vegan", {"+cuisine": {"Vegan"}}),
        ("a place where the food is vegan", {"+cuisine": {"Vegan"}}),
        ("it should be Italian", {"+cuisine": {"Italian"}}),
    ],
)
def test_what_somebody_is_asks_for_what_there_is_for_them(on_eateries, text, wishes):
    assert on_eateries.wishes(text) == wishes


@pytest.mark.parametrize("text", ["the dog's joining us", "the dog is coming along", "our dog comes with us"])
def test_a_dog_that_comes_along_has_to_be_let_in(on_eateries, text):
    assert on_eateries.wishes(text)["+features"] == {"dogs allowed"}


@pytest.mark.parametrize(
    "text", ["it doesn't need a lot of water", "never asks for much water", "won't take regular water"]
)
def test_what_needs_little_asks_for_the_low_degree(on_plants, text):
    assert on_plants.wishes(text) == {"+water": {"low"}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("is there something soothing?", {"soothing"}),
        ("something with pirates or knights", {"pirates", "knights"}),
        ("it'd be nice if it were soothing", {"soothing"}),
        ("with exactly one spare hand", set()),
        ("we'll be a whole crowd", set()),
        ("it looks like the inside of a wardrobe", set()),
    ],
)
def test_wishes_in_free_words_are_those_and_no_others(on_wide_games, text, words):
    assert on_wide_games.wishes(text).get("+text", set()) == words


@pytest.mark.parametrize("text", ["has falafel stop got a terrace", "so is falafel stop open on Mondays"])
def test_a_title_in_small_letters_is_what_a_question_right_before_it_is_about(on_eateries, text):
    assert on_eateries.named(text) == ["Falafel Stop"]
    assert "ask_item" in on_eateries.hear(text, on_eateries.state(["Falafel Stop"])).acts


def test_so_many_of_a_series_are_all_that_are_called_so(on_wide_games):
    heard = on_wide_games.hear("finished those three graveyard shifts ages ago, a puzzle please")
    assert [len(reference.item_ids) for reference in heard.references] == [3]


def test_a_wait_that_took_long_enough_asks_for_nothing_long(on_wide_games):
    assert on_wide_games.wishes("took them long enough, a puzzle please") == {"+genres": {"Puzzle"}}
