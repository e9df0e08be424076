"""Whole titles: which items a text names by their title and nothing else, a slip of one letter allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import Self

import numpy as np

from convrec.core.text import fold, words
from convrec.tools.contract import Floats, Ints
from convrec.tools.lexicon import ASKING, term_of
from convrec.tools.near import Near
from convrec.tools.storage import read_array, read_json, write_array, write_json

EXACT, BARE, SLIP = 1.0, 0.95, 0.85
"""How well a text names a title: as it stands, with or without an article too many, one letter off (these multiply)."""

_OTHER_YEAR, _NEXT_YEAR = 0.8, 0.95  # what is left of that where another year is asked for; a year off is often a slip
_LONGEST = 200  # characters beyond which a text is no title
_ARTICLES = ("the", "a", "an")
_LEADING = frozenset({"the", "a", "an", "i", "for", "me", "do", "you", "have", "show", "called", "named", "to"})
_FIRST_YEAR, _LAST_YEAR = 1870, 2100


class Titles:
    """The titles of a tool's own items, as their folded words run together, and the years by which those that share one differ.

    `starts` `(n_keys + 1,)` and `owners` `(n_items,)` say whose each key is; `years` `(n_items,)` are NaN where unknown.
    """

    def __init__(self, near: Near, starts: Ints, owners: Ints, years: Floats) -> None:
        self._near, self._starts, self._owners, self._years = near, starts, owners, years
        self._late: dict[int, tuple[str, float]] = {}

    @classmethod
    def build(cls, titles: Sequence[str], years: Floats) -> Self:
        """Returns the index of items' titles and years `(n_items,)`."""
        keys = [key_of(title) for title in titles]
        near = Near(keys)
        places = {key: place for place, key in enumerate(near.strings)}
        place = np.array([places[key] for key in keys], np.int64)
        counts = np.bincount(place, minlength=len(near))
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return cls(near, starts, np.argsort(place, kind="stable").astype(np.int64), np.asarray(years, np.float64))

    def with_titles(self, titles: Mapping[int, tuple[str, float]]) -> Titles:
        """Returns the index with items added by number, or given another title and year."""
        changed = copy(self)
        changed._late = self._late | {own: (key_of(title), year) for own, (title, year) in titles.items()}
        return changed

    def named(self, text: str) -> dict[int, float]:
        """Returns the items whose whole title the text is, with how well it names them, above 0 and at most 1.

        A year after the title chooses among its bearers; words of asking around it are passed over. Titles that are one letter
        off are taken only where none fits as it stands, and never for bare numbers, which are years or other titles.
        """
        if len(text) > _LONGEST:
            return {}
        forms = _forms(text)
        found: dict[int, float] = {}
        for slips in (False, True):
            for key, quality, year in forms:
                for own, fit in self._owners_of(key, slips):
                    worth = quality * fit * self._fitness(own, year)
                    found[own] = max(found.get(own, 0.0), worth)
            if found:
                break
        return found

    def save(self, folder: Path) -> None:
        """Writes the index into a folder, without what was put in later."""
        write_json(folder / "titles.json", self._near.strings)
        for name, array in (("starts", self._starts), ("owners", self._owners), ("years", self._years)):
            write_array(folder / f"title_{name}.npy", array)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the index written into a folder."""
        starts, owners, years = (read_array(folder / f"title_{name}.npy") for name in ("starts", "owners", "years"))
        return cls(Near(read_json(folder / "titles.json")), starts, owners, years)

    def _owners_of(self, key: str, slips: bool) -> list[tuple[int, float]]:
        if not slips:
            place = self._near.place(key)
            near = [(place, EXACT)] if place >= 0 else []
            late = [own for own, (title, _) in self._late.items() if title == key]
            return [(own, fit) for place, fit in near for own in self._at(place)] + [(own, EXACT) for own in late]
        if key.isdigit() or len(key) < 2:
            return []
        return [(own, SLIP) for place, _ in self._near.within(key, 1) for own in self._at(place)]

    def _at(self, place: int) -> list[int]:
        owners = self._owners[self._starts[place] : self._starts[place + 1]].tolist()
        return [own for own in owners if own not in self._late]

    def _fitness(self, own: int, year: int | None) -> float:
        if year is None:
            return 1.0
        known = self._late[own][1] if own in self._late else float(self._years[own])
        return 1.0 if known == year else _NEXT_YEAR if abs(known - year) == 1 else _OTHER_YEAR


def key_of(title: str) -> str:
    """Returns the title's folded words run together; a title without words is its own key."""
    return "".join(words(title)) or "".join(fold(title).split())


def _forms(text: str) -> list[tuple[str, float, int | None]]:
    """Returns the keys that a text may stand for, each with how well it stands for the text and the year that it leaves apart."""
    said = words(text)
    if not said:
        return [(key_of(text), 1.0, None)] if text.strip() else []
    readings: list[tuple[list[str], int | None]] = [(said, None)]
    bare = _without_asking(said)
    if bare != said:
        readings.append((bare, None))
    readings += [(rest[:-1], year) for rest, _ in list(readings) if (year := _year(rest)) is not None]
    forms = []
    for rest, year in readings:
        forms.append(("".join(rest), EXACT, year))
        if rest[0] in _ARTICLES and len(rest) > 1:
            forms.append(("".join(rest[1:]), BARE, year))
        else:
            forms.append(("the" + "".join(rest), BARE, year))
    return forms


def _year(said: list[str]) -> int | None:
    last = said[-1]
    able = len(said) > 1 and len(last) == 4 and last.isdecimal() and last.isascii()
    return int(last) if able and _FIRST_YEAR <= int(last) <= _LAST_YEAR else None


def _without_asking(said: list[str]) -> list[str]:
    """Returns the words without those of asking at either end: `looking for the movie heat please` → `["heat"]`."""
    start, end = 0, len(said)
    while start < end and (term_of(said[start]) in ASKING or said[start] in _LEADING):
        start += 1
    while end > start and term_of(said[end - 1]) in ASKING:
        end -= 1
    return said[start:end] or said
