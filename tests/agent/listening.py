"""Whether a message was heard as a careful listener hears it: wishes by facet, value and polarity.

What the values of `understood` mean is told in `tests/conversations/wide/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convrec.core.text import words

Wish = Mapping[str, Any]
_DATED = re.compile(r"\(\d{4}\)$")
_LOW, _HIGH = frozenset({"low", "lower"}), frozenset({"high", "higher"})


@dataclass(frozen=True)
class Score:
    """How many wishes were heard rightly, heard, and said."""

    right: int = 0
    heard: int = 0
    said: int = 0

    def __add__(self, other: Score) -> Score:
        return Score(self.right + other.right, self.heard + other.heard, self.said + other.said)

    @property
    def f1(self) -> float:
        """Returns the harmonic mean of precision and recall; 1 where nothing was said nor heard."""
        return 2 * self.right / (self.heard + self.said) if self.heard + self.said else 1.0


def listened(said: Sequence[Wish], heard: Sequence[Wish]) -> Score:
    """Returns how many of the wishes were heard, each at most once."""
    left = list(heard)
    right = 0
    for wish in said:
        found = next((each for each in left if same(wish, each)), None)
        if found is not None:
            left.remove(found)
            right += 1
    return Score(right, len(heard), len(said))


def same(said: Wish, heard: Wish) -> bool:
    """Tells whether a preference of the product is the wish that a person states."""
    if heard["facet"] != said["facet"]:
        return False
    bounds = bounds_of(said["value"])
    if bounds is not None:
        figures = [bounds, *_whole(said["value"])]
        return heard["polarity"] == 1 and any(_ranges_agree(each, str(heard["value"])) for each in figures)
    if heard["polarity"] != said["polarity"]:
        return False
    own, other = words(str(said["value"])), words(str(heard["value"]))
    if said["facet"] == "item" and _DATED.search(str(said["value"])):
        own = own[:-1]  # a preference names the title alone; its item_id tells which of that title it is
    return own == other or (said["facet"] == "text" and bool(set(own) & set(other)))


def bounds_of(value: object) -> tuple[str, str] | None:
    """Returns what a wish for a number spells as `low..high`, a `?` for a bound without a figure; None for other wishes."""
    match value:
        case {**bounds} if bounds:
            low = next((_figure(bounds[op]) for op in ("ge", "gt") if op in bounds), "")
            return low, next((_figure(bounds[op]) for op in ("le", "lt") if op in bounds), "")
        case int() | float() if not isinstance(value, bool):
            return _figure(value), _figure(value)
        case str() if value in _LOW:
            return "", "?"
        case str() if value in _HIGH:
            return "?", ""
        case str() if ".." in value:
            low, _, high = value.partition("..")
            return low, high
    return None


def _whole(value: object) -> list[tuple[str, str]]:
    """Returns what a strict bound spells where numbers are whole: before 2019 is up to 2018."""
    match value:
        case {"lt": int(high)}:
            return [("", _figure(high - 1))]
        case {"gt": int(low)}:
            return [(_figure(low + 1), "")]
    return []


def _ranges_agree(bounds: tuple[str, str], heard: str) -> bool:
    low, dots, high = heard.partition("..")
    found = (low, high if dots else low)
    return all((want == "?" and got != "") or want == got for want, got in zip(bounds, found, strict=True))


def _figure(value: float) -> str:
    return f"{value:g}"
