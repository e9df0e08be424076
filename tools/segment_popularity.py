"""Segment popularity: what many people chose among items of the kinds that a person likes."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.storage import read_array, read_config, write_array, write_config

if TYPE_CHECKING:
    from convrec.catalogue.columns import ValueIndex

_SHARE = (0.005, 0.5)  # of all items: a value that fewer or more carry is no segment


class SegmentPopularityConfig(ToolConfig):
    """How many segments a person is seen in."""

    segments: int = Field(3, ge=1, description="how many values (genres, tags, brands) are followed at most")


class SegmentPopularity(AlignedTool):
    """Ranks items of the values that a history leans to, by log(1 + number of people) times the leaning.

    A history leans to the category and tags values with the largest `p log(p / q)`: the share p of the history's items that carry
    the value against its share q of all choices. The leaning is p (less the share of disliked items).
    """

    name = "segment_popularity"
    kind = "popularity"
    capabilities = Capabilities(fold_in=True, explain=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = SegmentPopularityConfig
    config: SegmentPopularityConfig
    _items: Alignment
    _popularity: Floats  # (n_own,) log(1 + people)

    def fit(self, data: TrainingData) -> None:
        """Counts people.

        Raises:
            NotFittedError: nobody did anything with any item, or no value of a category or tags field makes a segment.
        """
        counts = np.bincount(data.user_items.indices, minlength=len(data.catalogue))
        if not counts.any():
            raise NotFittedError("There are no interactions or dialogues to count.", "Ingest some.")
        self._popularity = np.log1p(counts.astype(np.float64))
        self._items = Alignment(data.catalogue.ids, data.catalogue)
        self._index(data.catalogue)
        if not self._values:
            raise NotFittedError(
                "No value of a category or tags field is carried by enough items to be a segment.",
                "Bring such a field, or do without this tool.",
            )

    def _index(self, catalogue: Catalogue) -> None:
        """Finds the values that make segments, and which items carry them."""
        self._values: list[tuple[str, Ints]] = []  # label and rows
        self._of: dict[int, list[int]] = {}  # row → its places
        popularity = np.nan_to_num(self._items.scatter(np.expm1(self._popularity)))
        for label, rows in _segments(catalogue):
            place = len(self._values)
            self._values.append((label, rows))
            for row in rows.tolist():
                self._of.setdefault(row, []).append(place)
        chosen = np.array([popularity[rows].sum() for _, rows in self._values])
        self._usual: Floats = (chosen + 1.0) / (popularity.sum() + 1.0)

    def scores(self, query: Query) -> Floats | None:
        """Returns the sums over the followed values, NaN for items without any; None where nothing is followed."""
        leanings = self._leanings(query)
        if not leanings:
            return None
        leaning = np.full(len(self._items.own), np.nan)
        for place, amount in leanings.items():
            rows = self._values[place][1]
            leaning[rows] = np.nan_to_num(leaning[rows]) + amount
        return leaning * self._items.scatter(self._popularity)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each followed value that the item carries adds: `genres:Western`. Exact."""
        own = int(self._items.own[row])
        if own < 0:
            return Explanation()
        leanings, carried = self._leanings(query), self._of.get(row, [])
        shared = [(self._values[place][0], leanings[place]) for place in carried if place in leanings]
        return ordered([Contribution(label, float(amount * self._popularity[own])) for label, amount in shared])

    def _leanings(self, query: Query) -> dict[int, float]:
        """Returns the followed values' places with how far the query leans to each."""
        shares: dict[int, float] = {}
        known = [(row, weight) for row, weight in query.history if self._items.own[row] >= 0 and weight]
        total = sum(abs(weight) for _, weight in known)
        for row, weight in known:
            for place in self._of.get(row, ()):
                shares[place] = shares.get(place, 0.0) + weight / total
        gain = {place: p * float(np.log(p / self._usual[place])) for place, p in shares.items() if p > 0}
        best = sorted(gain, key=lambda place: (-gain[place], place))[: self.config.segments]
        return {place: shares[place] for place in best}

    def over(self, catalogue: LaidCatalogue) -> Self:
        """Returns the tool over a catalogue that was laid over its own, with the segments that it has now."""
        laid = super().over(catalogue)
        if catalogue.change.fields & {field.name for field in catalogue.schema.valued}:
            laid = copy(laid)
            laid._index(catalogue)
        return laid

    def save(self, folder: Path) -> None:
        """Writes the counts, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "popularity.npy", self._popularity)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder; segments are those of the catalogue as it is now."""
        tool = cls(read_config(folder, SegmentPopularityConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._popularity = read_array(folder / "popularity.npy")
        tool._index(catalogue)
        return tool


def _segments(catalogue: Catalogue) -> Iterator[tuple[str, Ints]]:
    """Yields label and rows of every value of a category or tags field that a fair share of the items carries."""
    least, most = (share * len(catalogue) for share in _SHARE)
    for field in sorted(catalogue.schema.valued, key=lambda field: field.type == "tags"):
        index: ValueIndex = catalogue.values(field.name)
        for value in index.common(max(int(least), 2)):
            rows = np.unique(index.rows(value))
            if max(least, 2) <= len(rows) <= most:
                yield f"{field.name}:{value}", rows
