"""Relaxation: where nothing meets every demand, the fewest demands whose letting go leaves something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from convrec.tools.contract import Bools, Ints


@dataclass(frozen=True)
class Relaxation:
    """Demands to let go, by their places, and the rows `(n,)` that then meet all the others."""

    dropped: tuple[int, ...]
    rows: Ints


def relaxations(
    demands: Sequence[Bools], left: Bools, stated: Sequence[int], kept: Sequence[int] = ()
) -> list[Relaxation]:
    """Returns every smallest set of demands to let go so that something is left, the best first; none where none helps.

    `demands` are `(n_items,)` masks that must all hold; `left` `(n_items,)` are the items that may be offered at all; `stated`
    says of each demand when it was made (higher is later); the places in `kept` are never let go. Where several sets are
    smallest, those of earlier demands come first, and among these the one that opens most items.

    Exact for any number of demands: an item is opened by dropping just what it breaks, so the smallest sets are the patterns of
    broken demands of the items that break fewest. These are the minimal correction sets of least size (Liffiton & Sakallah
    2008), read off the items instead of searched for.
    """
    rows = np.flatnonzero(left & np.logical_and.reduce([demands[place] for place in kept], initial=True))
    if not len(rows) or not demands:
        return []
    broken = ~np.stack([demand[rows] for demand in demands])  # (n_demands, n)
    counts = broken.sum(axis=0)
    least = int(counts.min())
    if not least:
        return []
    rows, broken = rows[counts == least], broken[:, counts == least]
    _, firsts, which = np.unique(np.packbits(broken, axis=0), axis=1, return_index=True, return_inverse=True)
    found = [
        Relaxation(tuple(np.flatnonzero(broken[:, first]).tolist()), rows[which.ravel() == number])
        for number, first in enumerate(firsts)
    ]
    return sorted(found, key=lambda one: (_ages(one, stated), -len(one.rows), one.dropped))


def _ages(one: Relaxation, stated: Sequence[int]) -> list[int]:
    """Returns when the dropped demands were made, the latest first."""
    return sorted((stated[place] for place in one.dropped), reverse=True)
