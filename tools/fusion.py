"""Fusion of rankings by weighted reciprocal rank, additive, so that every score is the sum of its parts."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convrec.tools.contract import Floats, Ints, Ranking

SMOOTHING = 60.0
"""The constant of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009): how slowly a rank's worth falls."""


@dataclass(frozen=True)
class Fused:
    """Rows `(n,)` by falling score `(n,)`, ties by row, and each ranking's part of every score: name → `(n,)`."""

    rows: Ints
    scores: Floats
    contributions: dict[str, Floats]


def worth(n: int, smoothing: float = SMOOTHING) -> Floats:
    """Returns what the ranks 1…n are worth: 1 for the first, falling as `(smoothing + 1) / (smoothing + rank)`."""
    ranks: Floats = np.arange(1, n + 1, dtype=np.float64)
    return (smoothing + 1.0) / (smoothing + ranks)


def spread(ranking: Ranking, weight: float, n_items: int, smoothing: float = SMOOTHING) -> Floats:
    """Returns `(n_items,)`: the weight times each ranked row's worth, 0 for rows that are not ranked."""
    amounts = np.zeros(n_items)
    amounts[ranking.rows] = weight * worth(len(ranking), smoothing)
    return amounts


def fuse(rankings: Mapping[str, Ranking], weights: Mapping[str, float], smoothing: float = SMOOTHING) -> Fused:
    """Returns the rankings' rows in the order of the summed worth of their ranks; a missing weight is 1."""
    ranked = [ranking.rows for ranking in rankings.values()]
    rows = np.unique(np.concatenate(ranked)) if ranked else np.empty(0, np.int64)
    contributions = {name: np.zeros(len(rows)) for name in rankings}
    for name, ranking in rankings.items():
        contributions[name][np.searchsorted(rows, ranking.rows)] = weights.get(name, 1.0) * worth(
            len(ranking), smoothing
        )
    scores = np.sum(list(contributions.values()), axis=0) if contributions else np.empty(0)
    order = np.argsort(-scores, kind="stable")
    return Fused(rows[order], scores[order], {name: amounts[order] for name, amounts in contributions.items()})
