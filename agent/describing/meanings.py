"""Words near in meaning: "scientist" speaks for an item with a physicist. Each word's own vector; no layer of the encoder is run."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convrec.agent.describing.words import telling_words, weight
from convrec.tools.encoder import TextEncoder

Floats = npt.NDArray[np.float32]

_FLOOR = 0.25  # cosine under which two words have nothing in common
_KEPT = 64  # items whose words' vectors are kept: half a megabyte each at most


@dataclass(frozen=True)
class _Words:
    """The vectors of an item's telling words `(n_words, width)`, and the places of each line's words among them."""

    vectors: Floats
    lines: tuple[npt.NDArray[np.intp], ...]


class Meanings:
    """Scores how near an item's words are to those of a description."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._kept: OrderedDict[tuple[str, ...], _Words] = OrderedDict()

    def scores(self, text: str, items: Sequence[tuple[str, ...]]) -> list[list[float]]:
        """Returns for each item, given as its lines, how near its words are to the telling words: on average, summed, and summed
        within one line.
        """
        said = telling_words(text)
        if not said:
            return [[0.0, 0.0, 0.0] for _ in items]
        weights = np.array([weight(word) for word in said], np.float32)
        vectors = self._encoder.meanings(said)
        return [self._three(vectors, weights, self._words(lines)) for lines in items]

    @staticmethod
    def _three(vectors: Floats, weights: Floats, item: _Words) -> list[float]:
        near = item.vectors @ vectors.T
        near[near < _FLOOR] = 0.0
        if not len(near):
            return [0.0, 0.0, 0.0]
        amount = float(near.max(axis=0) @ weights)
        within = max(float(near[places].max(axis=0) @ weights) for places in item.lines)
        return [amount / float(weights.sum()), amount, within]

    def _words(self, lines: tuple[str, ...]) -> _Words:
        if lines not in self._kept:
            self._kept[lines] = self._read(lines)
        self._kept.move_to_end(lines)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[lines]

    def _read(self, lines: tuple[str, ...]) -> _Words:
        told = [words for line in lines if (words := telling_words(line))]
        every = list(dict.fromkeys(word for words in told for word in words))
        place = {word: number for number, word in enumerate(every)}
        vectors = self._encoder.meanings(every) if every else np.zeros((0, self._encoder.width), np.float32)
        return _Words(vectors, tuple(np.array([place[word] for word in words]) for words in told))
