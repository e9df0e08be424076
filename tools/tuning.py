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
    """All candidates of all cases: what each signal gives them, `(n_candidates, n_signals)`, and which are targets."""

    def __init__(self, cases: Sequence[Case], ranked: dict[str, Ints]) -> None:
        self._cases = cases
        rows, values = [], []
        points = worth(DEPTH, SMOOTHING)
        for case in range(len(cases)):
            candidates = np.unique(np.concatenate([ranks[case] for ranks in ranked.values()]))
            candidates = candidates[candidates >= 0]
            given = np.zeros((len(candidates), len(ranked)), np.float32)
            for column, ranks in enumerate(ranked.values()):
                kept = ranks[case][ranks[case] >= 0]
                given[np.searchsorted(candidates, kept), column] = points[: len(kept)]
            rows.append(candidates)
            values.append(given)
        self._rows, self._values = rows, values
        self.n_signals = len(ranked)

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
        total, n = 0.0, 0
        for case, rows, values in zip(self._cases, self._rows, self._values, strict=True):
            scores = values @ weights.astype(np.float32)
            for target in case.targets:
                n += 1
                place = int(np.searchsorted(rows, target))
                if place < len(rows) and rows[place] == target and scores[place] > 0:
                    total += 1.0 / np.log2(int((scores > scores[place]).sum()) + 2.0)
        return total / max(n, 1)
