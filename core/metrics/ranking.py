"""How well one ranking finds one case's targets; all gains are binary.

Rankings come best first, their ties already broken, so that the same scores give the same figure. An id that occurs twice counts once, at its first place; the repeat keeps occupying its place. An empty
ranking scores 0: a system that fails has missed. Every metric raises ValueError where there are no targets or `k` is
below 1.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence


def rank_of(ranked: Sequence[str], target: str) -> int | None:
    """Returns the first place of the target, counted from 1; None where it isn't ranked."""
    return next((rank for rank, item in enumerate(ranked, 1) if item == target), None)


def found(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns how many targets stand among the first `k`: the numerator of a recall that is pooled over cases."""
    return float(len(_hits(ranked, targets, k)))


def hit_rate(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns 1 where any target stands among the first `k`, else 0 (trec_eval's `success`)."""
    return 1.0 if _hits(ranked, targets, k) else 0.0


def precision(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns the targets among the first `k` over `k`, however short the ranking is (trec_eval's `P`)."""
    return len(_hits(ranked, targets, k)) / k


def recall(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns the targets among the first `k` over all targets (trec_eval's `recall`)."""
    return len(_hits(ranked, targets, k)) / len(set(targets))


def reciprocal_rank(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns 1 over the place of the first target; 0 where none stands among the first `k` (Voorhees 1999)."""
    hits = _hits(ranked, targets, k)
    return 1 / hits[0] if hits else 0.0


def average_precision(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns the sum of the precisions at the places of targets among the first `k`, over all targets.

    This is trec_eval's `map_cut`: with more targets than `k`, even a perfect ranking stays below 1. Others divide by
    `min(targets, k)`.
    """
    hits = _hits(ranked, targets, k)
    return sum(number / rank for number, rank in enumerate(hits, 1)) / len(set(targets))


def ndcg(ranked: Sequence[str], targets: Collection[str], k: int) -> float:
    """Returns the discounted gain of the first `k` over that of an ideal ranking.

    A target at place r gains 1 / log2(r + 1); the ideal has `min(targets, k)` of them in front (Järvelin & Kekäläinen
    2002, with the discount of Burges et al. 2005 and trec_eval's `ndcg_cut`).
    """
    hits = _hits(ranked, targets, k)
    return _discounted(hits) / _discounted(range(1, min(len(set(targets)), k) + 1))


def _discounted(ranks: Collection[int]) -> float:
    return sum(1 / math.log2(rank + 1) for rank in ranks)


def _hits(ranked: Sequence[str], targets: Collection[str], k: int) -> list[int]:
    """Returns the places, from 1, at which targets first occur among the first `k`."""
    if k < 1:
        raise ValueError(f"k is {k}; at least one place must count")
    if not targets:
        raise ValueError("a case without targets can't be scored: leave it out")
    missing, hits = set(targets), []
    for rank, item in enumerate(ranked[:k], 1):
        if item in missing:
            missing.remove(item)
            hits.append(rank)
    return hits
