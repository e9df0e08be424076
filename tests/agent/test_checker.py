"""The checker of scripted conversations finds what it should, and only that."""

import pytest

from tests.agent.conversation import Conversation, Line, failures
from tests.agent.facts import Items, ScriptError, meets
from tests.agent.titles import named_titles, spoken

ITEMS = Items([
    {"id": "1", "title": "Heat", "year": 1995, "genres": ["Crime"], "cast": ["Al Pacino"]},
    {"id": "2", "title": "The Fly", "year": 1958, "genres": ["Horror"], "cast": []},
    {"id": "3", "title": "The Fly Two", "year": 1989, "genres": ["Horror", "Comedy"], "cast": ["Eric Stoltz"]},
])  # fmt: skip


def shown(*ids, text=None, **changes):
    facts = [ITEMS.facts[item] for item in ids]
    items = [
        {"id": item, "title": known["title"], "rank": rank, "score": 1.5, "confidence": 0.5, "facts": known,
         "contributions": {"base": 0.5, "ease": 1.0},
         "reasons": [{"weight": 1.5, "evidence": [{"source": f"item:{item}.year", "value": known["year"]}]}]}
        for rank, (item, known) in enumerate(zip(ids, facts, strict=True), 1)
    ]  # fmt: skip
    heard = {"acts": ["request"], "preferences": [], "references": []}
    said = text if text is not None else "\n".join(f"**{known['title']}**" for known in facts) or "Nothing."
    return {"text": said, "items": items, "question": None, "understanding": heard, **changes}


def broken(*turns):
    replies = iter([reply for _, reply in turns])
    lines = tuple(Line("more", expect) for expect, _ in turns)
    return failures(Conversation("x.yaml", "x", lines), lambda _: next(replies), ITEMS)


@pytest.mark.parametrize(
    ("value", "condition", "met"),
    [
        (["Crime", "Noir"], "Noir", True), (["Crime"], "Noir", False), (["Crime"], ["Noir", "Crime"], True),
        (["Crime"], {"all": ["Noir", "Crime"]}, False), (["Crime", "Noir"], {"all": ["Noir", "Crime"]}, True),
        (["Crime"], {"not": "Crime"}, False), (["Crime"], {"not": ["Noir", "War"]}, True), (None, {"not": "Noir"}, True),
        (1960, "1960..1969", True), (4.3, "4.2..4.6", True), (4.7, "4.2..4.6", False), (1970, "1960..1969", False), (None, "1960..1969", False),
        (1979, {"gt": 1975, "lt": 1980}, True), (1980, {"lt": 1980}, False), (1995, 1995, True), ("Heat", "Hea", False),
    ],
)  # fmt: skip
def test_conditions(value, condition, met):
    assert meets(value, condition) is met


def test_an_unknown_condition_is_refused():
    with pytest.raises(ScriptError):
        meets(1980, {"before": 1980})


@pytest.mark.parametrize(
    "expect",
    [
        {"items": "some"}, {"first": {"year": 1995}}, {"includes": ["Heat (1995)"]}, {"names": ["Heat (1995)"]}, {"acts": ["bye"]},
        {"tells": [{"of": "Heat (1995)", "field": "cast"}]}, {"question": True}, {"names": ["shown 1"]},
        {"preferences": [{"facet": "genres", "value": "Crime", "polarity": 1}]},
    ],
)  # fmt: skip
def test_an_empty_answer_meets_no_demand_for_something(expect):
    assert broken((expect, shown()))


@pytest.mark.parametrize(
    "expect",
    [
        {"items": "none"}, {"every": {"genres": "Crime"}}, {"most": {"genres": "Crime"}}, {"none": {"genres": "Comedy"}},
        {"excludes": ["The Fly (1958)"]}, {"first": {"title": "Heat"}},
    ],
)  # fmt: skip
def test_a_slate_of_horror_fails_what_rules_it_out(expect):
    assert broken((expect, shown("2", "3")))


def test_places_are_those_of_the_last_slate_that_had_items():
    assert not broken(
        ({}, shown("2", "1")), ({}, shown()), ({"tells": [{"of": "shown 2", "field": "cast"}]}, shown(text="al PACINO"))
    )
    assert broken(({}, shown("1", "3")), ({"excludes": ["shown last"], "new": True}, shown("3")))


def test_a_sound_reply_breaks_no_promise():
    assert not broken(({"items": "some", "reasons": True, "question": False}, shown("1", "3")))


@pytest.mark.parametrize(
    "spoilt",
    [
        {"score": 2.0}, {"title": "Heat Two"}, {"facts": {}}, {"id": "9"}, {"rank": 2}, {"confidence": 1.5}, {"contributions": {"base": 1.0}},
        {"reasons": [{"weight": 1.5, "evidence": [{"source": "item:1.year", "value": 1996}]}]}, {"reasons": []},
    ],
)  # fmt: skip
def test_a_spoilt_item_breaks_a_promise(spoilt):
    reply = shown("1")
    assert broken(({}, {**reply, "items": [{**reply["items"][0], **spoilt}]}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Turn up the heat", set()), ("Heat is on", set()), ("**Heat** it is", {"Heat"}), ("Heat (1995)", {"Heat"}), ("Heat (2001)", set()),
        ("1. Heat: a duel", {"Heat"}), ("- Heat", {"Heat"}), ("“Heat”", {"Heat"}), ("[Heat](x)", {"Heat"}), ("*Heat (1995)*", {"Heat"}),
        ("See The Fly.", {"The Fly"}), ("the fly", set()), ("See The Fly Two.", {"The Fly Two"}), ("The Flying", set()),
    ],
)  # fmt: skip
def test_which_titles_a_text_names(text, named):
    assert named_titles(text, ITEMS.years) == named


def test_a_title_out_of_nowhere_is_found_and_one_that_was_shown_is_not():
    aside = shown(text="See The Fly.")
    assert broken(({}, aside))
    assert not broken(({}, shown("2")), ({}, aside))


def test_what_a_person_names():
    nothing = {"references": []}
    slip = {"references": [{"kind": "title", "item_ids": ["3"], "span": [0, 10]}]}
    assert spoken("The Fly", "got the fly?", nothing, "2")
    assert not spoken("Heat", "turn up the heat", nothing, "1")
    assert spoken("The Fly Two", "the fly tow", slip, "3")
    assert not spoken("The Fly Two", "hello there", slip, "3")
