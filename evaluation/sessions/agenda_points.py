"""How an agenda person puts a value: the words' form and slots, and exactly what they mean.

A number or a date is not given as it is, but as a decade, a range or a bound in round figures.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from convrec.catalogue.schema import Field
from convrec.evaluation.sessions.agenda_goals import (
    Agenda,
    Goal,
    holds,
    label_of,
    role_of,
    terms_of,
    values_of,
    words,
)
from convrec.evaluation.sessions.people import Item, Statement

Ends = tuple[float | None, float | None]  # both included; None is open
_YEARS = range(1000, 2101)


@dataclass(frozen=True)
class Point:
    """A goal, or its opposite, as it is put this time: what it means, and the `form` (a key of `ranges`) and slots of its words."""

    statement: Statement
    role: str
    form: str
    slots: Mapping[str, str] = field(default_factory=dict)


def point(goal: Goal, rng: random.Random, *, polarity: int = 1, soft: bool = False, true: bool = True) -> Point:
    """Returns a goal as it is put this time; a number or a date becomes a range that holds it."""
    about, role = goal.field, role_of(goal.field)
    value, form, slots = goal.value, "value", {"label": label_of(about)}
    if isinstance(value, str):
        slots["v"] = value
    elif isinstance(value, bool):
        form = "flag"
    else:
        form, value, more = _range(about, value, rng)
        slots |= more
    return Point(Statement(about.name, value, 1 if polarity > 0 else -1, not soft, true), role, form, slots)


def range_point(about: Field, ends: Ends, text: str) -> Point:
    """Returns a range in somebody's own words, such as an offered answer."""
    return Point(Statement(about.name, ends), role_of(about), "value", {"label": label_of(about), "v": text})


def _range(about: Field, number: float, rng: random.Random) -> tuple[str, Any, dict[str, str]]:
    if role_of(about) == "year" and number == int(number) and int(number) in _YEARS:
        form, low, high, slots = _years(int(number), rng)
    else:
        form, low, high, slots = _amounts(about, number, rng)
    if about.type == "date":
        ends = (None if low is None else f"{low:04.0f}-01-01", None if high is None else f"{high:04.0f}-12-31")
        return form, ends, slots
    return form, (low, high), slots


def _years(year: int, rng: random.Random) -> tuple[str, float | None, float | None, dict[str, str]]:
    """Returns the form, both ends and the slots of the words for a year."""
    form = rng.choices(("decade", "part", "after", "before", "between", "near", "exactly"), (38, 17, 12, 9, 10, 11, 3))[
        0
    ]
    decade = year - year % 10
    if form == "decade":
        return form, decade, decade + 9, _decade(decade)
    if form == "part":
        part, first, last = next(p for p in (("early", 0, 3), ("mid", 4, 6), ("late", 7, 9)) if year % 10 <= p[2])
        return part, decade + first, decade + last, _decade(decade)
    if form == "after":
        start = (year - 1) // 5 * 5 - rng.choice((0, 0, 5))
        return form, start + 1, None, {"a": str(start)}
    if form == "before":
        end = (year // 5 + 1) * 5 + rng.choice((0, 0, 5))
        return form, None, end - 1, {"b": str(end)}
    if form == "exactly":
        return form, year, year, {"c": str(year)}
    if form == "between":
        low, high = year - rng.randint(1, 6), year + rng.randint(1, 6)
        return form, low, high, {"low": str(low), "high": str(high)}
    around = year + rng.randint(-2, 2)
    return form, around - 3, around + 3, {"c": str(around)}


def _decade(decade: int) -> dict[str, str]:
    return {"d": str(decade), "short": str(decade % 100) if 1930 <= decade < 2000 else str(decade)}


_DIRECTIONS = {"price": (7, 0, 3), "rating": (0, 8, 2), "length": (5, 2, 3), "players": (0, 6, 4)}


def _amounts(about: Field, number: float, rng: random.Random) -> tuple[str, float | None, float | None, dict[str, str]]:
    """Returns the form, both ends and the slots of the words for an amount, in round figures."""
    form = rng.choices(("under", "least", "around"), _DIRECTIONS.get(role_of(about), (1, 1, 1)))[0]
    size = 10.0 ** math.floor(math.log10(abs(number))) if number else 1.0
    step = size / 10 if abs(number) / size < 2 and size > 10 else size / 2
    if number == int(number):
        step = max(1, int(step))
    unit = unit_of(about)
    if form == "under":
        bound = _round((math.floor(number / step) + rng.choice((1, 1, 2))) * step)
        return form, None, max(bound, number), {"b": _spelled(max(bound, number), unit)}
    if form == "least":
        bound = min(number, _round((math.floor(number / step) - rng.choice((0, 0, 1))) * step))
        if bound > 0 or number < 0:
            return form, bound, None, {"a": _spelled(bound, unit)}
    if role_of(about) == "players" and number == int(number) <= 10:
        return "exactly", number, number, {"c": _spelled(number, unit)}
    middle = _round(round(number / step) * step)
    return "around", _round(middle - step), _round(middle + step), {"c": _spelled(middle, unit)}


def _round(number: float) -> float:
    return number if isinstance(number, int) else float(f"{number:.6g}")


def _spelled(number: float, unit: str) -> str:
    figure = str(int(number)) if number == int(number) else f"{number:g}"
    counted = unit.removesuffix("s") if figure == "1" else unit
    return f"{figure} {counted}".strip()


def unit_of(about: Field) -> str:
    """Returns the unit that a number field's name, label or description tells, or nothing."""
    told = {
        *terms_of(about.name, about.label, about.description),
        *re.findall(r"[€$£]", about.label + about.description),
    }
    return next((unit for unit, signs in words()["units"].items() if told & set(signs)), "")


def wrong_point(agenda: Agenda, about: Field, target: Item, rng: random.Random) -> Point | None:
    """Returns a point of a field that is not true of the target, if there is one: a common value, a number far off, the other bool."""
    facts = values_of(about, target)
    if about.type in ("category", "tags"):
        foreign = list(islice(agenda.foreign(about), 20))
        return point(Goal(about, rng.choice(foreign)), rng, true=False) if foreign else None
    if not facts or not agenda.sayable(about, facts[0]):
        return None
    if isinstance(facts[0], bool):
        return point(Goal(about, not facts[0]), rng, true=False)
    for _ in range(20):
        drawn = point(Goal(about, _far_from(facts[0], about, rng)), rng, true=False)
        if not holds(drawn.statement, about, target):
            return drawn
    return None


def _far_from(number: float, about: Field, rng: random.Random) -> float:
    if role_of(about) == "year" and number in _YEARS:
        return number + rng.choice((-40, -30, -20, 20))
    up = (2.5, 3) if role_of(about) in ("price", "length", "players") else ()
    return type(number)(number * rng.choice((0.3, 0.4, *up)))
