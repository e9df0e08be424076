"""What an item is, in numbers: its card's vector, the values it carries and its number fields, as one feature vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import PredicateError
from convrec.tools.contract import Floats, Ints, Vectors
from convrec.tools.storage import read_json, write_json

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Values = csr_array[Any, tuple[int, int]]

_FEWEST = 3  # items that carry a value, below which nothing is learned of it
_MOST_VALUES = 2000  # of one field, the most frequent first
_VALUE_WIDTH = 192
_KNOTS = 12
_BLOCK = 8192
_NUMBER_SCALE = 0.5  # a number field beside a card's vector of length 1


@dataclass(frozen=True)
class ItemFeatures:
    """How a catalogue's items become vectors of `width` numbers.

    The card's vector is centred by `mean` and brought to length 1. `values` pairs a field with one of its values; an item's values,
    weighted by `rarity` and brought to length 1, are projected by `projection` `(n_values, at most 192)`. A number field is
    spread over its `knots` as by linear interpolation, with one more place for "missing".
    """

    mean: Floats
    values: tuple[tuple[str, str], ...]
    rarity: Floats
    projection: Floats
    knots: dict[str, list[float]]

    @classmethod
    def of(cls, catalogue: Catalogue, vectors: Vectors, rows: Ints, seed: int) -> Self:
        """Returns the features of a catalogue as the items in `rows` have them; `vectors` are of all items."""
        values = tuple(_frequent(catalogue))
        carried = _carried(catalogue, values)[rows]
        counts = np.asarray(carried.sum(axis=0)).ravel()
        rarity = np.log((len(rows) + 1.0) / (counts + 1.0)) / np.log(len(rows) + 1.0)
        knots = {field.name: _knots(catalogue.numbers(field.name)[rows]) for field in catalogue.schema.measured}
        projection = _projection(_weighted(carried, rarity), seed)
        return cls(
            vectors[rows].mean(axis=0, dtype=np.float64),
            values,
            rarity,
            projection,
            {n: k for n, k in knots.items() if k},
        )

    @property
    def width(self) -> int:
        """Returns how many numbers a feature vector has."""
        spread = sum(len(knots) + 1 for knots in self.knots.values())
        return 1 + len(self.mean) + int(self.projection.shape[1]) + spread

    def content(self, vectors: Vectors) -> Floats:
        """Returns `(n, encoder's width)`: the cards' vectors, centred, of length 1."""
        centred = vectors.astype(np.float64) - self.mean
        norms = np.linalg.norm(centred, axis=1, keepdims=True)
        found: Floats = centred / np.maximum(norms, 1e-9)
        return found

    def of_content(self) -> Floats:
        """Returns `(encoder's width, width)`: what makes of a text's vector the features of a card that says just that."""
        found = np.zeros((len(self.mean), self.width))
        found[:, 1 : 1 + len(self.mean)] = np.eye(len(self.mean))
        return found

    def __call__(self, catalogue: Catalogue, vectors: Vectors, rows: Ints) -> Floats:
        """Returns `(n_rows, width)` of these rows of a catalogue, whose cards' vectors `(n_rows, …)` are given.

        Fields and values that the catalogue lacks are missing, so the features of one catalogue can be made of another.
        """
        return self._of(catalogue, _carried(catalogue, self.values)[rows], vectors, rows)

    def products(self, catalogue: Catalogue, vectors: Vectors, rows: Ints, matrix: Floats) -> Vectors:
        """Returns `(n_rows, …)`: these rows' features times a matrix `(width, …)`, made a block at a time."""
        carried = _carried(catalogue, self.values)[rows]
        found = np.empty((len(rows), matrix.shape[1]), np.float32)
        for start in range(0, len(rows), _BLOCK):
            block = slice(start, start + _BLOCK)
            found[block] = self._of(catalogue, carried[block], vectors[block], rows[block]) @ matrix
        return found

    def _of(self, catalogue: Catalogue, carried: Values, vectors: Vectors, rows: Ints) -> Floats:
        carried = _weighted(carried, self.rarity)
        parts = [np.ones((len(rows), 1)), self.content(vectors), np.asarray(carried @ self.projection)]
        for name, knots in self.knots.items():
            try:
                numbers = catalogue.numbers(name)[rows]
            except PredicateError:
                numbers = np.full(len(rows), np.nan)
            parts.append(_NUMBER_SCALE * _spread(numbers, knots))
        return np.concatenate(parts, axis=1)

    def save(self, folder: Path) -> None:
        """Writes `features.json` and `features.npz`."""
        write_json(folder / "features.json", {"values": self.values, "knots": self.knots})
        np.savez(folder / "features.npz", mean=self.mean, rarity=self.rarity, projection=self.projection)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the features written into a folder."""
        document = read_json(folder / "features.json")
        with np.load(folder / "features.npz", allow_pickle=False) as arrays:
            found = {field.name: arrays[field.name] for field in fields(cls) if field.name in arrays}
        return cls(
            values=tuple((field, value) for field, value in document["values"]), knots=document["knots"], **found
        )


def _frequent(catalogue: Catalogue) -> list[tuple[str, str]]:
    found = []
    for field in catalogue.schema.valued:
        index = catalogue.values(field.name)
        order = np.argsort(-index.counts, kind="stable")[:_MOST_VALUES]
        found += [(field.name, index.values[code]) for code in order.tolist() if index.counts[code] >= _FEWEST]
    return found


def _carried(catalogue: Catalogue, values: Sequence[tuple[str, str]]) -> Values:
    """Returns `(n_items, n_values)`, 1 where an item carries a value."""
    from scipy.sparse import csc_array

    known = {field.name for field in catalogue.schema.valued}
    rows = [catalogue.values(field).rows(value) if field in known else np.empty(0, np.int64) for field, value in values]
    starts = np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64)
    places = np.concatenate([np.empty(0, np.int64), *rows])
    return csc_array((np.ones(len(places)), places, starts), shape=(len(catalogue), len(values))).tocsr()


def _weighted(carried: Values, rarity: Floats) -> Values:
    """Returns the values weighted, each item's to length 1."""
    from scipy.sparse import csr_array, diags_array

    weighted = csr_array(carried @ diags_array(rarity)) if len(rarity) else carried
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return csr_array(diags_array(1.0 / np.maximum(norms, 1e-9)) @ weighted)


def _projection(values: Values, seed: int) -> Floats:
    """Returns the directions `(n_values, at most 192)` in which items' values differ most; all of them where they are few."""
    from scipy.sparse.linalg import svds

    if min(values.shape) <= _VALUE_WIDTH:
        return np.eye(values.shape[1])
    _, _, directions = svds(values, k=_VALUE_WIDTH, v0=np.random.default_rng(seed).random(min(values.shape)))
    found: Floats = np.ascontiguousarray(directions.T)
    return found


def _knots(numbers: Floats) -> list[float]:
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return []
    return [float(knot) for knot in np.unique(np.quantile(known, np.linspace(0.02, 0.98, _KNOTS)))]


def _spread(numbers: Floats, knots: Sequence[float]) -> Floats:
    """Returns `(n, n_knots + 1)`: how near each number is to each knot, summing to 1; the last place is for missing ones."""
    missing = np.isnan(numbers)
    near = [np.interp(np.nan_to_num(numbers), knots, one) * ~missing for one in np.eye(len(knots))]
    return np.stack([*near, missing.astype(np.float64)], axis=1)
