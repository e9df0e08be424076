"""Tuned dense retrieval: items by their text alone, compared as the catalogue's own people and conversations compare them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment, replaced
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
)  # fmt: skip
from convrec.tools.embeddings import VectorCache, cards_of, digest
from convrec.tools.encoder import TextEncoder
from convrec.tools.storage import read_array, read_config, write_array, write_config
from convrec.tools.threads import one_blas_thread
from convrec.tools.tuned_features import ItemFeatures
from convrec.tools.tuned_fit import Maps, learned


class TunedDenseConfig(ToolConfig):
    """How cards are read, how much is learned, and when it is kept."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")
    max_tokens: int = Field(64, ge=8, le=256, description="tokens of an item's card that the encoder reads")
    width: int = Field(384, ge=8, description="numbers that are kept of an item")
    max_requests: int = Field(4000, ge=0, description="moments of dialogues that texts are learned from, at most")
    least_gain: float = Field(
        0.0, ge=-1, le=1, description="recall@20 of held-out cases by which tuning must pass the frozen vectors"
    )


class TunedDense(AlignedTool):
    """Scores an item by the product of its features with what the history's items and the text ask for.

    Features are the frozen vector of its card, its values and numbers, so an item is found by everything as soon as it is
    ingested. What a liked item asks for is learned from choices, what a text asks for from dialogues, in closed form
    (`tuned_maps`). Either is kept only where it finds more of what was held out than the frozen vectors do; a query that
    has nothing but the other is not answered.
    """

    name = "tuned_dense"
    revision = 2
    kind = "dense"
    capabilities = Capabilities(fold_in=True, text_query=True, explain=True, incremental=True, vectors=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = TunedDenseConfig
    config: TunedDenseConfig
    _features: ItemFeatures
    _maps: Maps
    _items: Alignment
    _targets: Vectors  # (n_own, width), what the directions are multiplied with
    _asked: Vectors  # (n_own, width), what each item asks for when it is liked
    _digests: npt.NDArray[np.uint8]  # (n_own, 16), of the cards

    def fit(self, data: TrainingData) -> None:
        """Encodes every item's card and learns the maps.

        Raises:
            NotFittedError: too few people chose more than one item, or neither map passes the frozen vectors.
        """
        catalogue = data.catalogue
        cards = [catalogue.card(row) for row in range(len(catalogue))]
        encoder = data.encoder or TextEncoder.open(self.config.encoder)
        known = VectorCache(data.cache, encoder, self.config.max_tokens).vectors(cards, data.progress)
        found = learned(data, encoder, known, self.config.width, self.config.max_requests, self.config.least_gain)
        self._features, self._maps, self.note = found.features, found.maps, found.note
        self._digests = _digests(cards)
        self._place(catalogue, known)

    def transferred(self, catalogue: Catalogue, vectors: Vectors) -> Self:
        """Returns the tool over another catalogue, whose cards' `vectors` are `(n_items, …)`: what it learned of texts and features alone."""
        tool = type(self)(self.config)
        tool._features, tool._maps = self._features, self._maps.without_items()
        tool._digests = _digests([catalogue.card(row) for row in range(len(catalogue))])
        tool._place(catalogue, vectors)
        return tool

    def _place(self, catalogue: Catalogue, vectors: Vectors) -> None:
        """Takes every item of the catalogue in."""
        rows = np.arange(len(catalogue))
        self._targets = self._features.products(catalogue, vectors, rows, self._maps.targets)
        self._asked = self._maps.asked_of(catalogue.ids, self._targets)
        self._items = Alignment(catalogue.ids, catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the products of all items with what the query asks for; None where it asks for nothing that was learned."""
        wanted = self._wanted(query)
        if wanted is None:
            return None
        with one_blas_thread():
            products = self._targets @ wanted.total.astype(np.float32)
        return self._items.scatter(products.astype(np.float64))

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what the text (`text`) and each item of the history (`item:858`) add. Exact."""
        place, wanted = int(self._items.own[row]), self._wanted(query)
        if place < 0 or wanted is None:
            return Explanation()
        target = self._targets[place].astype(np.float64)
        parts = [] if wanted.text is None else [Contribution("text", float(wanted.text @ target))]
        parts += [Contribution(f"item:{self._items.ids[own]}", float(asked @ target)) for own, asked in wanted.items]
        return ordered(parts)

    def update(self, catalogue: Catalogue, rows: Ints | None = None) -> None:
        """Takes in items that are new, and again those whose card has changed."""
        self._items = Alignment(self._items.ids, catalogue)
        cards = cards_of(catalogue, rows)
        rows, digests = np.array(list(cards), np.int64), _digests(list(cards.values()))
        own = self._items.own[rows]
        stale = (own < 0) | (self._digests[own] != digests).any(axis=1)
        if not stale.any():
            return
        wanted = [card for card, is_stale in zip(cards.values(), stale, strict=True) if is_stale]
        vectors = TextEncoder.open(self.config.encoder).encode(wanted, self.config.max_tokens)
        new, changed = rows[own < 0], rows[stale]
        self._items = self._items.with_rows(new, catalogue)
        place = self._items.own[changed]
        targets = self._features.products(catalogue, vectors, changed, self._maps.targets)
        asked = self._maps.asked_of([catalogue.ids[row] for row in changed.tolist()], targets)
        self._targets = replaced(self._targets, place, targets, len(new))
        self._asked = replaced(self._asked, place, asked, len(new))
        self._digests = replaced(self._digests, place, digests[stale], len(new))

    def save(self, folder: Path) -> None:
        """Writes features, maps, what is kept of items, and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        self._features.save(folder)
        self._maps.save(folder)
        write_array(folder / "targets.npy", self._targets)
        write_array(folder / "asked.npy", self._asked)
        write_array(folder / "digests.npy", self._digests)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, what it keeps of items memory-mapped."""
        tool = cls(read_config(folder, TunedDenseConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._features = ItemFeatures.load(folder)
        tool._maps = Maps.load(folder)
        tool._targets = read_array(folder / "targets.npy", mapped=True)
        tool._asked = read_array(folder / "asked.npy", mapped=True)
        tool._digests = read_array(folder / "digests.npy")
        return tool

    def _wanted(self, query: Query) -> _Wanted | None:
        """Returns what the query asks for; None where it has neither a text nor a known item of which something was learned."""
        text = self._maps.of_text(self._vector(query)) if query.text.strip() and self._maps.reads_texts else None
        own, weights = self._items.history(query.history if self._maps.reads_choices else ())
        if text is None and not len(own):
            return None
        shares = weights / np.abs(weights).sum() if len(own) else weights
        asked = shares[:, None] * self._asked[own].astype(np.float64)
        return _Wanted(text, tuple(zip(own.tolist(), asked, strict=True)))

    def _vector(self, query: Query) -> Vectors:
        return (
            query.vector if query.vector is not None else TextEncoder.open(self.config.encoder).encode([query.text])[0]
        )


@dataclass(frozen=True)
class _Wanted:
    """What the text asks for, and each item of the history by its own number: directions `(width,)`."""

    text: Floats | None
    items: tuple[tuple[int, Floats], ...]

    @property
    def total(self) -> Floats:
        """Returns their sum."""
        parts = [asked for _, asked in self.items] + ([] if self.text is None else [self.text])
        total: Floats = np.sum(parts, axis=0)
        return total


def _digests(cards: list[str]) -> npt.NDArray[np.uint8]:
    return np.frombuffer(b"".join(map(digest, cards)), np.uint8).reshape(-1, 16)
