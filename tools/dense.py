"""Dense retrieval: items whose card means what the text means, or what the liked items mean."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    Ranking,
    Tool,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
    top,
)  # fmt: skip
from convrec.tools.embeddings import VectorCache, digest
from convrec.tools.encoder import TextEncoder
from convrec.tools.storage import read_array, read_config, write_array, write_config
from convrec.tools.threads import one_blas_thread
from convrec.tools.vectors import VectorStore

Bytes = npt.NDArray[np.uint8]
_SLACK = 20  # more neighbours than asked for, since an approximate index may miss a few


class DenseConfig(ToolConfig):
    """How cards are read and a text is weighed against liked items."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")
    max_tokens: int = Field(64, ge=8, le=256, description="tokens of an item's card that the encoder reads")
    text_weight: float = Field(1.0, ge=0, description="what the text counts beside the whole history")


class Dense(Tool):
    """Scores an item by the cosine of its card with the text, plus the weighted mean of its cosines with the history's items.

    Where nothing is masked the vectors in Chroma answer, rescored exactly; else one product over a memory-mapped copy does.
    """

    name = "dense"
    kind = "dense"
    capabilities = Capabilities(fold_in=True, text_query=True, explain=True, incremental=True, vectors=True)
    Config = DenseConfig
    config: DenseConfig
    _items: Alignment
    _vectors: Vectors  # (n_own, width)
    _digests: Bytes  # (n_own, 16), of the cards
    _store: VectorStore | None = None

    def fit(self, data: TrainingData) -> None:
        """Encodes every item's card.

        Raises:
            NotFittedError: there are no items.
        """
        catalogue = data.catalogue
        if not len(catalogue):
            raise NotFittedError("There are no items.", "Ingest some.")
        cards = [catalogue.card(row) for row in range(len(catalogue))]
        encoder = data.encoder or TextEncoder.open(self.config.encoder)
        self._vectors = VectorCache(data.cache, encoder, self.config.max_tokens).vectors(cards, data.progress)
        self._digests = _digests(cards)
        self._items = Alignment(catalogue.ids, catalogue)

    @property
    def encoder(self) -> TextEncoder:
        """Returns the encoder that the cards were read with."""
        return TextEncoder.open(self.config.encoder)

    def vectors(self, rows: Ints) -> Vectors:
        """Returns `(n, width)` unit vectors of catalogue rows, zeros for items without one."""
        own = self._items.own[rows]
        found: Vectors = self._vectors[np.maximum(own, 0)] * (own >= 0)[:, None]
        return found

    def wanted(self, query: Query) -> Vectors | None:
        """Returns the `(width,)` direction that scores are products with; None where the query has neither text nor known items."""
        own, weights = self._items.history(query.history)
        text = self._text_vector(query)
        if text is None and not len(own):
            return None
        direction = np.zeros(self._vectors.shape[1], np.float64)
        if text is not None:
            direction += self.config.text_weight * text
        if len(own):
            direction += (weights / np.abs(weights).sum()) @ self._vectors[own].astype(np.float64)
        return direction.astype(np.float32)

    def scores(self, query: Query) -> Floats | None:
        """Returns the products of all cards with the wanted direction."""
        direction = self.wanted(query)
        if direction is None:
            return None
        with one_blas_thread():
            products = self._vectors @ direction
        return self._items.scatter(products.astype(np.float64))

    def score(self, query: Query, rows: Ints) -> Floats:
        """Returns the products of these rows' cards alone with the wanted direction."""
        direction = self.wanted(query)
        if direction is None:
            return np.full(len(rows), np.nan)
        own = self._items.own[rows]
        products = self._vectors[np.maximum(own, 0)].astype(np.float64) @ direction.astype(np.float64)
        return np.where(own >= 0, products, np.nan)

    def retrieve(self, query: Query) -> Ranking:
        """Returns the nearest allowed items."""
        if query.mask is not None or self._store is None or query.k + _SLACK >= len(self._items.ids):
            return super().retrieve(query)
        direction = self.wanted(query)
        if direction is None:
            return super().retrieve(query)
        near = self._items.rows[self._store.nearest(direction, query.k + _SLACK)]
        scores = np.full(self._items.n_rows, np.nan)
        near = near[near >= 0]
        scores[near] = self.score(query, near)
        return top(scores, None, query.k)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what the text (`text`) and each item of the history (`item:858`) add. Exact."""
        wanted = int(self._items.own[row])
        if wanted < 0:
            return Explanation()
        card = self._vectors[wanted].astype(np.float64)
        parts = []
        text = self._text_vector(query)
        if text is not None:
            parts.append(Contribution("text", float(self.config.text_weight * text.astype(np.float64) @ card)))
        own, weights = self._items.history(query.history)
        for item, weight in zip(own, weights / (np.abs(weights).sum() or 1.0), strict=True):
            amount = float(weight * (self._vectors[item].astype(np.float64) @ card))
            parts.append(Contribution(f"item:{self._items.ids[item]}", amount))
        return ordered(parts)

    def update(self, catalogue: Catalogue) -> None:
        """Encodes items that are new, and again those whose card has changed."""
        place = {item_id: own for own, item_id in enumerate(self._items.ids)}
        cards = [catalogue.card(row) for row in range(len(catalogue))]
        digests = _digests(cards)
        own = np.array([place.get(item_id, -1) for item_id in catalogue.ids], np.int64)
        stale = np.flatnonzero((own < 0) | (self._digests[own] != digests).any(axis=1))
        if len(stale):
            vectors: Vectors = self._vectors[np.maximum(own, 0)]  # a copy, in the catalogue's order
            vectors[stale] = self.encoder.encode([cards[row] for row in stale], self.config.max_tokens)
            self._vectors, self._digests, self._store = vectors, digests, None
            self._items = Alignment(catalogue.ids, catalogue)
        elif len(catalogue) != self._items.n_rows:
            self._items = Alignment(self._items.ids, catalogue)

    def save(self, folder: Path) -> None:
        """Writes vectors (as an array and into Chroma), items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "vectors.npy", self._vectors)
        write_array(folder / "digests.npy", self._digests)
        VectorStore.create(folder / "chroma", self._vectors)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its vectors memory-mapped."""
        tool = cls(read_config(folder, DenseConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._vectors = read_array(folder / "vectors.npy", mapped=True)
        tool._digests = read_array(folder / "digests.npy")
        tool._store = VectorStore(folder / "chroma")
        return tool

    def _text_vector(self, query: Query) -> Vectors | None:
        if not query.text.strip():
            return None
        return query.vector if query.vector is not None else self.encoder.encode([query.text])[0]


def _digests(cards: list[str]) -> Bytes:
    return np.frombuffer(b"".join(map(digest, cards)), np.uint8).reshape(-1, 16)
