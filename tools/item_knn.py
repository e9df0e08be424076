"""Item-kNN: items liked by the same people."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Query,
    Tool,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.storage import read_config, write_config

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_BLOCK = 1024  # items whose similarities to all others are held at once


class ItemKnnConfig(ToolConfig):
    """How neighbours are found."""

    neighbours: int = Field(100, ge=1, description="how many neighbours an item keeps")
    shrinkage: float = Field(
        10.0, ge=0, description="people in common at which a similarity counts half (0: plain cosine)"
    )


class ItemKnn(Tool):
    """Scores an item by its similarity to each item of the history (Sarwar et al. 2001): cosine, shrunk by support."""

    name = "item_knn"
    kind = "neighbours"
    capabilities = Capabilities(fold_in=True, explain=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = ItemKnnConfig
    config: ItemKnnConfig
    _items: Alignment
    _neighbours: csr_array[Any, tuple[int, int]]  # (n_own, n_own): an item's row holds its nearest

    def fit(self, data: TrainingData) -> None:
        """Finds each item's nearest neighbours.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        from scipy.sparse import vstack

        rows = enough(data.user_items)
        chosen = data.user_items[:, rows].tocsr()
        blocks = [self._nearest(chosen, start) for start in range(0, len(rows), _BLOCK)]
        self._neighbours = vstack(blocks).tocsr()
        self._items = Alignment.of_rows(rows, data.catalogue)

    def _nearest(self, chosen: csr_array[Any, tuple[int, int]], start: int) -> csr_array[Any, tuple[int, int]]:
        """Returns the neighbours `(block, n_own)` of a block of items."""
        from scipy.sparse import csr_array as csr

        stop = min(start + _BLOCK, chosen.shape[1])
        common = (chosen[:, start:stop].T @ chosen).tocoo()
        counts = np.asarray(chosen.sum(axis=0), np.float64).ravel()
        item, other, shared = common.coords[0], common.coords[1], common.data.astype(np.float64)
        values = shared / np.sqrt(counts[item + start] * counts[other]) * shared / (shared + self.config.shrinkage)
        order = np.lexsort((other, -values, item))
        order = order[item[order] + start != other[order]]
        begins = np.searchsorted(item[order], np.arange(stop - start))
        place = np.arange(len(order)) - begins[item[order]]
        kept = order[place < self.config.neighbours]
        return csr((values[kept], (item[kept], other[kept])), shape=(stop - start, chosen.shape[1]))

    def scores(self, query: Query) -> Floats | None:
        """Returns the weighted sum of similarities to the history's items; None where none of them is known."""
        own, weights = self._items.history(query.history)
        if not len(own):
            return None
        scores = np.zeros(len(self._items.ids))
        touched = np.zeros(len(scores), np.bool_)
        for item, weight in zip(own, weights, strict=True):
            inside = slice(self._neighbours.indptr[item], self._neighbours.indptr[item + 1])
            near = self._neighbours.indices[inside]
            scores[near] += weight * self._neighbours.data[inside]
            touched[near] = True
        scores[~touched] = np.nan
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        parts = []
        for item, weight in zip(*self._items.history(query.history), strict=True):
            inside = slice(self._neighbours.indptr[item], self._neighbours.indptr[item + 1])
            found = np.flatnonzero(self._neighbours.indices[inside] == wanted)
            if len(found):
                similarity = float(self._neighbours.data[inside][found[0]])
                parts.append(Contribution(f"item:{self._items.ids[item]}", float(weight) * similarity))
        return ordered(parts)

    def save(self, folder: Path) -> None:
        """Writes neighbours, items and settings."""
        from scipy.sparse import save_npz

        self._items.save(folder)
        write_config(folder, self.config)
        save_npz(folder / "neighbours.npz", self._neighbours, compressed=False)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        from scipy.sparse import csr_array as csr
        from scipy.sparse import load_npz

        tool = cls(read_config(folder, ItemKnnConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._neighbours = csr(load_npz(folder / "neighbours.npz"))
        return tool
