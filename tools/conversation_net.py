"""The net behind `conversation`: from a conversation's words and named items to what is named next."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from convrec.tools.contract import Floats, Ints, Vectors

AGES = 8
"""How many of the items named last are told apart by their place; older ones count as the oldest of these."""


@dataclass(frozen=True)
class Lesson:
    """One row to learn from: the vectors of the conversation and of its end, what was named before, what should be found.

    `named` are rows, the latest last; `targets` and `weights` `(n,)` are rows and how much each counts; `importance` is the whole row's.
    """

    named: tuple[int, ...]
    targets: tuple[int, ...]
    weights: tuple[float, ...]
    importance: float


@dataclass(frozen=True)
class Shape:
    """The size of the net and how it is taught."""

    width: int
    epochs: int
    batch: int
    rate: float
    dropout: float
    id_dropout: float
    decay: float


@dataclass(frozen=True)
class Weights:
    """A taught net as arrays: what answering needs, without torch.

    `wanted` `(n_items, width)` and `named` `(n_items, width)` are items as answers and as what was named; `prior` `(n_items,)`.
    """

    wanted: Vectors
    named: Vectors
    prior: Vectors
    said: Vectors
    ending: Vectors
    offset: Vectors
    ages: Vectors
    inner: Vectors
    inner_offset: Vectors
    outer: Vectors

    def logits(self, said: Vectors | None, ending: Vectors | None, rows: Ints, weights: Floats) -> Floats:
        """Returns `(n_items,)` logits. `rows` were named, the latest last, each with a weight, below 0 where it was disliked."""
        parts: list[Vectors | Floats] = [self.offset]
        if said is not None and ending is not None:
            parts += [said @ self.said, ending @ self.ending]
        if len(rows):
            parts.append((self.remembered(rows) * weights) @ self.named[rows])
        asked = np.sum(np.stack(parts).astype(np.float64), axis=0)
        bent: Floats = _gelu(asked @ self.inner + self.inner_offset) @ self.outer
        asked = asked + bent
        logits: Floats = (self.wanted @ asked.astype(np.float32) + self.prior).astype(np.float64)
        return logits

    def remembered(self, rows: Ints) -> Floats:
        """Returns `(n,)`: what each of the named items counts by its age, all together 1."""
        ages = np.minimum(np.arange(len(rows))[::-1], AGES - 1)
        shares = np.exp(self.ages[ages].astype(np.float64))
        total: Floats = shares / shares.sum()
        return total

    def arrays(self) -> dict[str, Vectors]:
        """Returns the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    value: Floats = 0.5 * x * (1.0 + erf(x / np.sqrt(2.0)))
    return value
