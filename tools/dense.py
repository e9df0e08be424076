"""Dense retrieval: items whose card means what the text means, or what the liked items mean."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment, replaced
from convrec.tools.contract import (
    EMPTY,
    Bools,
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    Ranking,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
)  # fmt: skip
from convrec.tools.embeddings import VectorCache, cards_of, digest
from convrec.tools.encoder import TextEncoder
from convrec.tools.scan import Scan
from convrec.tools.storage import read_array, read_config, write_array, write_config
from convrec.tools.vectors import VectorStore

Bytes = npt.NDArray[np.uint8]
_INDEXED = 100_000  # vectors up to which a product with all is quicker than the embedded index, and exact
_WEAK = (
    0.5  # the share of allowed items from which an index that knows no filter is asked for more, and the rest dropped
)
_SLACK = 1.1  # how many more neighbours than needed are asked for, since an approximate index may miss a few


class DenseConfig(ToolConfig):
    """How cards are read and a text is weighed against liked items."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")
    max_tokens: int = Field(64, ge=8, le=256, description="tokens of an item's card that the encoder reads")
    text_weight: float = Field(1.0, ge=0, description="what the text counts beside the whole history")
    vectors_url: str = Field("", description="a Chroma server that holds the vectors, too; none where blank")


class Dense(AlignedTool):
    """Scores an item by the cosine of its card with the text, plus the weighted mean of its products with the history's items.

    What all cards have in common is taken off the history's: it says nothing of a taste, and leads to the cards nearest to all others.

    Where nothing or little is masked, Chroma's index answers, rescored exactly, if it is known to miss no more than one in a hundred;
    else one product over a memory-mapped copy does. The embedded index is made past 100,000 items only: below, that product is
    quicker.
    """

    name = "dense"
    kind = "dense"
    capabilities = Capabilities(fold_in=True, text_query=True, explain=True, incremental=True, vectors=True)
    revision = 3
    Config = DenseConfig
    config: DenseConfig
    _items: Alignment
    _scan: Scan  # (n_own, width)
    _mean: Vectors  # (width,), of all cards when it was fitted
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
        cards = list(catalogue.cards())
        encoder = data.encoder or TextEncoder.open(self.config.encoder)
        self._scan = Scan(VectorCache(data.cache, encoder, self.config.max_tokens).halves(cards, data.progress))
        self._mean = self._scan.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._digests = _digests(cards)
        self._items = Alignment(catalogue.ids, catalogue)

    @property
    def encoder(self) -> TextEncoder:
        """Returns the encoder that the cards were read with."""
        return TextEncoder.open(self.config.encoder)

    def vectors(self, rows: Ints) -> Vectors:
        """Returns `(n, width)` unit vectors of catalogue rows, zeros for items without one."""
        own = self._items.own[rows]
        found: Vectors = self._scan.vectors[np.maximum(own, 0)].astype(np.float32)
        found[own < 0] = 0.0
        return found

    def wanted(self, query: Query) -> Vectors | None:
        """Returns the `(width,)` direction that scores are products with; None where the query has neither text nor known items."""
        own, weights = self._items.history(query.history)
        text = self._text_vector(query)
        if text is None and not len(own):
            return None
        direction = np.zeros(self._scan.width)
        if text is not None:
            direction += self.config.text_weight * text
        if len(own):
            direction += (weights / np.abs(weights).sum()) @ self._tastes(own)
        return direction.astype(np.float32)

    def scores(self, query: Query) -> Floats | None:
        """Returns the products of all cards with the wanted direction."""
        direction = self.wanted(query)
        if direction is None:
            return None
        return self._items.scatter(self._scan.every(direction))

    def score(self, query: Query, rows: Ints) -> Floats:
        """Returns the products of these rows' cards alone with the wanted direction."""
        direction = self.wanted(query)
        if direction is None:
            return np.full(len(rows), np.nan)
        own = self._items.own[rows]
        return np.where(own >= 0, self._scan.products(direction, np.maximum(own, 0)), np.nan)

    def retrieve(self, query: Query) -> Ranking:
        """Returns the nearest allowed items.

        Raises:
            VectorServerError: the vectors are on a server that does not answer.
        """
        direction = self.wanted(query)
        if direction is None:
            return EMPTY
        allowed = self._items.allowed(query.mask)
        own = self._near(direction, query.k, allowed)
        if own is None:
            own, products = self._scan.nearest(direction, query.k, allowed)
        else:
            products = self._scan.products(direction, own)
        return _ranking(self._items.rows[own], products, query.k)

    def check(self) -> None:
        """Asks the vectors' server, where there is one that is asked for neighbours, whether all are there.

        Raises:
            VectorServerError: it does not answer, or they are not.
        """
        if self._store is not None and self._store.agrees and self._store.place.url:
            self._store.check()

    def _near(self, direction: Vectors, k: int, allowed: Bools | None) -> Ints | None:
        """Returns about the `k` nearest own items as the index has them; None where an exact product is better."""
        n, share = len(self._scan), 1.0 if allowed is None else float(allowed.mean())
        wanted = int(k * _SLACK / share) + 1 if share else n
        if self._store is None or not self._store.agrees or share < _WEAK or wanted >= n:
            return None
        near = self._store.nearest(direction, wanted)
        near = np.sort(near if allowed is None else near[allowed[near]])
        return near if len(near) >= k else None

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what the text (`text`) and each item of the history (`item:858`) add. Exact."""
        wanted = int(self._items.own[row])
        if wanted < 0:
            return Explanation()
        card = self._scan.vectors[wanted].astype(np.float64)
        parts = []
        text = self._text_vector(query)
        if text is not None:
            parts.append(Contribution("text", float(self.config.text_weight * text.astype(np.float64) @ card)))
        own, weights = self._items.history(query.history)
        amounts = weights / (np.abs(weights).sum() or 1.0) * (self._tastes(own) @ card)
        return ordered([*parts, *self._items.parts(own, amounts)])

    def update(self, catalogue: Catalogue, rows: Ints | None = None) -> None:
        """Encodes items that are new, and again those whose card has changed."""
        self._items = Alignment(self._items.ids, catalogue)
        cards = cards_of(catalogue, rows)
        rows, digests = np.array(list(cards), np.int64), _digests(list(cards.values()))
        own = self._items.own[rows]
        stale = (own < 0) | (self._digests[own] != digests).any(axis=1)
        if not stale.any():
            return
        wanted = [card for card, is_stale in zip(cards.values(), stale, strict=True) if is_stale]
        vectors = self.encoder.encode(wanted, self.config.max_tokens)
        new = rows[own < 0]
        self._items = self._items.with_rows(new, catalogue)
        place = self._items.own[rows[stale]]
        self._scan = Scan(replaced(self._scan.vectors, place, vectors, len(new)))
        self._digests, self._store = replaced(self._digests, place, digests[stale], len(new)), None

    def save(self, folder: Path) -> None:
        """Writes vectors (as an array, and into Chroma where that is of use), items and settings.

        Raises:
            VectorServerError: the vectors' server does not answer.
        """
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "vectors.npy", self._scan.vectors)
        write_array(folder / "mean.npy", self._mean)
        write_array(folder / "digests.npy", self._digests)
        if self.config.vectors_url or len(self._scan) > _INDEXED:
            store = VectorStore.create(folder, self._scan, self.config.vectors_url)
            if not store.agrees:
                self.note = f"an exact product answers: Chroma's index finds {store.place.agreement:.0%} of the nearest"

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its vectors memory-mapped."""
        tool = cls(read_config(folder, DenseConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._scan = Scan(np.load(folder / "vectors.npy", mmap_mode="c"))  # PyTorch warns of what can't be written
        tool._mean = read_array(folder / "mean.npy")
        tool._digests = read_array(folder / "digests.npy", mapped=True)
        tool._store = VectorStore.load(folder)
        return tool

    def _tastes(self, own: Ints) -> Floats:
        """Returns `(n, width)`: what these items' cards say beyond what all say."""
        tastes: Floats = self._scan.vectors[own].astype(np.float64) - self._mean
        return tastes

    def _text_vector(self, query: Query) -> Vectors | None:
        if not query.text.strip():
            return None
        return query.vector if query.vector is not None else self.encoder.encode([query.text])[0]


def _ranking(rows: Ints, products: Floats, k: int) -> Ranking:
    order = np.lexsort((rows, -products))[:k]
    return Ranking(rows[order], products[order])


def _digests(cards: list[str]) -> Bytes:
    return np.frombuffer(b"".join(map(digest, cards)), np.uint8).reshape(-1, 16)
