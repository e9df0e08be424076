"""How people speak of numbers and years: in bounds, rounds and decades, never to the digit."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convrec.catalogue.schema import Field

_YEAR = re.compile(r"(?<!\d)(1\d{3}|20\d{2})(?!\d)")
_DECADES = ("twenties", "thirties", "forties", "fifties", "sixties", "seventies", "eighties", "nineties")
_BELOW = re.compile(r"\b(under|below|less than|fewer than|before|older than|cheaper than|shorter than)\b|<(?!=)")
_AT_MOST = re.compile(
    r"\b(up to|at most|until|max|or (less|fewer|older|earlier|below|cheaper)|and (older|earlier))\b|≤|<="
)
_ABOVE = re.compile(r"\b(over|above|more than|after|newer than|longer than|beyond)\b|>(?!=)")
_AT_LEAST = re.compile(r"\b(from|at least|since|min|or (more|newer|later|above|over)|and (newer|later|up))\b|≥|>=|\d\+")


def is_year(field: Field) -> bool:
    """Returns whether the field's numbers are spoken of as years."""
    return field.type == "date" or (field.type == "number" and field.name.casefold().split("_")[-1] == "year")


def measure(field: Field, facts: Mapping[str, Any]) -> float | None:
    """Returns a number field's value, or the year of a date; None where there is none that a person could speak of."""
    held = facts.get(field.name)
    if field.type == "date":
        found = _YEAR.search(str(held or ""))
        return int(found[1]) if found else None
    if isinstance(held, bool) or not isinstance(held, (int, float)):
        return None
    if is_year(field):
        return held if 1000 <= held <= 2100 and held == int(held) else None
    return held if held == 0 or 1e-3 <= abs(held) <= 1e12 else None


def pair(field: Field, low: float | None, high: float | None) -> tuple[Any, Any]:
    """Returns both ends as a statement has them: numbers, or for a date the first and the last day; None is an open end."""
    if field.type == "date":
        first = datetime.date.min if low is None else datetime.date(int(low), 1, 1)
        last = datetime.date.max if high is None else datetime.date(int(high), 12, 31)
        return first.isoformat(), last.isoformat()
    return (-math.inf if low is None else low), (math.inf if high is None else high)


def within(field: Field, ends: tuple[Any, Any], facts: Mapping[str, Any]) -> bool:
    """Returns whether an item's number or date lies between both ends, which count."""
    if field.type == "date":
        year = measure(field, facts)
        return year is not None and int(ends[0][:4]) <= year <= int(ends[1][:4])
    held = facts.get(field.name)
    return isinstance(held, (int, float)) and not isinstance(held, bool) and bool(ends[0] <= held <= ends[1])


def below(field: Field, bound: float) -> float:
    """Returns the highest value of the field below a bound: the year before, or the next lower number."""
    return int(bound) - 1 if is_year(field) else math.nextafter(bound, -math.inf)


def above(field: Field, bound: float) -> float:
    """Returns the lowest value of the field above a bound: the year after, or the next higher number."""
    return int(bound) + 1 if is_year(field) else math.nextafter(bound, math.inf)


def spelled(number: float) -> str:
    """Returns a number as people write it: no trailing zeros, no exponent."""
    return str(int(number)) if number == int(number) else f"{number:.6f}".rstrip("0")


@dataclass(frozen=True)
class Rounds:
    """The round numbers around a value: the nearest below and above it, the nearest of all, and how far apart they lie."""

    lower: float
    nearest: float
    upper: float
    step: float


def rounds(value: float) -> Rounds:
    """Returns the round numbers around a value: half the power of ten that it reaches apart, 100 and 150 for 113."""
    step = 1.0 if value == 0 else 10.0 ** math.floor(math.log10(abs(value))) / 2
    step = max(step, 1.0) if value == int(value) else step
    lower = round((math.ceil(round(value / step, 6)) - 1) * step, 6)
    upper = round((math.floor(round(value / step, 6)) + 1) * step, 6)
    return Rounds(lower, round(round(value / step) * step, 6), upper, step)


@dataclass(frozen=True)
class Span:
    """Years as people name them: `text` fits after "from", both ends count, None is open. A negative span rules out."""

    text: str
    low: int | None
    high: int | None
    polarity: int = 1


def spans(year: int, this_year: int | None = None) -> list[Span]:
    """Returns what is true to say of the year that something came out in."""
    ten, next_ten, near = year - year % 10, year - year % 10 + 10, 5 * round(year / 5)
    before, since = ten - 10 if year == ten else ten, year - year % 5 - 5 * (year % 5 == 0)
    found = [
        *(Span(f"the {name}", ten, ten + 9) for name in decade_names(ten)),
        Span(f"before {next_ten}", None, next_ten - 1),
        Span(f"after {since}", since + 1, None),
        Span(f"around {near}", near - 3, near + 3),
        Span(f"between {ten} and {ten + 15}", ten, ten + 15),
        Span(f"after {next_ten}", next_ten + 1, None, -1),
        Span(f"before {before}", None, before - 1, -1),
    ]
    if this_year is None:
        return found
    if year <= this_year - 10:
        found.append(Span("the last ten years", this_year - 9, None, -1))
    return [
        span
        for span in found
        if year > this_year or max(map(int, re.findall(r"\d+", span.text)), default=0) <= this_year
    ]


def decade_names(ten: int) -> list[str]:
    """Returns the names of the decade that starts in the year."""
    if not 1920 <= ten <= 1990:
        return [f"{ten}s"]
    return [f"{ten - 1900}s", _DECADES[(ten - 1920) // 10], f"{ten}s"]


def interval(text: str) -> tuple[float | None, float | None, bool] | None:
    """Returns what an offered answer like "1990s", "under 100" or "2-4" spans: both ends, and whether they count themselves.

    None where it names no bound: a lone number is none, since nobody picks the digit.
    """
    words = text.casefold()
    decade = _decade(words)
    numbers = [float(number) for number in re.findall(r"\d+(?:\.\d+)?", words.replace(",", ""))]
    low, high = (decade, decade + 9) if decade is not None else (min(numbers, default=None), max(numbers, default=None))
    if low is None or high is None:
        return None
    for words_for, ends in (
        (_AT_MOST, (None, high, True)),
        (_BELOW, (None, low, False)),
        (_ABOVE, (high, None, False)),
        (_AT_LEAST, (low, None, True)),
    ):
        if words_for.search(words) and (len(numbers) < 2 or decade is not None):
            return ends
    return (low, high, True) if low < high else None


def _decade(words: str) -> float | None:
    named = re.search(r"(?<!\d)(\d{2}|\d{3})0s\b|(?<!\d)(\d)0s\b", words)
    if named:
        ten = int((named[1] or named[2]) + "0")
        return float(ten if ten >= 1000 else 1900 + ten % 100)
    return next((1920.0 + 10 * place for place, name in enumerate(_DECADES) if name in words), None)
