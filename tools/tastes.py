"""People with several tastes: their history in groups of like items, and places of a list shared out among the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convrec.tools.contract import Floats, Ints, Vectors

MOST = 4
"""How many tastes a history is divided into at most."""

_APART = 0.7  # cosine distance of two groups' items, on average, from which they are two tastes


@dataclass(frozen=True)
class Taste:
    """A group of like items: their places in the history `(m,)`, and its share of the history's weight, above 0 and up to 1."""

    places: Ints
    share: float


def tastes(vectors: Vectors, weights: Floats, most: int = MOST, apart: float = _APART) -> tuple[Taste, ...]:
    """Returns the tastes in a history, the largest share first; shares sum to 1. None for no item of weight above 0.

    `vectors` is `(n, width)`, of unit length; `weights` is `(n,)`; disliked items (below 0) belong to no taste. Groups are
    joined by average linkage of cosine distances until all are `apart` or only `most` are left, as PinnerSage does with Ward's
    (Pal et al. 2020, section 3.2), and each counts for the sum of its weights. The same history gives the same tastes,
    whatever its order.
    """
    liked = np.flatnonzero(np.nan_to_num(weights) > 0)
    if not len(liked):
        return ()
    groups = _grouped(vectors[liked], most, apart)
    total = float(weights[liked].sum())
    found = [
        Taste(liked[groups == group], float(weights[liked[groups == group]].sum()) / total)
        for group in np.unique(groups)
    ]
    return tuple(sorted(found, key=lambda taste: (-taste.share, int(taste.places[0]))))


def _grouped(vectors: Vectors, most: int, apart: float) -> Ints:
    """Returns each item's group `(n,)`."""
    if len(vectors) == 1 or most == 1:
        return np.zeros(len(vectors), np.int64)
    from scipy.cluster.hierarchy import average, fcluster
    from scipy.spatial.distance import squareform

    distances = 1.0 - (vectors @ vectors.T).astype(np.float64)
    distances = np.clip((distances + distances.T) / 2.0, 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    joined = average(squareform(distances, checks=False))
    groups = fcluster(joined, apart, "distance")
    if groups.max() > most:
        groups = fcluster(joined, most, "maxclust")
    return np.asarray(groups, np.int64)


def allotted(shares: Sequence[float] | Floats, k: int) -> Ints:
    """Returns how many of `k` places each share gets, `(n,)`, summing to `k`; all 0 where the shares are.

    By Sainte-Laguë's highest averages: proportional without favour to the large or the small, and a larger `k` never
    takes a place away.
    """
    places = np.zeros(len(shares), np.int64)
    amounts = np.asarray(shares, np.float64)
    if not len(amounts) or amounts.max() <= 0:
        return places
    for _ in range(k):
        places[int((amounts / (2 * places + 1)).argmax())] += 1
    return places


def belonging(candidates: Vectors, history: Vectors, found: Sequence[Taste]) -> Ints:
    """Returns the taste `(n,)` whose items each candidate is nearest to on average, as a place in `found`.

    `candidates` is `(n, width)`, `history` the `(m, width)` that the tastes were found in.
    """
    cosines = [(candidates @ history[taste.places].T).mean(axis=1) for taste in found]
    return np.argmax(np.stack(cosines), axis=0).astype(np.int64) if cosines else np.empty(0, np.int64)


def calibrated(scores: Floats, group: Ints, shares: Sequence[float] | Floats, k: int, strength: float) -> Ints:
    """Returns the places of `k` candidates, the tastes among them in proportion to their shares.

    Chosen one after the other by `(1 - strength) · score - strength · KL(shares ‖ the list's)` (Steck 2018, eq. 5, greedily,
    smoothed by .01 as there); scores `(n,)` are brought to 0…1 first. `group` is `(n,)`, each candidate's taste. Strength 0
    ranks by score alone.
    """
    k = min(k, len(scores))
    wanted = np.asarray(shares, np.float64)
    low, high = (float(scores.min()), float(scores.max())) if len(scores) else (0.0, 0.0)
    relevance = (scores - low) / (high - low) if high > low else np.zeros(len(scores))
    counts, left, chosen = np.zeros(len(wanted)), np.ones(len(scores), np.bool_), []
    for _ in range(k):
        cost = np.array([divergence(wanted, counts + np.eye(len(wanted))[each]) for each in range(len(wanted))])
        gain = np.where(left, (1.0 - strength) * relevance - strength * (cost[group] if len(wanted) else 0.0), -np.inf)
        best = int(gain.argmax())
        chosen.append(best)
        left[best] = False
        if len(wanted):
            counts[group[best]] += 1
    return np.array(chosen, np.int64)


def divergence(wanted: Floats, counts: Floats) -> float:
    """Returns the Kullback–Leibler divergence in nats of a list's tastes from the history's (Steck 2018, eq. 2–4)."""
    total = float(counts.sum())
    have = counts / total if total else np.zeros(len(counts))
    have = 0.99 * have + 0.01 * wanted
    there = wanted > 0
    return float((wanted[there] * np.log(wanted[there] / have[there])).sum())
