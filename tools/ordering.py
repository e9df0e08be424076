"""Items in the order of a number or date, as a part of their scores."""

from __future__ import annotations

import numpy as np

from convrec.tools.contract import Bools, Floats

ORDER = "order:"
"""What the part of a score begins with that puts items in order of a field."""
_GAP = 1e-3  # between neighbours, of the scores' spread


def in_order(scores: Floats, measure: Floats, free: Bools, among: int | None = None) -> Floats:
    """Returns what to add to scores `(n,)` so that the `free` rows are ranked by `measure` `(n,)`, the most first, equals by score, NaN last.

    They deal their own scores out anew, so that the best of them stays where the best was, and what is not free keeps its
    place above or below. Only the `among` best of them are ranked by it, where that is given.
    """
    part = np.zeros(len(scores))
    best = np.flatnonzero(free)
    best = best[np.argsort(-scores[best], kind="stable")][:among]
    if not len(best):
        return part
    known = np.where(np.isnan(measure[best]), -np.inf, measure[best])
    wanted = best[np.argsort(-known, kind="stable")]
    gap = _GAP * (float(np.ptp(scores)) or 1.0) / len(best)
    part[wanted] = scores[best] - gap * np.arange(len(best)) - scores[wanted]
    return part
