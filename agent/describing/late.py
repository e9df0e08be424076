"""Late interaction: each word of a description looks for the word that fits it best in every line of an item.

After Khattab & Zaharia 2020, ColBERT (section 3), on the encoder that ships, tuned by a LoRA adapter to tell two items apart.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from convrec.tools.encoder import TextEncoder

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float32]

LINE_TOKENS = 60
SAID_TOKENS = 48
_KEPT = 64  # items whose lines stay encoded: a megabyte each at most
_SHARP = 2.0  # how near the mean over lines is to the best line


@dataclass(frozen=True)
class _Encoded:
    """An item's lines: the unit vectors of all their words `(n_words, width)`, where each line starts, its mean and its bonus."""

    words: npt.NDArray[np.float16]
    starts: npt.NDArray[np.int64]
    means: Floats
    bonus: Floats


@dataclass(frozen=True)
class _Said:
    """A description: the unit vectors of its words `(n_words, width)`, how much each counts, and its mean."""

    words: Floats
    weights: Floats
    mean: Floats


class LateInteraction:
    """Scores how well an item's lines fit a description. Lines are encoded when they are first needed, and kept."""

    def __init__(self, encoder: TextEncoder, tensors: Mapping[str, Tensor]) -> None:
        self._encoder = TextEncoder(encoder.folder, tensors)
        self._word_weight, self._line_bonus, self._scale = (
            tensors[name].float().numpy() for name in ("word_weight", "line_bonus", "scale")
        )
        self._kept: OrderedDict[tuple[str, ...], _Encoded] = OrderedDict()

    def scores(self, text: str, items: Sequence[tuple[str, ...]]) -> list[list[float]]:
        """Returns for each item, given as its lines, three scores: word by word over all lines, word by word within the best
        lines, and the cosine of the whole with the best lines.
        """
        said = self._said(text)
        return [self._three(said, self._lines(lines)) for lines in items]

    def _three(self, said: _Said, item: _Encoded) -> list[float]:
        best = np.maximum.reduceat(
            item.words.astype(np.float32) @ said.words.T, item.starts, axis=0
        )  # (n_lines, n_words)
        anywhere = float(best.max(axis=0) @ said.weights)
        within = _soft_best(self._scale[1], best @ said.weights + item.bonus)
        whole = _soft_best(self._scale[2], item.means @ said.mean + item.bonus)
        return [float(self._scale[0]) * anywhere, within, whole]

    def _said(self, text: str) -> _Said:
        (states,) = self._encoder.word_vectors([text], SAID_TOKENS)
        inner = states[1:-1]
        weights = np.exp(inner @ self._word_weight)
        return _Said(_unit(inner), weights / weights.sum(), _unit(states.mean(axis=0)))

    def _lines(self, lines: tuple[str, ...]) -> _Encoded:
        if lines not in self._kept:
            self._kept[lines] = self._encoded(lines)
        self._kept.move_to_end(lines)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[lines]

    def _encoded(self, lines: tuple[str, ...]) -> _Encoded:
        states = self._encoder.word_vectors(lines, LINE_TOKENS)
        means = np.stack([each.mean(axis=0) for each in states])
        starts = np.cumsum([0, *(len(each) for each in states[:-1])])
        return _Encoded(
            _unit(np.concatenate(states)).astype(np.float16), starts, _unit(means), means @ self._line_bonus
        )


def _soft_best(scale: float, fits: Floats) -> float:
    """Returns the soft maximum over an item's lines."""
    scaled = _SHARP * scale * fits
    top = float(scaled.max())
    return (top + float(np.log(np.exp(scaled - top).sum()))) / _SHARP


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.maximum(length, 1e-9)
    return unit
