"""Markov: what people choose next, counted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Events,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.storage import read_config, write_config

if TYPE_CHECKING:
    from scipy.sparse import coo_array, csr_array


class MarkovConfig(ToolConfig):
    """How far a choice reaches, and how soon counts are believed."""

    reach: int = Field(5, ge=1, description="how many choices later a choice still counts as following")
    decay: float = Field(0.8, gt=0, le=1, description="what each further place between two choices leaves of the count")
    backwards: float = Field(
        0.5,
        ge=0,
        le=1,
        description="what the same two choices count in the other order (0: order is all, 1: no matter)",
    )
    shrinkage: float = Field(20.0, ge=0, description="counts after an item at which its transitions count half")
    recency: float = Field(
        0.8, gt=0, le=1, description="what each later choice of the history leaves of an earlier one's weight"
    )
    neighbours: int = Field(200, ge=1, description="how many followers an item keeps")


class Markov(AlignedTool):
    """Scores an item by how often it was chosen soon after each item of the history, the latest weighing most.

    A first-order Markov chain over items whose counts are softened: pairs with others in between count less instead of nothing
    (skipping: Shani, Heckerman & Brafman 2005, An MDP-Based Recommender System, section 3), and shares of few counts are held back.
    """

    name = "markov"
    kind = "sequential"
    capabilities = Capabilities(fold_in=True, explain=True, by_people=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = MarkovConfig
    config: MarkovConfig
    _items: Alignment
    _next: csr_array[Any, tuple[int, int]]  # (n_own, n_own): an item's row holds the shares of what follows it

    def fit(self, data: TrainingData) -> None:
        """Counts what follows what.

        Raises:
            NotFittedError: too few people chose more than one item, or in no known order.
        """
        rows = enough(data.user_items)
        events = Events(data.events.user, np.searchsorted(rows, data.events.row), data.events.time)
        counts = self._counts(events, len(rows))
        if not counts.nnz:
            raise NotFittedError("Nobody chose two items in a known order.", "Ingest more interactions.")
        self._next = self._shares(counts)
        self._items = Alignment.of_rows(rows, data.catalogue)

    def _counts(self, events: Events, n_items: int) -> csr_array[Any, tuple[int, int]]:
        """Returns `(n_own, n_own)`: how often, softened, the column's item was chosen after the row's."""
        from scipy.sparse import coo_array

        before, after, amount = [], [], []
        for distance in range(1, self.config.reach + 1):
            first = np.flatnonzero(events.user[distance:] == events.user[:-distance])
            before.append(events.row[first])
            after.append(events.row[first + distance])
            amount.append(np.full(len(first), self.config.decay ** (distance - 1)))
        earlier, later = np.concatenate(before), np.concatenate(after)
        apart = earlier != later
        pairs = (np.concatenate(amount)[apart], (earlier[apart], later[apart]))
        counts = coo_array(pairs, shape=(n_items, n_items)).tocsr()
        softened: csr_array[Any, tuple[int, int]] = (counts + self.config.backwards * counts.T).tocsr()
        return softened

    def _shares(self, counts: csr_array[Any, tuple[int, int]]) -> csr_array[Any, tuple[int, int]]:
        """Returns the counts as shares of all that follows an item, held back where little does, the highest of each row."""
        from scipy.sparse import csr_array

        whole = np.asarray(counts.sum(axis=1), np.float64).ravel()
        cells: coo_array[Any, tuple[int, int]] = counts.tocoo()
        item, other = cells.coords
        order = np.lexsort((other, -cells.data, item))
        place = np.arange(len(order)) - np.searchsorted(item[order], item[order])
        kept = order[place < self.config.neighbours]
        shares = cells.data[kept] / (whole[item[kept]] + self.config.shrinkage)
        return csr_array((shares, (item[kept], other[kept])), shape=counts.shape)

    def scores(self, query: Query) -> Floats | None:
        """Returns the weighted sum of shares after the history's items; None where none of them is known."""
        own, weights = self._weighted(query)
        if not len(own):
            return None
        reached = self._next[own]
        scores = np.full(len(self._items.ids), np.nan)
        scores[np.unique(reached.indices)] = 0.0
        np.add.at(scores, reached.indices, np.repeat(weights, np.diff(reached.indptr)) * reached.data)
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        own, weights = self._weighted(query)
        if wanted < 0 or not len(own):
            return Explanation()
        amounts = weights * self._next[own][:, [wanted]].toarray().ravel()
        return ordered(self._items.parts(own, amounts))

    def _weighted(self, query: Query) -> tuple[Ints, Floats]:
        """Returns the known items `(n,)` of the history and their weights `(n,)`, less the more was chosen since."""
        own, weights = self._items.history(query.history)
        return own, weights * self.config.recency ** np.arange(len(own) - 1, -1, -1)

    def save(self, folder: Path) -> None:
        """Writes shares, items and settings."""
        from scipy.sparse import save_npz

        self._items.save(folder)
        write_config(folder, self.config)
        save_npz(folder / "next.npz", self._next, compressed=False)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        from scipy.sparse import csr_array, load_npz

        tool = cls(read_config(folder, MarkovConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._next = csr_array(load_npz(folder / "next.npz"))
        return tool
