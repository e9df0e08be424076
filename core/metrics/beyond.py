"""What lists are like beyond finding targets: coverage, concentration, novelty, popularity, diversity, calibration.

A figure is None where it isn't defined (the diversity of one item). Popularity is a count of users or interactions by
item id; an id that isn't counted has 0. An id that a list repeats counts once.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt


def coverage(lists: Iterable[Iterable[str]], n_items: int) -> float:
    """Returns the share of the catalogue's `n_items` that some list shows (Ge, Delgado-Battenfeld & Jannach 2010).

    Raises ValueError where the lists show more items than there are, or there are none.
    """
    shown = len({item for each in lists for item in each})
    if n_items < 1 or shown > n_items:
        raise ValueError(f"{shown} items are shown of a catalogue of {n_items}")
    return shown / n_items


def gini(exposure: npt.ArrayLike) -> float | None:
    """Returns how unevenly items are shown: 0 where all are shown equally often, 1 where a single one is always shown.

    `exposure` is `(n_items,)`: how often each item of the catalogue is shown, those never shown included. The sum is
    divided by `n_items - 1` (Shani & Gunawardana 2011). None where nothing is shown or there are fewer than two items.
    Raises ValueError on a negative or NaN exposure.
    """
    shown = np.sort(np.asarray(exposure, np.float64))
    if not (shown >= 0).all():
        raise ValueError("exposures are counts: none is negative or NaN")
    n_items, total = len(shown), float(shown.sum())
    if n_items < 2 or not total:
        return None
    weights = 2 * np.arange(1, n_items + 1) - n_items - 1
    return float(weights @ shown) / total / (n_items - 1)


def novelty_epc(
    ranked: Sequence[str],
    popularity: Mapping[str, float],
    n_users: int,
    k: int,
    relevant: Collection[str] | None = None,
) -> float:
    """Returns how likely a user doesn't know what the first `k` show, in [0, 1]: the expected popularity complement.

    The item at place r adds 1 - popularity / `n_users`, weighted by 1 / log2(r + 1); the sum is divided by the weights
    of the places that are filled. With `relevant`, items outside it add nothing (Vargas & Castells 2011). A repeat adds
    nothing and keeps its weight; an empty list has 0. `popularity` counts users by item. Raises ValueError where `k` is
    below 1 or an item has more users than `n_users`.
    """
    top = _top(ranked, k)
    weights = [1 / math.log2(rank + 1) for rank in range(1, len(top) + 1)]
    first = {item: rank for rank, item in reversed(list(enumerate(top)))}
    counted = first if relevant is None else {item: rank for item, rank in first.items() if item in relevant}
    gain = sum(weights[rank] * _complement(popularity.get(item, 0), n_users) for item, rank in counted.items())
    return gain / sum(weights) if top else 0.0


def average_popularity(ranked: Sequence[str], popularity: Mapping[str, float], k: int) -> float | None:
    """Returns the mean popularity of the first `k`, in the unit of `popularity`; None for an empty list.

    Its mean over users is ARP (Yin et al. 2012). Raises ValueError where `k` is below 1.
    """
    top = dict.fromkeys(_top(ranked, k))
    return sum(popularity.get(item, 0) for item in top) / len(top) if top else None


def head_items(counts: Mapping[str, float], share: float = 0.2) -> frozenset[str]:
    """Returns the most popular `share` of the items with a count above 0, ties by id; the others are the long tail.

    Their number is rounded, and at least one where any item has a count. Raises ValueError unless `share` is in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; it lies in (0, 1]")
    ordered = sorted((item for item, count in counts.items() if count > 0), key=lambda item: (-counts[item], item))
    return frozenset(ordered[: max(1, round(share * len(ordered)))])


def long_tail_count(ranked: Sequence[str], head: Collection[str], k: int) -> int:
    """Returns how many of the first `k` are outside the `head`, items without any interaction included.

    Its mean over users is ACLT (Abdollahpouri et al. 2019). Raises ValueError where `k` is below 1.
    """
    return sum(item not in head for item in dict.fromkeys(_top(ranked, k)))


def popularity_opportunity(hits_by_group: Mapping[str, float], targets_by_group: Mapping[str, float]) -> float | None:
    """Returns how unequal the groups' chances are to be recommended where they are wanted: 0 where they are equal.

    A group's chance is its hits over its targets, both summed over users; the figure is the chances' standard deviation
    (over n) over their mean (PopREO; Zhu, Wang & Caverlee 2020). Groups are those of items by popularity. Groups
    without targets are left out; None where fewer than two are left or nothing was hit. Raises ValueError where a group
    has more hits than targets.
    """
    groups = hits_by_group.keys() | targets_by_group.keys()
    counts = [(hits_by_group.get(group, 0), targets_by_group.get(group, 0)) for group in sorted(groups)]
    if any(not 0 <= hits <= targets for hits, targets in counts):
        raise ValueError("a group's hits are among its targets")
    chances = np.array([hits / targets for hits, targets in counts if targets])
    return float(chances.std() / chances.mean()) if len(chances) > 1 and chances.any() else None


def intra_list_diversity(vectors: npt.ArrayLike) -> float | None:
    """Returns the mean of 1 - cosine over the pairs of a list's items; None for fewer than two.

    `vectors` is `(k, d)`; a vector of zeros is unlike any other. Ziegler et al. 2005 sum the pairs' similarities; the
    mean distance has the opposite sense and doesn't grow with the list.
    """
    found = np.asarray(vectors, np.float64)
    if len(found) < 2:
        return None
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    units = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
    total = units.sum(axis=0)
    alike = float(total @ total - (units * units).sum())  # every pair twice, without those of an item and itself
    return 1 - alike / (len(units) * (len(units) - 1))


def distribution(values: Iterable[Collection[str]]) -> dict[str, float]:
    """Returns how often each value occurs, summing to 1: p(g|u) of Steck 2018 with equal weights of the items.

    Each item spreads a weight of 1 evenly over its values; an item without values adds nothing. Empty where no item has
    any.
    """
    known = [set(each) for each in values if each]
    total: dict[str, float] = {}
    for each in known:
        total |= {value: total.get(value, 0) + 1 / len(each) for value in sorted(each)}
    return {value: weight / len(known) for value, weight in total.items()}


def miscalibration(history: Mapping[str, float], shown: Mapping[str, float], alpha: float = 0.01) -> float | None:
    """Returns the divergence of what is shown from a user's history, in nats: 0 where they agree, at most -log(alpha).

    Both are distributions as `distribution` returns them, `p` and `q`; the figure is KL(p || (1 - alpha) q + alpha p),
    whose mix keeps it finite where a value isn't shown (Steck 2018, who uses 0.01). Nothing shown has the maximum; no
    history has None. Raises ValueError unless alpha is in (0, 1] and each distribution is empty or sums to 1.
    """
    if not 0 < alpha <= 1:
        raise ValueError(f"alpha is {alpha}; it lies in (0, 1]")
    if any(each and not math.isclose(sum(each.values()), 1, abs_tol=1e-6) for each in (history, shown)):
        raise ValueError("a distribution sums to 1")
    terms = [p * math.log(p / ((1 - alpha) * shown.get(value, 0) + alpha * p)) for value, p in history.items() if p]
    return max(0.0, sum(terms)) if history else None  # rounding may leave it just below 0


def _top(ranked: Sequence[str], k: int) -> Sequence[str]:
    if k < 1:
        raise ValueError(f"k is {k}; at least one place must count")
    return ranked[:k]


def _complement(users: float, n_users: int) -> float:
    """Returns the share of users who don't know an item that `users` know."""
    if not 0 <= users <= n_users:
        raise ValueError(f"an item is known to {users} of {n_users} users")
    return 1 - users / n_users
