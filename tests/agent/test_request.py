"""From what a thread and a profile hold to what is searched for."""

from datetime import UTC, datetime, timedelta

import pytest

from convrec.agent.reasons import Ground, reasons
from convrec.agent.request import Wanted, wanted
from convrec.agent.state import DialogueState, HeldWish
from convrec.core.profile import ProfileEntry
from convrec.core.understanding import Preference
from convrec.tools.contract import Contribution, Explanation
from convrec.tools.registry import registered
from convrec.tools.rules import NO_RULES
from convrec.tools.toolbox import Leaning, Recommended, Request
from tests.agent.linked_catalogues import film_catalogue

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return film_catalogue(tmp_path_factory.mktemp("films"))


def taste(value, **facts):
    known = {"facet": "text", "polarity": 1, "scope": "lasting", "created": NOW, "updated": NOW} | facts
    return ProfileEntry(id=value, value=value, **known)


def searched_for(catalogue, profile, *said):
    held = tuple(HeldWish(preference=Preference(facet="text", value=words), turn=1) for words in said)
    return wanted(DialogueState(turn=1, held=held), profile, catalogue, NOW).request.text


def test_lasting_likes_in_free_words_are_searched_for_where_the_thread_says_nothing(films):
    profile = (taste("heist stories"), taste("slow burn", updated=NOW - timedelta(days=9)))
    assert searched_for(films, profile) == "slow burn heist stories"


def test_words_of_the_thread_go_before_lasting_likes(films):
    assert searched_for(films, (taste("heist stories"),), "robots in space") == "robots in space"


def test_dislikes_wishes_of_a_day_and_values_of_fields_are_not_searched_for(films):
    profile = (taste("gore", polarity=-1), taste("short ones", scope="session"), taste("Western", facet="genres"))
    assert searched_for(films, profile) == ""


@pytest.mark.parametrize(
    ("facet", "unknown", "known"), [("genres", "zombie", "Western"), ("cast", "Jo Nobody", "Tom Hanks")]
)
def test_a_value_that_no_item_has_is_searched_for_in_words(films, facet, unknown, known):
    held = tuple(HeldWish(preference=Preference(facet=facet, value=value), turn=1) for value in (unknown, known))
    assert wanted(DialogueState(turn=1, held=held), (), films, NOW).request.text == unknown


def leanings(catalogue, *wishes, **state):
    held = tuple(HeldWish(preference=Preference(**wish), turn=turn) for turn, wish in wishes)
    found = wanted(DialogueState(turn=2, held=held, **state), (), catalogue, NOW).request.leanings
    return {one.phrase: one for one in found}


def test_words_that_link_to_nothing_order_items_by_what_they_mean(films):
    up, down = {"facet": "text", "value": "uplifting"}, {"facet": "text", "value": "gory", "polarity": -1}
    found = leanings(films, (2, up), (2, down))
    assert found["uplifting"].weight > 0 > found["gory"].weight


def test_a_critique_counts_more_than_a_wish_and_is_measured_from_what_it_compares_with(films):
    wish, than = {"facet": "text", "value": "dark"}, (films.ids[0],)
    plain = leanings(films, (2, wish))["dark"]
    held = (HeldWish(preference=Preference(**wish), turn=2, than=than),)
    request = wanted(DialogueState(turn=2, held=held), (), films, NOW).request
    assert plain.than == ()
    assert request.leanings[0].than == than
    assert request.leanings[0].weight > plain.weight
    assert request.text == ""


def test_what_only_a_number_says_orders_nothing(films):
    assert leanings(films, (2, {"facet": "text", "value": "cheaper"})) == {}


def test_a_leaning_fades_as_turns_go_by(films):
    wish = {"facet": "text", "value": "darker"}
    assert leanings(films, (2, wish))["darker"].weight > leanings(films, (1, wish))["darker"].weight > 0


def test_kinds_lean_too_but_people_do_not(films):
    kind, person = {"facet": "genres", "value": "Comedy"}, {"facet": "director", "value": "Alfred Hitchcock"}
    assert set(leanings(films, (2, kind), (2, person))) == {"Comedy"}


def test_moods_that_titles_use_otherwise_are_not_searched_for_but_order_items(films):
    assert searched_for(films, (), "light", "robots") == "robots"
    assert set(leanings(films, (2, {"facet": "text", "value": "light"}))) == {"lighthearted"}


def test_comparatives_are_no_words_to_search_for(films):
    assert searched_for(films, (), "darker") == ""
    assert searched_for(films, (), "darker", "robots") == "robots"


@pytest.mark.parametrize(
    ("weight", "said"), [(1.0, "probably more dark than {}"), (-1.0, "probably less dark than {}")]
)
def test_a_reason_says_what_a_critique_compares_with(films, weight, said):
    request = Request(leanings=(Leaning("dark", weight, than=(films.ids[0],)),))
    ground = Ground(films, Wanted(request, {}, ()), {}, "t", 1, NO_RULES, frozenset())
    found = reasons(Recommended(films.ids[1], 1, 0.2, 0.5, {"lean:dark": 0.2}), {}, ground)
    assert found[0].text == said.format(films.titles[0])
    against = reasons(Recommended(films.ids[1], 1, -0.2, 0.5, {"lean:dark": -0.2}), {}, ground)
    assert [reason.kind for reason in against] == ["other"]


@pytest.mark.parametrize(("by_people", "kind"), [({"mine"}, "similar_users"), (set(), "liked_item")])
def test_a_tool_that_goes_by_people_is_said_to_whatever_its_name(films, by_people, kind):
    liked, item = films.ids[:2]
    because = {"mine": Explanation((Contribution(f"item:{liked}", 0.2),))}
    ground = Ground(films, Wanted(Request(history={liked: 1.0}), {}, ()), {}, "t", 1, NO_RULES, by_people)
    found = reasons(Recommended(item, 1, 0.2, 0.5, {"mine": 0.2}), because, ground)[0]
    assert found.kind == kind
    assert (f"who liked {films.titles[0]}" in found.text) == bool(by_people)


def test_tools_that_go_by_people_say_so():
    going = {name for name, tool in registered().items() if tool.capabilities.by_people}
    assert going == {"ease", "item_knn", "als", "markov", "sasrec"}


def test_a_dislike_alone_keeps_its_item_away_and_says_nothing_of_what_is_looked_for(films):
    item = films.ids[0]
    disliked = Preference(facet="item", value="whatever", item_id=item, polarity=-1, strength="hard")
    found = wanted(DialogueState(turn=1, held=(HeldWish(preference=disliked, turn=1),)), (), films, NOW).request
    assert not found.history
    assert item in found.exclude
