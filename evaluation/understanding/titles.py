"""Which item of a catalogue a data set's title means: "Life Is Beautiful (La Vita è bella) (1997)"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from convrec.catalogue.cards import SOURCE_TITLE
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.importers.titles import article_first, split_year, without_alternatives
from convrec.core.text import words

_JOINT = re.compile(r"(?: or)?: | - ")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_ALSO = re.compile(r"^a\.?k\.?a\.? ", re.IGNORECASE)
_SAME = {"vol": "volume", "pt": "part", "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8"}
_SLACK = 1  # years by which two sources may differ


class TitleLookUp:
    """Finds items by folded title and year; a title without a year means the first item of that title."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._rows: dict[tuple[str, ...], list[tuple[int | None, int]]] = {}
        year = catalogue.schema.year_field()
        years = None if year is None else catalogue.numbers(year.name)
        sources = SOURCE_TITLE in catalogue.schema.names
        for row, title in enumerate(catalogue.titles):
            when = None if years is None or years[row] != years[row] else int(years[row])
            source = catalogue.item(row).facts.get(SOURCE_TITLE) if sources else None
            for name in dict.fromkeys(name for text in (title, source) if text for name in _names(str(text))[1]):
                self._rows.setdefault(name, []).append((when, row))

    def row(self, title: str) -> int | None:
        """Returns the row of the item that a title means, None where the catalogue has none of that name and year.

        An item whose year is not known comes after one of that year.
        """
        year, names = _names(title)
        found = [each for name in names for each in self._rows.get(name, ())]
        if year is None:
            return found[0][1] if found else None
        dated = self._nearest(found, year, _SLACK)
        undated = next((row for when, row in found if when is None), None)
        return next((row for row in (dated, undated, self._by_part(title, year)) if row is not None), None)

    def _by_part(self, title: str, year: int) -> int | None:
        """Returns the row of the item of just that year that bears a part of a title: "Star Wars: Episode V - The Empire Strikes Back"."""
        parts = [part for part in _JOINT.split(split_year(title)[0]) if part.strip()]
        names = [_folded(article_first(without_alternatives(part))) for part in parts] if len(parts) > 1 else []
        rows = [
            row for name in reversed(names) if (row := self._nearest(self._rows.get(name, []), year, 0)) is not None
        ]
        return rows[0] if rows else None

    @staticmethod
    def _nearest(found: Sequence[tuple[int | None, int]], year: int, slack: int) -> int | None:
        near = [(abs(when - year), place, row) for place, (when, row) in enumerate(found) if when is not None]
        gap, _, row = min(near, default=(slack + 1, 0, 0))
        return row if gap <= slack else None


def _names(text: str) -> tuple[int | None, list[tuple[str, ...]]]:
    """Returns the year behind a title, and the names it gives as folded words, its own first."""
    whole, year = split_year(text)
    own = without_alternatives(whole)
    others = [_ALSO.sub("", other) for other in _BRACKETED.findall(whole.removeprefix(own))]
    names = [_folded(article_first(name)) for name in (own, *others)]
    return year, [name for name in dict.fromkeys(names) if name]


def _folded(name: str) -> tuple[str, ...]:
    return tuple(_SAME.get(word, word) for word in words(name.replace("&", " and ")))
