"""BM25 over items expanded with what people said before they were named."""

from collections import Counter
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.bm25_index import Bm25Index
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.lexicon import terms
from convrec.tools.moments import moments
from convrec.tools.storage import read_config, write_config
from convrec.tools.stuffing import bounded, honest_text, labels_of


class DialogueBm25Config(ToolConfig):
    """How the expanded items are weighed."""

    k1: float = Field(1.2, gt=0, description="how fast a repeated term stops counting")
    b: float = Field(
        0.6, ge=0, le=1, description="how much long documents (items often named) are discounted; 0 not at all"
    )
    longest: int = Field(
        400, ge=1, description="terms of an item's own text that are read; one that goes on would answer to anything"
    )


class DialogueBm25(AlignedTool):
    """An item's document is its own text and all that was said before somebody named it: document expansion, with real requests."""

    name = "dialogue_bm25"
    kind = "lexical"
    capabilities = Capabilities(context_query=True, explain=True)
    needs = frozenset({"dialogues"})
    Config = DialogueBm25Config
    config: DialogueBm25Config
    _index: Bm25Index
    _items: Alignment

    def fit(self, data: TrainingData) -> None:
        """Indexes the expanded items.

        Raises:
            NotFittedError: no dialogue names an item.
        """
        catalogue = data.catalogue
        said: dict[int, list[str]] = {}
        for moment in moments(data.dialogues, catalogue):
            heard = terms(moment.context)
            for row in moment.named:
                said.setdefault(row, []).extend(heard)
        if not said:
            raise NotFittedError("There are no dialogues in which an item is named.", "Ingest some.")
        labels = labels_of(catalogue)
        own = (terms(honest_text(catalogue, row, labels)) for row in range(len(catalogue)))
        documents = [bounded(text, self.config.longest) + said.get(row, []) for row, text in enumerate(own)]
        self._index = Bm25Index.build(documents, self.config.k1, self.config.b)
        self._items = Alignment(catalogue.ids, catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the sum of the weights of all terms of the conversation; NaN for items that have none of them."""
        asked = _asked(query)
        if not asked:
            return None
        scores = self._index.scores(asked)
        scores[scores == 0.0] = np.nan
        return self._items.scatter(scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns each term's own part: `term:heist`. Exact."""
        own = int(self._items.own[row])
        if own < 0:
            return Explanation()
        return ordered(
            [Contribution(f"term:{term}", part) for term, part in self._index.parts(_asked(query), own).items()]
        )

    def save(self, folder: Path) -> None:
        """Writes index, items and settings."""
        self._index.save(folder)
        self._items.save(folder)
        write_config(folder, self.config)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, DialogueBm25Config))
        tool._index = Bm25Index.load(folder)
        tool._items = Alignment.load(folder, catalogue)
        return tool


def _asked(query: Query) -> dict[str, float]:
    """Returns the terms of all that was said, each as often as it was said."""
    return {term: float(count) for term, count in Counter(terms(query.context or query.text)).items()}
