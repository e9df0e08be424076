"""Which items are chosen by the same people, and sparse weights between items that score a history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from convrec.tools.contract import Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

    Matrix = csr_array[Any, tuple[int, int]]

Weighting = Literal["cosine", "tfidf", "bm25"]

SATURATION = 1.2
"""k1 of BM25: with choices that are there or not, it sets how much an item's length weighs."""

LENGTH = 0.75
"""b of BM25: how far an item that many chose is held back."""

_BLOCK = 1024  # items whose similarities to all others are held at once


class SparseWeights:
    """Weights between items, `(n_own, n_own)`: the row of a history's item holds what it adds to each other item."""

    def __init__(self, weights: Matrix) -> None:
        self._rows = weights

    def scores(self, own: Ints, weights: Floats) -> Floats:
        """Returns `(n_own,)` weighted sums over the history, NaN for items that nothing of it points at."""
        scores = np.zeros(self._rows.shape[0])
        touched = np.zeros(len(scores), np.bool_)
        for item, weight in zip(own, weights, strict=True):
            near, amounts = self._row(item)
            scores[near] += weight * amounts
            touched[near] = True
        scores[~touched] = np.nan
        return scores

    def weights(self, own: Ints, wanted: int) -> Floats:
        """Returns `(n,)`: what each item of the history adds to the wanted one at weight 1."""
        found = np.zeros(len(own))
        for place, item in enumerate(own):
            near, amounts = self._row(item)
            found[place] = amounts[near == wanted].sum()
        return found

    def _row(self, item: int) -> tuple[Ints, Floats]:
        inside = slice(self._rows.indptr[item], self._rows.indptr[item + 1])
        return self._rows.indices[inside].astype(np.int64), self._rows.data[inside].astype(np.float64)

    def save(self, folder: Path) -> None:
        """Writes the weights."""
        from scipy.sparse import save_npz

        save_npz(folder / "neighbours.npz", self._rows, compressed=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the weights saved in a folder."""
        from scipy.sparse import csr_array as csr
        from scipy.sparse import load_npz

        return cls(csr(load_npz(folder / "neighbours.npz")))


def weighted(chosen: Matrix, weighting: Weighting) -> csc_array[Any]:
    """Returns `(n_users, n_items)` whose columns' products are the items' similarities.

    As in implicit, an item is a document and a person a word: `tfidf` and `bm25` say less of people who choose much. Columns of
    `cosine` and `tfidf` have length 1; `bm25` (Robertson & Zaragoza 2009) holds back long columns by its own rule.
    """
    matrix = chosen.astype(np.float64).tocoo()
    users, items = matrix.coords
    counts = np.bincount(items, minlength=chosen.shape[1])
    rarity = np.ones(chosen.shape[0])
    if weighting != "cosine":
        rarity = np.log1p(chosen.shape[1] / (1.0 + np.bincount(users, minlength=chosen.shape[0])))
    values = rarity[users]
    if weighting == "bm25":
        relative = counts / max(counts.mean(), 1.0)
        values = values * (SATURATION + 1) / (SATURATION * (1 - LENGTH + LENGTH * relative[items]) + 1)
    else:
        lengths = np.sqrt(np.bincount(items, weights=values**2, minlength=chosen.shape[1]))
        values = values / lengths[items]
    matrix.data = values
    return matrix.tocsc()


def similar(chosen: Matrix, weighting: Weighting, shrinkage: float, kept: int) -> Iterator[Matrix]:
    """Yields, a block of items at a time, `(block, n_items)` rows: each item's `kept` most similar others, nearest by value.

    A similarity is shrunk by `n / (n + shrinkage)`, n being the people in common (Bell & Koren 2007).
    """
    columns, plain = weighted(chosen, weighting), chosen.astype(np.float64).tocsc()
    rows = columns.tocsr()
    for start in range(0, chosen.shape[1], _BLOCK):
        stop = min(start + _BLOCK, chosen.shape[1])
        near = (columns[:, start:stop].T @ rows).tocsr()
        common = (plain[:, start:stop].T @ chosen).tocsr()
        near.sort_indices()
        common.sort_indices()  # the same entries in the same order: both are products of the same choices
        near.data *= common.data / (common.data + shrinkage)
        yield largest(near, start, kept)


def largest(near: Matrix, start: int, kept: int) -> Matrix:
    """Returns the largest entries of each row, the item itself left out, ties by column."""
    from scipy.sparse import csr_array as csr

    entries = near.tocoo()
    item, other = entries.coords
    order = np.lexsort((other, -entries.data, item))
    order = order[(item[order] + start != other[order]) & (entries.data[order] > 0)]
    begins = np.searchsorted(item[order], np.arange(near.shape[0]))
    chosen = order[np.arange(len(order)) - begins[item[order]] < kept]
    return csr((entries.data[chosen], (item[chosen], other[chosen])), shape=near.shape)
