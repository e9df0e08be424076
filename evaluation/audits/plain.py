"""Rankers that nothing defends, for comparison: BM25 over whole texts, item-kNN and counts over all choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import words
from convrec.tools.bm25_index import Bm25Index
from convrec.tools.contract import Floats, Ints
from convrec.tools.neighbours import SparseWeights, similar

if TYPE_CHECKING:
    from convrec.tools.neighbours import Matrix

_K1, _B = 1.2, 0.6  # as the product's own BM25 has them
_NEIGHBOURS, _SHRINKAGE = 100, 10.0  # as the product's own item-kNN has them


class PlainBm25:
    """BM25 over everything that an item's text says, to the letter."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._ids = catalogue.ids
        self._index = Bm25Index.build([words(text) for text in catalogue.texts()], _K1, _B)

    def ranked(self, text: str, k: int) -> list[str]:
        """Returns the ids of the best `k` items that have a word of the text; ties by row."""
        scores = self._index.scores(dict.fromkeys(words(text), 1.0))
        return [self._ids[row] for row in best(scores, k) if scores[row] > 0]


class PlainNeighbours:
    """Item-kNN with the product's weighting, over every choice that there is."""

    def __init__(self, chosen: Matrix) -> None:
        from scipy.sparse import vstack

        self._weights = SparseWeights(vstack(list(similar(chosen, "tfidf", _SHRINKAGE, _NEIGHBOURS))).T.tocsr())

    def top(self, history: Ints, k: int) -> Ints:
        """Returns the rows of the best `k` items outside the history."""
        scores = np.nan_to_num(self._weights.scores(history, np.ones(len(history))), nan=-1.0)
        scores[history] = -1.0
        return np.array([row for row in best(scores, k) if scores[row] > 0], np.int64)


class PlainCounts:
    """Popularity by the number of people, over every choice that there is."""

    def __init__(self, chosen: Matrix) -> None:
        self._counts = np.bincount(chosen.indices, minlength=chosen.shape[1]).astype(np.float64)

    def top(self, history: Ints, k: int) -> Ints:
        """Returns the rows of the best `k` items outside the history."""
        scores = self._counts.copy()
        scores[history] = -1.0
        return best(scores, k)


def best(scores: Floats, k: int) -> Ints:
    """Returns the places of the `k` highest scores, ties by place."""
    return np.argsort(-scores, kind="stable")[:k]
