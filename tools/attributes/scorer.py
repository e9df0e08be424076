"""How much of an attribute each item of a catalogue has."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import cached_property

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.tools.attributes.model import ENCODER, phrase_vectors, shipped
from convrec.tools.attributes.places import value_vectors
from convrec.tools.contract import Floats, Ints, Vectors
from convrec.tools.encoder import TextEncoder

_TOLD = 0.3  # the length of a well-known attribute's direction
_NEARNESS = 0.3  # what nearness of card and phrase counts, in deviations, where nothing is known of the phrase
_REMEMBERED = 256
_BLOCK = 8192

Cards = Callable[[Ints], Vectors]
"""Returns the vectors `(n, width)` of the cards of some rows, zeros for an item without one."""


class AttributeScorer:
    """Scores a catalogue's items by any phrase: along the direction that was learned, and, the less is known of it, by nearness to the card.

    Items are placed at the first question, from the vectors of their values and of their cards, so nothing has to be fitted and a new
    item is scored like any other. Safe to use from several threads.
    """

    def __init__(self, catalogue: Catalogue, cards: Cards | None, encoder: TextEncoder | None = None) -> None:
        self._catalogue, self._cards, self._model = catalogue, cards, shipped()
        self._encoder = encoder or TextEncoder.open(ENCODER)
        self._known: OrderedDict[str, Floats] = OrderedDict()
        self._guard = threading.Lock()

    def over(self, catalogue: LaidCatalogue, cards: Cards | None) -> AttributeScorer:
        """Returns the scorer over a catalogue that was laid over its own; items that are new or changed have as much of everything as
        the mean, until a scorer is made anew.
        """
        other = AttributeScorer(catalogue, cards, self._encoder)
        if self.is_placed:
            places: Floats = np.zeros((len(catalogue), self._places.shape[1]))
            places[: len(self._places)] = self._places
            places[catalogue.change.spoken] = 0.0
            other.__dict__["_places"] = places
        return other

    @property
    def is_placed(self) -> bool:
        """Tells whether the items are placed already."""
        return "_places" in self.__dict__

    def place(self) -> None:
        """Places the items, so that the first question need not wait for it."""
        _ = self._places

    def scores(self, phrase: str) -> Floats:
        """Returns `(n_items,)`: how much of the phrase each item has; the mean is near 0, and a deviation of 1 is much."""
        with self._guard:
            if phrase not in self._known:
                self._known[phrase] = self._scored(phrase)
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
            self._known.move_to_end(phrase)
            return self._known[phrase]

    def _scored(self, phrase: str) -> Floats:
        direction = self._model.directions([phrase], self._encoder)[0]
        along: Floats = self._places @ direction / _TOLD
        unknown = 1.0 - min(float(np.linalg.norm(direction)) / _TOLD, 1.0)
        if self._cards is None or not unknown:
            return along
        near = self._products(phrase_vectors([phrase], self._encoder).T.astype(np.float64))[:, 0]
        return along + _NEARNESS * unknown * near / max(float(near.std()), 1e-9)

    @cached_property
    def _places(self) -> Floats:
        """Returns the items' places `(n_items, rank)`."""
        values = self._model.by_values(value_vectors(self._catalogue, self._encoder))
        return values if self._cards is None else values + self._products(self._model.card_map)

    def _products(self, matrix: Floats) -> Floats:
        """Returns `(n_items, n)`: the cards' vectors, less their mean, times a matrix `(width, n)`; 0 for items without a card's vector."""
        assert self._cards is not None
        rows, blocks = np.arange(len(self._catalogue)), []
        for start in range(0, len(rows), _BLOCK):
            cards = self._cards(rows[start : start + _BLOCK])
            blocks.append(np.where(cards.any(axis=1, keepdims=True), cards @ matrix, np.nan))
        found = np.concatenate(blocks) if blocks else np.empty((0, matrix.shape[1]))
        known = ~np.isnan(found[:, 0])
        mean = found[known].mean(axis=0) if known.any() else 0.0
        centred: Floats = np.where(known[:, None], found - mean, 0.0)
        return centred
