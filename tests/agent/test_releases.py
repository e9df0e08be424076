"""What a message lets go of: fields declared free, wishes taken back, vetoes lifted."""

import pytest

from convrec.agent.releases import freed, lifted, permitted, taken_back, unsaid, withdrawn
from convrec.agent.state import Constraint, DialogueState
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import parse_predicate
from convrec.core.understanding import Preference, Understanding

SCHEMA = Schema(
    fields=(
        Field(name="title", type="text"),
        Field(name="genres", type="tags"),
        Field(name="platforms", type="tags"),
        Field(name="year", type="number"),
        Field(name="price", type="number"),
        Field(name="area", type="category"),
        Field(name="countries", type="tags"),
    )
)


def demand(field, op, value, negated=False):
    predicate = parse_predicate({"field": field, "op": op, "value": value})
    return Constraint(
        predicate=parse_predicate({"op": "not", "arg": predicate.model_dump()}) if negated else predicate,
        label=f"{field} {value}",
        turn=1,
    )


ALL = DialogueState(
    constraints=(
        demand("genres", "contains", "RPG"),
        demand("platforms", "contains", "PS5"),
        demand("year", "ge", 2016),
        demand("price", "le", 20),
        demand("area", "eq", "Harbour"),
        demand("countries", "contains", "Peru"),
        demand("genres", "contains", "Horror", negated=True),
    )
)


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("any year, any platform", {"year", "platforms"}),
        ("the price doesn't matter", {"price"}),
        ("money is no object", {"price"}),
        ("whatever the genre", {"genres"}),
        ("no matter how expensive", {"price"}),
        ("anywhere in town", {"area"}),
        ("forget the price. just newer ones", {"price"}),
        ("cancel the price limit", {"price"}),
        ("any country", {"countries"}),
        ("the plattform doesn't matter any more", {"platforms"}),
        ("pirce doesn't matter", {"price"}),
        ("the prince doesn't matter", set()),
        ("any good ones?", set()),
        ("many games from that year", set()),
    ],
)
def test_a_field_declared_free_binds_no_longer_and_vetoes_stay(text, gone):
    kept = {c.predicate for c in freed(ALL, text, SCHEMA).constraints}
    wanted = {c.predicate for c in ALL.constraints if c.label.split()[0] not in gone or c.predicate.op == "not"}
    assert kept == wanted


def wish(text, value, polarity=1, strength="hard"):
    start = text.index(value)
    return Preference(
        facet="genres", value=value, polarity=polarity, strength=strength, span=(start, start + len(value))
    )


@pytest.mark.parametrize(
    "text",
    [
        "forget the RPG",
        "scratch the RPG, what else is there",
        "not necessarily RPG",
        "it doesn't have to be RPG",
        "anything else? and it needn't be RPG then",
        "the RPG needn't be there",
        "RPG or not",
        "the RPG doesn't matter",
    ],
)
def test_a_wish_taken_back_is_no_wish(text):
    heard = Understanding(acts=("request",), preferences=(wish(text, "RPG"),), filter=ALL.constraints[0].predicate)
    back, rest = unsaid(heard, text)
    assert [p.value for p in back] == ["RPG"]
    assert rest.preferences == ()
    assert rest.filter is None


@pytest.mark.parametrize("text", ["I forget to water, RPG please", "drop the price and show me RPG", "RPG then"])
def test_a_wish_beside_what_is_taken_back_stays(text):
    heard = Understanding(acts=("request",), preferences=(wish(text, "RPG"),))
    assert unsaid(heard, text) == ((), heard)


@pytest.mark.parametrize("text", ["Horror is fine after all", "I'd be fine with Horror", "I don't mind Horror"])
def test_what_is_permitted_lifts_its_veto(text):
    heard = Understanding(preferences=(wish(text, "Horror", strength="soft"),))
    allowed = permitted(heard, text)
    kept = [c.label for c in lifted(ALL.constraints, allowed, SCHEMA)]
    assert "genres Horror" not in kept
    assert len(kept) == len(ALL.constraints) - 1


def test_what_is_permitted_beside_a_demand_of_its_kind_widens_it():
    text = "Horror is fine too"
    allowed = permitted(Understanding(preferences=(wish(text, "Horror", strength="soft"),)), text)
    (wider,) = lifted(ALL.constraints[:1], allowed, SCHEMA)
    assert wider.label == "RPG or Horror"


def test_a_wish_is_more_than_a_permission():
    text = "I love Horror"
    assert permitted(Understanding(preferences=(wish(text, "Horror", strength="soft"),)), text) == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("forget the no westerns thing", ["Drama"]),
        ("drop the western", ["Western", "Drama"]),
        ("the drama doesn't matter", ["Western"]),
        ("scrap the no western rule", ["Drama"]),
    ],
)
def test_a_veto_is_taken_back_with_its_no_and_a_demand_without(text, left):
    state = DialogueState(
        constraints=(demand("genres", "contains", "Western", negated=True), demand("genres", "contains", "Drama"))
    )
    kept = withdrawn(state, text).constraints
    assert [constraint.label.removeprefix("genres ") for constraint in kept] == left


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("you know what forget the tree a shrub is better two metres max", ["the tree"]),
        ("forget the tree some shrub will do", ["the tree"]),
        ("forget about the tree she'd prefer a shrub", ["the tree"]),
        ("it doesn't have to be a tree a shrub is fine", ["a tree"]),
        ("forget the one with a dog", ["the one with a dog"]),
        ("forget a tree", ["a tree"]),
        ("maybe up on the hillside no actually scratch that something with a sea view", ["up on the hillside"]),
        ("a comedy, maybe with Tom Hanks, scratch that, with Tom Cruise", ["with Tom Hanks"]),
        ("in the harbour or no wait skip that in the old town", ["in the harbour"]),
        ("forget cops and spies, she saw one at noon", ["cops and spies"]),
        ("never mind Mr Fox and Ms Hare. a western", ["Mr Fox and Ms Hare"]),
        ("scrap the cops, the spies and the heists", ["the cops, the spies and the heists"]),
        ("forget the cops and give me a western", ["the cops"]),
        ("forget the cops and a western instead", ["the cops"]),
        ("forget the cops, western please", ["the cops"]),
        ("a farce instead of a western, please", ["a western"]),
        ("instead of cops or spies, a farce", ["cops or spies"]),
        ("instead of Hanks sumthing with Cruise, any year", ["Hanks sumthing"]),
        ("a farce instead of a film with Hanks", ["a film with Hanks"]),
        ("a farce instead of war and then a western", ["war"]),
        ("so no terrace needed, just a table", ["terrace"]),
        ("scratch that, a western", []),
        ("a comedy and forget that I like westerns", []),
    ],
)
def test_what_is_taken_back_ends_where_a_wish_begins(text, taken):
    assert [text[start:end].strip() for start, end in taken_back(text)] == taken


def test_an_item_that_others_are_wanted_instead_of_is_not_wanted():
    text = "what else instead of Heat"
    heat = Preference(facet="item", value="Heat", item_id="1", polarity=-1, strength="hard", span=(21, 25))
    heard = Understanding(acts=("request",), preferences=(heat,))
    assert unsaid(heard, text) == ((), heard)
