"""How an agenda person reacts: shown items are compared with the target by field, and one difference is remarked on."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.agenda_goals import Agenda, Goal, fold, holds, label_of, role_of, values_of, words
from convrec.evaluation.sessions.agenda_mind import BY_VALUE, Mind, is_about
from convrec.evaluation.sessions.agenda_points import Point, point
from convrec.evaluation.sessions.agenda_voice import Line
from convrec.evaluation.sessions.people import Item, Shown, Statement

_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()


def react(mind: Mind, shown: Shown) -> list[Line]:
    """Returns what a person says of shown items, or a wish in place of it."""
    known = [place for place, item in enumerate(shown.items) if _recognises(mind, item)]
    if known and mind.chance(0.6):
        return [_known(mind, known[0], shown)]
    found = remarks(shown, mind.view.schema, mind.person.target, mind.agenda, mind.rng)
    against = [remark for remark in found if remark.act != "right"]
    shared = [remark for remark in found if remark.act == "right"]
    ways: list[tuple[float, Callable[[], list[Line]]]] = [
        (50 if against else 0, lambda: _remark(mind, against, shown)),
        (20 if shared else 0, lambda: _closer(mind, shared, shown)),
        (6 if shared else 0, lambda: _remark(mind, shared, shown)),
        (16, lambda: _reject(mind, shown)),
        (7, lambda: [Line("more"), *(mind.wish("also") if mind.chance(0.3) else [])]),
        (3, mind.rule_out),
        (4 if mind.liked else 0, lambda: [mind.liked_line("liked")]),
    ]
    way = mind.rng.choices([way for _, way in ways], [weight for weight, _ in ways])[0]
    return way() or mind.wish("wish") or [Line("something_else")]


def _recognises(mind: Mind, item: Item) -> bool:
    return item.id not in mind.recognised and any(item.id == liked.id for liked in mind.person.liked)


def _known(mind: Mind, place: int, shown: Shown) -> Line:
    item = shown.items[place]
    mind.recognised |= {item.id}
    mind.liked = [liked for liked in mind.liked if liked.id != item.id]
    which = named((place,), shown, mind.agenda, mind.rng)
    return Line("known", slots={"which": which}, statements=(Statement("item", item.id, hard=False),), named=True)


def _remark(mind: Mind, found: list[Remark], shown: Shown) -> list[Line]:
    new = [remark for remark in found if remark.act == "right" or remark.statement not in mind.stated]
    if not new:
        return []
    remark = mind.rng.choices(new, [r.weight + 1e-9 for r in new])[0]
    which = named(remark.places, shown, mind.agenda, mind.rng)
    passed = tuple(Statement("item", shown.items[place].id, -1) for place in remark.places)
    own = () if remark.point else (remark.statement,)
    points = (remark.point,) if remark.point else ()
    slots = {"which": which, "label": label_of(remark.about)}
    line = Line(remark.act, points, slots, (*own, *passed), named=len(shown.items) > len(remark.places))
    mind.agenda.stack = [g for g in mind.agenda.stack if not remark.point or not is_about(g, remark.point)]
    return [line, *(mind.wish("also") if mind.chance(0.35 * (1.1 - mind.style.terse)) else [])]


def _closer(mind: Mind, shared: list[Remark], shown: Shown) -> list[Line]:
    """Names the item that shares most with the target, and what it lacks."""
    place = max(range(len(shown.items)), key=lambda at: sum(r.weight for r in shared if r.places == (at,)))
    item = shown.items[place]
    wanted = ((goal, point(goal, mind.rng)) for goal in reversed(mind.agenda.stack) if goal.value is not True)
    lacking = next(((goal, put) for goal, put in wanted if not holds(put.statement, goal.field, item)), None)
    if not lacking:
        return []
    mind.agenda.drop(lacking[0])
    which = named((place,), shown, mind.agenda, mind.rng)
    return [Line("closer", (lacking[1],), {"which": which}, (Statement("item", item.id, hard=False),), named=True)]


def _reject(mind: Mind, shown: Shown) -> list[Line]:
    passed = tuple(Statement("item", item.id, -1) for item in shown.items)
    act = "reject" if len(shown.items) > 1 else "reject_one"
    rest = mind.wish("wish")
    return [Line(act, statements=passed), *rest] if rest or mind.chance(0.5) else []


@dataclass(frozen=True)
class Remark:
    """What can be said of shown items: the act, the items by position, what it means, and the value that it names."""

    act: str
    places: tuple[int, ...]
    weight: float
    about: Field
    statement: Statement
    point: Point | None = None


def remarks(shown: Shown, schema: Schema, target: Item, agenda: Agenda, rng: random.Random) -> list[Remark]:
    """Returns all remarks that a comparison of the shown items with the target allows, field by field."""
    found: list[Remark] = []
    for about in schema.fields:
        own = values_of(about, target)
        if not own or "title" in about.name.casefold():
            continue
        if about.type in ("category", "tags"):
            found += _value_remarks(about, shown, own, agenda, rng)
        elif about.type in ("number", "date") and not (about.type == "date" and schema.year_field()):
            found += _size_remarks(about, shown, own[0], agenda)
    return found


def _value_remarks(
    about: Field, shown: Shown, own: tuple[str, ...], agenda: Agenda, rng: random.Random
) -> list[Remark]:
    folded, found = {fold(value) for value in own}, []
    role = role_of(about)
    for place, item in enumerate(shown.items):
        theirs = [value for value in values_of(about, item) if agenda.sayable(about, value)]
        for value in theirs:
            if fold(value) in folded and value not in own:
                continue
            shared = value in own
            act = "right" if shared else "unwanted" if role in BY_VALUE else "unwanted_by"
            put = point(Goal(about, value), rng, polarity=1 if shared else -1)
            weight = float(words()["roles"][role]["weight"]) / len(theirs) / (1 if role in BY_VALUE else 3)
            found.append(Remark(act, (place,), weight, about, put.statement, put))
    return found


def _size_remarks(about: Field, shown: Shown, own: float, agenda: Agenda) -> list[Remark]:
    role = role_of(about)
    if role in ("count", "players") or not agenda.sayable(about, own):
        return []
    margin = 6 if role == "year" else 0.15 * abs(own)
    sizes = {place: values[0] for place, item in enumerate(shown.items) if (values := values_of(about, item))}
    weight = 2 * float(words()["roles"][role]["weight"])
    name = role if role in ("year", "price", "length", "rating") else "number"
    found = []
    for side, sign in (("low", 1), ("high", -1)):
        places = [place for place, size in sizes.items() if sign * (own - size) > margin]
        if not places or (side, name) == ("high", "rating"):
            continue
        groups = [[place] for place in places] if len(places) < len(shown.items) else [places]
        for group in groups:
            edge = max(sizes[p] for p in group) if side == "low" else min(sizes[p] for p in group)
            statement = Statement(about.name, _beyond(about, edge, side))
            found.append(Remark(f"{side}_{name}", tuple(group), weight, about, statement))
    return found


def _beyond(about: Field, edge: float, side: str) -> tuple[Any, Any]:
    """Returns the range of what is more (`low`) or less than an item's size."""
    step = 1 if side == "low" else -1
    end: Any = edge + step if edge == int(edge) and isinstance(edge, int) else math.nextafter(edge, step * math.inf)
    if about.type == "date":
        end = f"{end:04d}-01-01" if side == "low" else f"{end:04d}-12-31"
    return (end, None) if side == "low" else (None, end)


def named(places: tuple[int, ...], shown: Shown, agenda: Agenda, rng: random.Random) -> str:
    """Returns words for shown items: a title as it is shown, an ordinal, or "these" for all of several."""
    if len(places) > 1:
        return "these"
    place, total = places[0], len(shown.items)
    title = shown.items[place].title
    unique = sum(item.title == title for item in shown.items) == 1
    sayable = unique and fold(title) and len(title) <= 60 and not agenda.secret.hides(title)
    if sayable and (place >= len(_ORDINALS) or rng.random() < 0.45):
        return title
    if total == 1:
        return rng.choice(("that one", "this one"))
    if place == total - 1 and rng.random() < 0.4:
        return "the last one"
    if place < len(_ORDINALS) and rng.random() < 0.8:
        return f"the {_ORDINALS[place]} one"
    return f"number {place + 1}"
