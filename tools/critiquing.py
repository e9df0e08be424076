"""Feedback on a slate, taken into the next one without a refit: what is like a rejected item falls, what is like a liked one rises."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convrec.tools.contract import Floats, Vectors

History = tuple[tuple[int, float], ...]


def nearness(vectors: Vectors, marked: Vectors, closest: int = 2) -> Floats:
    """Returns `(n,)`: the mean of each candidate's `closest` largest cosines with the marked items, 0 where those are negative or none.

    `vectors` is `(n, width)` and `marked` `(m, width)`, of unit length, zeros for an item without one.
    """
    if not len(marked) or not len(vectors):
        return np.zeros(len(vectors))
    cosines = np.maximum((vectors @ marked.T).astype(np.float64), 0.0)
    near: Floats = np.sort(cosines, axis=1)[:, -closest:].mean(axis=1)
    return near


def few_shot(vectors: Vectors, liked: Vectors, rejected: Vectors, pull: float, push: float) -> dict[str, Floats]:
    """Returns what nearness to the liked and the rejected adds to each candidate: `liked` and `disliked`, both `(n,)`.

    A nearest-neighbour classifier with the feedback as its only examples: `pull` times the nearness to the liked, less `push`
    times the nearness to the rejected. Both on the scale of the scores that they are added to. A part of nothing is left out.
    """
    parts = {"liked": pull * nearness(vectors, liked), "disliked": -push * nearness(vectors, rejected)}
    return {name: amounts for name, amounts in parts.items() if amounts.any()}


def rocchio(wanted: Vectors, liked: Vectors, rejected: Vectors, pull: float = 0.75, push: float = 0.25) -> Vectors:
    """Returns the `(width,)` unit direction moved towards the mean of the liked and away from the mean of the rejected.

    `wanted` is `(width,)`, the others `(m, width)` (Rocchio 1971, in Manning, Raghavan & Schütze 2008, eq. 9.3). Zeros where
    nothing is left.
    """
    moved = wanted.astype(np.float64)
    for marked, amount in ((liked, pull), (rejected, -push)):
        if len(marked):
            moved = moved + amount * marked.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(moved))
    unit: Vectors = (moved / length if length > 0 else moved).astype(np.float32)
    return unit


def folded(
    history: History, liked: Sequence[int], rejected: Sequence[int], pull: float = 1.0, push: float = 0.5
) -> History:
    """Returns the history with the feedback folded in as further entries: weight `pull` for the liked, `-push` for the rejected.

    Linear tools and factors take such a history as it is. What was said of an item last counts.
    """
    weights = dict(history) | dict.fromkeys(liked, pull) | dict.fromkeys(rejected, -push)
    return tuple((row, weight) for row, weight in weights.items() if weight)
