"""What the ranks of signals weigh together, learned on held-out cases by coordinate ascent: the fusion where little is to be learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convrec.tools.contract import Floats, Ints
from convrec.tools.fusion import SMOOTHING, worth
from convrec.tools.heldout import Case
from convrec.tools.lists import DEPTH, Lists, rows_of

_STEPS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_ROUNDS = 3
_MOST = 1000  # cases that weights are learned on


def tuned(cases: Sequence[Case], lists: Mapping[str, Lists]) -> dict[str, float]:
    """Returns the weight of each signal's reciprocal ranks that ranks the cases' targets best; they sum to 1."""
    some = np.unique(np.linspace(0, len(cases) - 1, min(_MOST, len(cases))).astype(np.int64))
    table = _Table([cases[place] for place in some], {name: rows_of(each)[some] for name, each in lists.items()})
    return dict(zip(lists, (float(weight) for weight in table.ascend()), strict=True))


class _Table:
    """Every target against all candidates of its case: by how much each signal gives these more than it, `(n, n_signals)`, a block a target."""

    def __init__(self, cases: Sequence[Case], ranked: dict[str, Ints]) -> None:
        points = worth(DEPTH, SMOOTHING)
        ahead, own, sizes = [], [], []
        for case, known in enumerate(cases):
            candidates = np.unique(np.concatenate([ranks[case] for ranks in ranked.values()]))
            candidates = candidates[candidates >= 0]
            given = np.zeros((len(candidates), len(ranked)), np.float32)
            for column, ranks in enumerate(ranked.values()):
                kept = ranks[case][ranks[case] >= 0]
                given[np.searchsorted(candidates, kept), column] = points[: len(kept)]
            for place in np.flatnonzero(np.isin(candidates, known.targets)):
                ahead.append(given - given[place])
                own.append(given[place])
                sizes.append(len(candidates))
        self.n_signals = len(ranked)
        self._n_targets = sum(len(case.targets) for case in cases)
        self._ahead = np.concatenate([np.empty((0, len(ranked)), np.float32), *ahead])
        self._own = np.array(own, np.float32).reshape(-1, len(ranked))
        self._starts = np.cumsum([0, *sizes])[:-1]

    def ascend(self) -> Floats:
        """Returns weights `(n_signals,)` that sum to 1, each tried in turn at a few multiples while the others stand."""
        weights = np.ones(self.n_signals)
        best = self._worth(weights)
        for _ in range(_ROUNDS):
            before = best
            for signal in range(self.n_signals):
                for step in _STEPS:
                    tried = weights.copy()
                    tried[signal] = step * (weights[signal] or 1.0) if step else 0.0
                    reached = self._worth(tried) if tried.any() else -1.0
                    if reached > best:
                        best, weights = reached, tried
            if best <= before:
                break
        total: Floats = weights / weights.sum()
        return total

    def _worth(self, weights: Floats) -> float:
        """Returns the mean of `1 / log2(rank + 2)` over all targets: smooth enough to climb, kind to the head of the list."""
        if not len(self._own):
            return 0.0
        weighed = weights.astype(np.float32)
        ranks = np.add.reduceat((self._ahead @ weighed > 0).astype(np.int64), self._starts)
        pointed_at = self._own @ weighed > 0
        return float((pointed_at / np.log2(ranks + 2.0)).sum()) / max(self._n_targets, 1)
