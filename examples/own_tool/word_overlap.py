"""A tool of one's own: it scores an item by the share of the wish's words that the item has."""

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import words
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
from convrec.tools.storage import read_config, read_json, write_config, write_json


class WordOverlapConfig(ToolConfig):
    """Which words count."""

    shortest: int = Field(3, ge=1, description="letters that a word has at least")


class WordOverlap(Tool):
    """Ranks items by how many of the wish's words they have, 1 for all of them."""

    name = "word_overlap"
    kind = "text"
    capabilities = Capabilities(text_query=True, explain=True)
    Config = WordOverlapConfig
    config: WordOverlapConfig
    _items: Alignment  # the tool's own items against the catalogue's rows
    _words: list[set[str]]  # of each own item

    def fit(self, data: TrainingData) -> None:
        """Notes every item's words."""
        self._items = Alignment(data.catalogue.ids, data.catalogue)
        self._words = [self._counted(text) for text in data.catalogue.texts()]

    def scores(self, query: Query) -> Floats | None:
        """Returns each item's share of the wish's words, NaN where it has none."""
        wanted = self._counted(query.text)
        if not wanted:
            return None
        shares = np.array([len(wanted & own) / len(wanted) for own in self._words])
        return self._items.scatter(np.where(shares > 0, shares, np.nan))

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns a part for each word that the item has. Exact."""
        own, wanted = int(self._items.own[row]), self._counted(query.text)
        shared = wanted & self._words[own] if own >= 0 else set()
        return ordered([Contribution(f"term:{word}", 1 / len(wanted)) for word in shared])

    def save(self, folder: Path) -> None:
        """Writes items, words and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_json(folder / "words.json", [sorted(own) for own in self._words])

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, WordOverlapConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._words = [set(own) for own in read_json(folder / "words.json")]
        return tool

    def _counted(self, text: str) -> set[str]:
        return {word for word in words(text) if len(word) >= self.config.shortest}
