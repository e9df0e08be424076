"""How one message changes what a thread holds."""

import pytest

from convrec.agent.compact.message import Message
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.sentiment import is_model
from convrec.agent.releases import let_go
from convrec.agent.state import DialogueState
from convrec.agent.wishes import absorb
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Predicate, every, parse_predicate
from convrec.core.understanding import Preference, Reference, Understanding

SCHEMA = Schema(
    fields=(
        Field(name="title", type="text"),
        Field(name="genres", type="tags"),
        Field(name="cast", type="tags"),
        Field(name="year", type="number"),
    ),
    noun="film",
    nouns="films",
)


def genre(value: str) -> Predicate:
    return parse_predicate({"field": "genres", "op": "contains", "value": value})


def year(low: int | None = None, high: int | None = None) -> Predicate:
    if low is not None and high is not None:
        return parse_predicate({"field": "year", "op": "between", "value": [low, high]})
    return parse_predicate(
        {"field": "year", "op": "ge" if low is not None else "le", "value": low if low is not None else high}
    )


def no(predicate: Predicate) -> Predicate:
    return parse_predicate({"op": "not", "arg": predicate.model_dump()})


def after(*turns: tuple[str, Predicate | None]) -> list[Predicate]:
    state = DialogueState()
    for number, (text, demanded) in enumerate(turns, 1):
        state = absorb(state, Understanding(filter=demanded), text, number, SCHEMA)
    return [constraint.predicate for constraint in state.constraints]


WESTERNS = ("westerns from the 60s", every(genre("Western"), year(1960, 1969)))


def test_a_change_of_mind_replaces_the_value_of_its_kind_and_the_rest_stays() -> None:
    assert after(WESTERNS, ("show me a comedy", genre("Comedy"))) == [year(1960, 1969), genre("Comedy")]
    assert after(WESTERNS, ("comedies, then", genre("Comedy"))) == [year(1960, 1969), genre("Comedy")]


def test_a_value_named_without_a_change_of_mind_narrows() -> None:
    assert after(WESTERNS, ("anything with songs in it", genre("Musical"))) == [
        genre("Western"),
        year(1960, 1969),
        genre("Musical"),
    ]


def test_a_value_that_no_item_has_together_with_the_old_one_replaces_it() -> None:
    state = absorb(DialogueState(), Understanding(filter=genre("Western")), "a western", 1, SCHEMA)
    alone = absorb(state, Understanding(filter=genre("Noir")), "noir", 2, SCHEMA, matches=lambda _: False)
    assert [constraint.predicate for constraint in alone.constraints] == [genre("Noir")]


def test_a_value_asked_for_as_well_is_added() -> None:
    assert after(("a western", genre("Western")), ("also a comedy", genre("Comedy"))) == [
        genre("Western"),
        genre("Comedy"),
    ]


def test_not_x_but_y_excludes_x_and_keeps_the_other_wishes() -> None:
    first = every(genre("Thriller"), year(1990, 1999))
    second = every(no(genre("Thriller")), genre("Comedy"))
    assert after(("a 90s thriller", first), ("actually not a thriller, a comedy", second)) == [
        year(1990, 1999),
        no(genre("Thriller")),
        genre("Comedy"),
    ]


def test_asking_for_what_was_ruled_out_lifts_the_rule() -> None:
    assert after(("no horror", no(genre("Horror"))), ("ok, horror then", genre("Horror"))) == [genre("Horror")]


def test_a_new_decade_replaces_the_old_one() -> None:
    assert after(("80s", year(1980, 1989)), ("rather the 90s", year(1990, 1999))) == [year(1990, 1999)]


def test_a_bound_of_the_other_side_narrows_unless_it_contradicts() -> None:
    assert after(("after 1990", year(1991)), ("before 2000", year(None, 1999))) == [year(1991), year(None, 1999)]
    assert after(("after 1990", year(1991)), ("before 1980", year(None, 1979))) == [year(None, 1979)]


def test_any_decade_lets_the_years_go() -> None:
    first = every(genre("Western"), year(1960, 1969))
    assert after(("60s westerns", first), ("ok, any decade", None)) == [genre("Western")]


def test_a_quality_by_itself_narrows_what_stands() -> None:
    assert after(WESTERNS, ("animated then", genre("Animation"))) == [
        genre("Western"),
        year(1960, 1969),
        genre("Animation"),
    ]


@pytest.mark.parametrize(
    ("text", "acts", "left"),
    [
        ("great, that's us sorted. and one for my brother? a comedy", ("request", "accept"), 1),
        ("now something for my aunt, a comedy", ("request",), 1),
        ("one more thing. a comedy for Sunday", ("request",), 1),
        ("and a comedy", ("request",), 2),
    ],
)
def test_for_somebody_else_or_another_day_what_was_found_asks_for_nothing(text, acts, left) -> None:
    state = DialogueState(slates=(("a", "b"),), accepted=("a",))
    state = absorb(state, Understanding(filter=year(1960, 1969)), "from the 60s", 1, SCHEMA)
    state = absorb(state, Understanding(acts=acts, filter=genre("Comedy")), text, 2, SCHEMA)
    assert len(state.constraints) == left


def test_what_is_for_somebody_beside_what_is_still_looked_for_is_added() -> None:
    state = DialogueState(slates=(("a", "b"),))
    state = absorb(state, Understanding(filter=year(1960, 1969)), "from the 60s", 1, SCHEMA)
    state = absorb(state, Understanding(filter=genre("Comedy")), "and something for my dad, a comedy", 2, SCHEMA)
    assert len(state.constraints) == 2


@pytest.mark.parametrize(("text", "left"), [("right, and now one for my dad, a comedy", 1), ("right, a comedy now", 2)])
def test_who_closes_what_was_shown_and_turns_to_somebody_else_begins_afresh(text, left) -> None:
    state = DialogueState(slates=(("a", "b"),))
    state = absorb(state, Understanding(filter=year(1960, 1969)), "from the 60s", 1, SCHEMA)
    state = absorb(state, Understanding(filter=genre("Comedy")), text, 2, SCHEMA)
    assert len(state.constraints) == left


def test_starting_over_lets_every_demand_go() -> None:
    assert after(("60s westerns", genre("Western")), ("let's start over", None)) == []


def test_seen_and_rejected_items_are_put_aside() -> None:
    state = DialogueState(slates=(("a", "b", "c"),))
    second = Reference(kind="ordinal", item_ids=("b",), span=(0, 3))
    seen = absorb(state, Understanding(acts=("already_seen",), references=(second,)), "seen the second", 2, SCHEMA)
    assert (seen.seen, seen.rejected) == (("b",), ())
    none_of_them = absorb(state, Understanding(acts=("reject",)), "no, none of these", 2, SCHEMA)
    assert none_of_them.rejected == ("a", "b", "c")


def test_forgetting_a_taste_lets_its_wish_and_demand_go() -> None:
    liked = Preference(facet="genres", value="Western")
    state = absorb(
        DialogueState(), Understanding(filter=genre("Western"), preferences=(liked,)), "I like westerns", 1, SCHEMA
    )
    assert state.held
    assert state.constraints
    gone = let_go(state, [liked])
    assert (gone.held, gone.constraints) == ((), ())


def compared(text: str, value: str, *liked: str, shown: tuple[str, ...] = ()) -> tuple[str, ...]:
    at = text.index(value)
    wish = Preference(facet="text", value=value, span=(at, at + len(value)))
    items = tuple(Preference(facet="item", value=item, item_id=item) for item in liked)
    state = DialogueState(slates=(shown,) if shown else ())
    held = absorb(state, Understanding(preferences=(wish, *items)), text, 1, SCHEMA).held
    return next(h.than for h in held if h.preference.facet == "text")


def test_a_critique_is_compared_with_the_item_that_it_names_else_with_those_shown():
    assert compared("like Heat but darker", "darker", "heat") == ("heat",)
    assert compared("a bit less violent", "violent", shown=("a", "b")) == ("a", "b")
    assert compared("that was too slow", "slow", shown=("a",)) == ("a",)


def test_a_wish_that_asks_for_no_more_than_there_is_compares_with_nothing():
    assert compared("I loved Heat, something violent", "violent", "heat") == ()
    assert compared("something lighter", "lighter") == ()


def test_a_critique_keeps_what_it_compared_with():
    first = Understanding(preferences=(Preference(facet="text", value="darker", span=(0, 6)),))
    state = absorb(DialogueState(slates=(("a",),)), first, "darker please", 1, SCHEMA)
    assert absorb(state, Understanding(), "more", 2, SCHEMA).held[0].than == ("a",)


def test_more_like_an_item_makes_it_a_model_whatever_its_name_says():
    message = Message("something like No Man Here, but more like Old Cat")
    assert is_model(message, Pointer(2, 5, "title", ("a",)))
    assert is_model(message, Pointer(8, 10, "title", ("b",)))
    assert not is_model(Message("he looks like Old Cat"), Pointer(3, 5, "title", ("b",)))
