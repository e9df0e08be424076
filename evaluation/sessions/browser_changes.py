"""Unit critiques: how what a person wants differs from what they are shown (Burke 2002; McCarthy et al. 2004)."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from convrec.catalogue.schema import Field
from convrec.evaluation.sessions.browser_facts import Mind, values
from convrec.evaluation.sessions.browser_numbers import above, below, is_year, measure, pair
from convrec.evaluation.sessions.browser_wishes import Wish, Wording
from convrec.evaluation.sessions.people import Item, Statement

_DEMAND = 0.25  # of the critiques by a value are demands: "no crime", where "less crime" is a leaning


@dataclass(frozen=True)
class Change:
    """A difference: `text` goes after "but" ("older", "less crime"), `fault` is the complaint, empty where there is none.

    A `relative` text takes "than". `wish` is set where the words mean the same without what was shown.
    """

    text: str
    fault: str
    statement: Statement
    relative: bool = False
    wish: Wish | None = None


def changes(items: Sequence[Item], mind: Mind, wording: Wording, rng: random.Random) -> list[Change]:
    """Returns every difference between what is wanted and all of the items at once."""
    found: list[Change] = []
    for field in wording.schema.fields if items else ():
        if field.type in {"number", "date"}:
            found += _by_number(field, items, mind, wording)
        elif field.type in {"category", "tags"}:
            found += _by_value(field, items, mind, wording, rng)
        elif field.type == "bool":
            found += _by_flag(field, items, mind, wording)
    return found


def _by_number(field: Field, items: Sequence[Item], mind: Mind, wording: Wording) -> Iterator[Change]:
    wanted, shown = measure(field, mind.facts), [measure(field, item.facts) for item in items]
    known = [value for value in shown if value is not None]
    if wanted is None or len(known) < len(shown):
        return
    low, high = min(known), max(known)
    sense, margin = wording.sense(field), 3 if is_year(field) else 0.1 * abs(wanted)
    if wanted < low - margin and sense.less:
        statement = Statement(field.name, pair(field, None, below(field, low)), hard=False)
        yield _comparison(sense.less, sense.too_much, field, statement)
    elif wanted > high + margin and sense.more:
        statement = Statement(field.name, pair(field, above(field, high), None), hard=False)
        yield _comparison(sense.more, sense.too_little, field, statement)


def _comparison(text: str, fault: str, field: Field, statement: Statement) -> Change:
    return Change(text.format(label=field.label), fault.format(label=field.label), statement, relative=True)


def _by_value(
    field: Field, items: Sequence[Item], mind: Mind, wording: Wording, rng: random.Random
) -> Iterator[Change]:
    wanted, shown = values(mind.facts, field), [values(item.facts, field) for item in items]
    if not wanted or not all(shown):
        return
    for value in dict.fromkeys(shown[0]):
        if all(value in held for held in shown) and value not in wanted and mind.may_say(field, value):
            yield _less(wording.value(field, value, -1), field.type == "category", rng)
    for value in mind.values(field):
        if not any(value in held for held in shown):
            yield _more(wording.value(field, value), field.type == "category", rng)


def _less(wish: Wish, single: bool, rng: random.Random) -> Change:
    """Returns the change away from a value; of a `single` one there can be no less, only another."""
    hard = rng.random() < _DEMAND
    wish = replace(wish, statement=replace(wish.statement, hard=hard))
    if not wish.plain:
        text = wish.against if hard else f"preferably {wish.against}"
        return Change(text, wish.named if hard else text, wish.statement, wish=wish)
    soft = ("rather not {}", "preferably not {}") if single else ("less {}", "with less {}")
    text = rng.choice(("no {}", "with no {}") if hard else soft).format(wish.text)
    fault = text if hard or single else f"too much {wish.text}"
    return Change(text, fault, wish.statement, wish=wish)


def _more(wish: Wish, single: bool, rng: random.Random) -> Change:
    """Returns the change towards a value."""
    hard = rng.random() < _DEMAND / 2
    wish = replace(wish, statement=replace(wish.statement, hard=hard))
    if hard:
        text = f"it must be {wish.named}" if single or not wish.plain else f"it must have {wish.text}"
        return Change(text, text, wish.statement, wish=wish)
    if not wish.plain:
        fault = rng.choice((f"rather something {wish.text}", f"i'd want something {wish.text}"))
        return Change(wish.text, fault, wish.statement, wish=wish)
    text = wish.text if single else rng.choice((f"more {wish.text}", f"with more {wish.text}"))
    faults = (f"rather {wish.text}", f"more like {wish.text}" if single else f"not enough {wish.text}")
    return Change(text, rng.choice(faults), wish.statement, wish=wish)


def _by_flag(field: Field, items: Sequence[Item], mind: Mind, wording: Wording) -> Iterator[Change]:
    held = mind.facts.get(field.name)
    if isinstance(held, bool) and all(item.facts.get(field.name) is (not held) for item in items):
        wish = wording.flag(field, held)
        if mind.secrets.allows(field.label):
            yield Change(
                wish.text.removeprefix("that's "), f"i'd want something {wish.text}", wish.statement, wish=wish
            )
