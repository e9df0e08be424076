"""Which of several items a description means, how surely, and whether it means any of them at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from convrec.agent.compact.fields import Fields
from convrec.agent.describing.likeness import SIGNALS, Said, Sight
from convrec.agent.describing.lines import lines_of
from convrec.agent.describing.meanings import Meanings
from convrec.tools.encoder import TextEncoder

Floats = npt.NDArray[np.float64]

WEIGHTS = Path(__file__).with_name("weights.safetensors")
"""How much each signal counts: see the README.md beside it."""

_TUNED_FOR = "all-MiniLM-L6-v2"
_KEPT = 512  # items whose words are kept


@dataclass(frozen=True)
class Resolved:
    """How likely each item is the one described, given that one is (they sum to 1), and how likely any of them is.

    The latter goes by shared words alone.
    """

    chances: tuple[float, ...]
    any_of_them: float


class Resolver:
    """Weighs descriptions against a catalogue's items. Safe to use from several threads.

    Without the encoder that its weights were tuned for, only the words that description and item share are weighed.
    """

    def __init__(self, fields: Fields, encoder: TextEncoder | None = None) -> None:
        self._fields, self._encoder = fields, encoder
        self._sights: dict[int, Sight] = {}
        self._guard = threading.Lock()

    def resolve(self, text: str, rows: Sequence[int]) -> Resolved:
        """Returns how likely a description (without its denial, see `phrase_of`) means each of the rows' items."""
        with self._guard:
            signals = self.signals(text, rows)
        utilities, shared = self._weighed(signals), self._weighed(signals[:, : len(SIGNALS)])
        likely = np.exp(utilities - utilities.max())
        slope, start = self._numbers["any"]
        return Resolved(tuple((likely / likely.sum()).tolist()), float(1 / (1 + np.exp(-slope * shared.max() - start))))

    def signals(self, text: str, rows: Sequence[int]) -> Floats:
        """Returns `(n_items, n_signals)`: what speaks for each item. Three signals of meanings follow where there is an encoder."""
        said, items = Said(text), [self._sight(row) for row in rows]
        found: Floats = np.array([signal(said, items) for signal in SIGNALS.values()], np.float64).T
        if self._meanings is None:
            return found
        return np.hstack([found, self._meanings.scores(text, [item.lines for item in items])])

    def _weighed(self, signals: Floats) -> Floats:
        utilities: Floats = signals @ self._numbers[f"signals_{signals.shape[1]}"]
        return utilities

    def _sight(self, row: int) -> Sight:
        if row not in self._sights:
            if len(self._sights) >= _KEPT:
                self._sights.pop(next(iter(self._sights)))
            self._sights[row] = sight_of(self._fields, row)
        return self._sights[row]

    @cached_property
    def _numbers(self) -> Mapping[str, Floats]:
        return {name: numbers.astype(np.float64) for name, numbers in load_file(WEIGHTS).items()}

    @cached_property
    def _meanings(self) -> Meanings | None:
        encoder = self._encoder
        if encoder is None or encoder.folder != TextEncoder.open(_TUNED_FOR).folder:
            return None
        return Meanings(encoder)


def sight_of(fields: Fields, row: int) -> Sight:
    """Returns an item as descriptions see it."""
    catalogue, years = fields.catalogue, fields.years()
    lengths = None if fields.length is None else catalogue.numbers(fields.length.name)
    return Sight(catalogue.titles[row], lines_of(catalogue, row), _known(years, row), _known(lengths, row))


def _known(column: Floats | None, row: int) -> float | None:
    return None if column is None or np.isnan(column[row]) else float(column[row])
