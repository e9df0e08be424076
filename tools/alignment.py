"""A fitted tool's own items against the rows of a catalogue that may have grown, shrunk or been re-ordered since."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.columns import grown
from convrec.tools.contract import Bools, Contribution, Floats, Ints
from convrec.tools.storage import read_json, write_json


class Alignment:
    """`rows` `(n_own,)` are the catalogue rows of the tool's own items, -1 for those that are gone; `own` is the inverse."""

    def __init__(self, ids: Sequence[str], catalogue: Catalogue) -> None:
        same = ids is catalogue.ids or list(ids) == catalogue.ids
        self.ids = catalogue.ids if same else list(ids)  # a million ids are not kept once more by every tool
        self.rows: Ints = np.arange(len(catalogue)) if same else catalogue.rows(self.ids)
        self.n_rows = len(catalogue)
        self.own: Ints = np.full(self.n_rows, -1, np.int64)
        present = self.rows >= 0
        self.own[self.rows[present]] = np.flatnonzero(present)
        self._same = bool(present.all()) and len(self.ids) == self.n_rows and bool((np.diff(self.rows) > 0).all())

    @classmethod
    def of_rows(cls, rows: Ints, catalogue: Catalogue) -> Self:
        """Returns the alignment of a tool that is fitted on these rows of the catalogue."""
        return cls([catalogue.ids[row] for row in rows], catalogue)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the alignment of the items listed in the folder."""
        return cls(read_json(folder / "ids.json"), catalogue)

    def over(self, catalogue: Catalogue) -> Alignment:
        """Returns the alignment to a catalogue that has further rows."""
        longer = copy(self)
        longer.n_rows = len(catalogue)
        longer.own = grown(self.own, longer.n_rows, -1)
        longer._same = self._same and longer.n_rows == self.n_rows
        return longer

    def with_rows(self, rows: Ints, catalogue: Catalogue) -> Alignment:
        """Returns the alignment of the tool's own items and after them those of some rows that it did not know."""
        more = copy(self)
        more.ids = [*self.ids, *(catalogue.ids[row] for row in rows.tolist())]
        more.rows = np.concatenate([self.rows, rows])
        more.own = self.own.copy()
        more.own[rows] = len(self.ids) + np.arange(len(rows))
        more._same = len(more.ids) == more.n_rows and bool((more.rows >= 0).all() and (np.diff(more.rows) > 0).all())
        return more

    def save(self, folder: Path) -> None:
        """Lists the tool's items in the folder."""
        write_json(folder / "ids.json", self.ids)

    def scatter(self, values: Floats) -> Floats:
        """Returns `(n_items,)` of the catalogue from `(n_own,)`, NaN for items that the tool does not know."""
        if self._same:
            return values
        scattered = np.full(self.n_rows, np.nan)
        present = self.rows >= 0
        scattered[self.rows[present]] = values[present]
        return scattered

    def allowed(self, mask: Bools | None) -> Bools | None:
        """Returns a catalogue's mask `(n_items,)` as one of the tool's own items `(n_own,)`; None where all of them are allowed."""
        if self._same:
            return None if mask is None or mask.all() else mask
        own = self.rows >= 0 if mask is None else mask[self.rows] & (self.rows >= 0)
        return None if own.all() else own

    def history(self, history: Sequence[tuple[int, float]]) -> tuple[Ints, Floats]:
        """Returns the own indices `(n,)` and weights `(n,)` of those items of a history that the tool knows."""
        known = [(int(self.own[row]), weight) for row, weight in history if self.own[row] >= 0 and weight != 0]
        return np.array([own for own, _ in known], np.int64), np.array([weight for _, weight in known], np.float64)

    def parts(self, own: Ints, amounts: Floats) -> list[Contribution]:
        """Returns what each of these own items `(n,)` adds to a score: `item:858`."""
        return [Contribution(f"item:{self.ids[i]}", float(a)) for i, a in zip(own, amounts, strict=True)]


def replaced(array: npt.NDArray[Any], place: Ints, values: npt.NDArray[Any], n_new: int) -> npt.NDArray[Any]:
    """Returns a copy of `(n, …)` with `n_new` places more, and these places' values set."""
    longer = np.empty((len(array) + n_new, *array.shape[1:]), array.dtype)
    longer[: len(array)] = array
    longer[place] = values
    return longer
