"""BM25 over the items' own text."""

import hashlib
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.alignment import Alignment
from convrec.tools.bm25_index import Bm25Index
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
from convrec.tools.lexicon import asked, terms
from convrec.tools.storage import read_config, read_json, write_config, write_json


class Bm25Config(ToolConfig):
    """How item text is weighed."""

    k1: float = Field(1.2, gt=0, description="how fast a repeated term stops counting")
    b: float = Field(0.6, ge=0, le=1, description="how much long texts are discounted; 0 not at all")
    title_weight: int = Field(2, ge=1, description="how many times a term of the title counts")


class Bm25(Tool):
    """Finds items whose text has the words of the query (Robertson & Zaragoza 2009); titles count more than the rest."""

    name = "bm25"
    kind = "lexical"
    capabilities = Capabilities(text_query=True, explain=True, incremental=True)
    Config = Bm25Config
    config: Bm25Config
    _index: Bm25Index
    _items: Alignment
    _digests: list[str]

    def fit(self, data: TrainingData) -> None:
        """Indexes every item's text.

        Raises:
            NotFittedError: no item has a word.
        """
        catalogue = data.catalogue
        documents = [self._terms(catalogue, row) for row in range(len(catalogue))]
        if not any(documents):
            raise NotFittedError("No item has any text.", "Ingest items with titles.")
        self._index = Bm25Index.build(documents, self.config.k1, self.config.b)
        self._items = Alignment(catalogue.ids, catalogue)
        self._digests = [_digest(catalogue.text(row)) for row in range(len(catalogue))]

    def scores(self, query: Query) -> Floats | None:
        """Returns the sum of the query terms' weights, NaN for items that have none of them; None without a text."""
        wanted = asked(query.text)
        if not wanted:
            return None
        scores = self._index.scores(wanted)
        scores[scores == 0.0] = np.nan
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns each query term's own weight in the item: `term:heist`. Exact."""
        own = int(self._items.own[row])
        if own < 0:
            return Explanation()
        parts = self._index.parts(asked(query.text), own)
        return ordered([Contribution(f"term:{term}", amount) for term, amount in parts.items()])

    def update(self, catalogue: Catalogue) -> None:
        """Indexes items that are new, and again those whose text has changed; term statistics stay those of the fit."""
        known = {item_id: own for own, item_id in enumerate(self._items.ids)}
        ids = list(self._items.ids)
        for row, item_id in enumerate(catalogue.ids):
            digest = _digest(catalogue.text(row))
            own = known.get(item_id, len(ids))
            if own == len(ids):
                ids.append(item_id)
                self._digests.append("")
            if self._digests[own] != digest:
                self._digests[own] = digest
                self._index.put(own, self._terms(catalogue, row))
        self._items = Alignment(ids, catalogue)

    def save(self, folder: Path) -> None:
        """Writes index, items and settings."""
        self._index.save(folder)
        self._items.save(folder)
        write_config(folder, self.config)
        write_json(folder / "digests.json", self._digests)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, Bm25Config))
        tool._index = Bm25Index.load(folder)
        tool._items = Alignment.load(folder, catalogue)
        tool._digests = read_json(folder / "digests.json")
        return tool

    def _terms(self, catalogue: Catalogue, row: int) -> list[str]:
        return terms(catalogue.text(row)) + terms(catalogue.titles[row]) * (self.config.title_weight - 1)


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
