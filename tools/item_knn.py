"""Item-kNN: items liked by the same people."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Explanation,
    Floats,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.neighbours import SparseWeights, Weighting, similar
from convrec.tools.storage import read_config, write_config


class ItemKnnConfig(ToolConfig):
    """How neighbours are found."""

    weighting: Weighting = Field(
        "tfidf",
        description="what a person in common counts: cosine (all alike), tfidf or bm25 (less, who chooses much)",
    )
    neighbours: int = Field(100, ge=1, description="how many nearest items an item keeps")
    shrinkage: float = Field(10.0, ge=0, description="people in common at which a similarity counts half (0: plain)")


class ItemKnn(AlignedTool):
    """Scores an item by its similarity to each item of the history (Sarwar et al. 2001), shrunk by support.

    The similarities are implicit's (cosine, TF-IDF, BM25 over the people who chose an item). An item looks for its nearest
    items in the history, as in lenskit: an item that few chose is then not crowded out of the lists of popular ones.
    """

    name = "item_knn"
    kind = "neighbours"
    capabilities = Capabilities(fold_in=True, explain=True, by_people=True)
    needs = frozenset({"interactions", "dialogues"})
    revision = 2
    Config = ItemKnnConfig
    config: ItemKnnConfig
    _items: Alignment
    _weights: SparseWeights

    def fit(self, data: TrainingData) -> None:
        """Finds each item's nearest neighbours.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        from scipy.sparse import vstack

        rows = enough(data.user_items)
        config = self.config
        blocks = similar(data.user_items[:, rows].tocsr(), config.weighting, config.shrinkage, config.neighbours)
        self._weights = SparseWeights(vstack(list(blocks)).T.tocsr())
        self._items = Alignment.of_rows(rows, data.catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the weighted sum of similarities to the history's items; None where none of them is known."""
        own, weights = self._items.history(query.history)
        return self._items.scatter(self._weights.scores(own, weights)) if len(own) else None

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        own, weights = self._items.history(query.history)
        amounts = weights * self._weights.weights(own, wanted)
        return ordered(self._items.parts(own, amounts))

    def save(self, folder: Path) -> None:
        """Writes neighbours, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        self._weights.save(folder)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, ItemKnnConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._weights = SparseWeights.load(folder)
        return tool
