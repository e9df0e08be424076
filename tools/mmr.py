"""Diversity of a slate by maximal marginal relevance."""

import numpy as np

from convrec.tools.contract import Floats, Ints, Vectors


def diversified(scores: Floats, vectors: Vectors, diversity: float, n: int) -> Ints:
    """Returns the places of `n` candidates, chosen one after the other (Carbonell & Goldstein 1998).

    Each choice has the highest `(1 - diversity) · score - diversity · (its largest cosine with those chosen)`; scores `(m,)` are
    brought to 0…1 first. `vectors` is `(m, width)`, of unit length, zeros for an item without one.
    """
    n = min(n, len(scores))
    if n == 0:
        return np.empty(0, np.int64)
    low, high = float(scores.min()), float(scores.max())
    relevance = (scores - low) / (high - low) if high > low else np.zeros(len(scores))
    cosines = (vectors @ vectors.T).astype(np.float64)
    nearest = np.zeros(len(scores))
    left = np.ones(len(scores), np.bool_)
    chosen = []
    for _ in range(n):
        gain = np.where(left, (1.0 - diversity) * relevance - diversity * nearest, -np.inf)
        best = int(gain.argmax())
        chosen.append(best)
        left[best] = False
        nearest = np.maximum(nearest, cosines[best])
    return np.array(chosen, np.int64)
