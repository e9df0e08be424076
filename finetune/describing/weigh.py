"""How much each signal counts, and how well an item must fit to be meant at all: two small logistic models."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from convrec.agent.describing.likeness import SIGNALS

Floats = npt.NDArray[np.float64]

_RIDGE = 1.0
_LEAST_SIZE = 0.05
_PRIOR = {"newer_or_older": 3.0, "longer_or_shorter": 3.0, "first_letter": 3.0}
"""What is true by its words: such a signal decides, however seldom it was seen."""


def counts_of(leads: Floats, ridge: float = _RIDGE) -> Floats:
    """Returns `(n_signals,)`: what each signal counts, from `(n, n_signals)` by how much each favoured the item that was meant.

    A logistic regression without a constant, on signals of like size, held by `ridge` to what they count before any is seen.
    """
    size = np.maximum(leads.std(axis=0), _LEAST_SIZE)
    prior = np.array([_PRIOR.get(name, 0.0) for name in SIGNALS] + [0.0] * (leads.shape[1] - len(SIGNALS))) * size
    scaled = leads / size

    def loss(counts: Floats) -> tuple[float, Floats]:
        margin, off = scaled @ counts, counts - prior
        lost = np.logaddexp(0, -margin).sum() + 0.5 * ridge * off @ off
        return float(lost), -(scaled.T @ (1 / (1 + np.exp(margin)))) + ridge * off

    found: Floats = minimize(loss, prior, jac=True, method="L-BFGS-B").x
    counts: Floats = found / size
    return counts


def any_of(utilities: Floats, described: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Returns slope and start of the chance that any item is described, by the utility of the best one."""

    def loss(line: Floats) -> float:
        lost: float = np.logaddexp(0, -np.where(described, 1, -1) * (line[0] * utilities + line[1])).sum()
        return lost

    slope, start = minimize(loss, np.array([1.0, 0.0]), method="L-BFGS-B").x
    return float(slope), float(start)


def tables(
    rows: Sequence[int], others: Sequence[int], n: int, drawn: np.random.Generator
) -> list[tuple[list[int], bool]]:
    """Returns tables to weigh a description against: its own items, alone and among `n`, and as many strange ones twice."""
    free = [row for row in others if row not in rows]
    strange = drawn.choice(free, min(n, len(free)), replace=False).tolist()
    own = list(rows)
    return [
        (own, True),
        ([*own, *strange[: max(0, n - len(own))]], True),
        (strange[: len(own)], False),
        (strange, False),
    ]
