"""Plants, and what people say of them: heights, degrees, seasons, parts of names, titles that are words."""

import pytest

from convrec.agent.compact.asked import asked_fields
from tests.agent.linked_catalogues import plant_catalogue
from tests.agent.understood import Listener


@pytest.fixture(scope="module")
def on_plants(tmp_path_factory):
    return Listener(plant_catalogue(tmp_path_factory.mktemp("plants")))


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
