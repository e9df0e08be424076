"""Feedback on a slate, taken into the next one without a refit: what is like a rejected item falls, what is like a liked one rises."""

from __future__ import annotations

import numpy as np

from convrec.tools.contract import Floats, Vectors


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
    Measured against Rocchio's direction and fold-in at negative weight (`benchmarks/feedback.py`), nearness to rejected cards orders
    what people like and dislike best; likes are better folded into the history.
    """
    parts = {"liked": pull * nearness(vectors, liked), "disliked": -push * nearness(vectors, rejected)}
    return {name: amounts for name, amounts in parts.items() if amounts.any()}
