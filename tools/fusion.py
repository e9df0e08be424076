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


def places(ranking: Ranking, rows: Ints) -> Ints:
    """Returns each row's place in the ranking `(n,)` from 0, -1 where it is not ranked."""
    if not len(ranking):
        return np.full(len(rows), -1, np.int64)
    order = np.argsort(ranking.rows)
    found = order[np.searchsorted(ranking.rows, rows, sorter=order).clip(max=len(order) - 1)]
    return np.where(ranking.rows[found] == rows, found, -1)


def worths(ranking: Ranking, rows: Ints, smoothing: float = SMOOTHING) -> Floats:
    """Returns what each row's rank is worth `(n,)`, 0 where it is not ranked."""
    place = places(ranking, rows)
    found: Floats = np.where(place >= 0, worth(len(ranking) + 1, smoothing)[place], 0.0)
    return found


def fuse(rankings: Mapping[str, Ranking], weights: Mapping[str, float], smoothing: float = SMOOTHING) -> Fused:
    """Returns the rankings' rows in the order of the summed worth of their ranks; a missing weight is 1."""
    ranked = [ranking.rows for ranking in rankings.values()]
    rows = np.unique(np.concatenate(ranked)) if ranked else np.empty(0, np.int64)
    contributions = {
        name: weights.get(name, 1.0) * worths(ranking, rows, smoothing) for name, ranking in rankings.items()
    }
    scores = np.sum(list(contributions.values()), axis=0) if contributions else np.empty(0)
    order = np.argsort(-scores, kind="stable")
    return Fused(rows[order], scores[order], {name: amounts[order] for name, amounts in contributions.items()})
