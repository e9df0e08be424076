"""What signals weigh together, learned on held-out cases by coordinate ascent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convrec.tools.contract import Floats, Ints
from convrec.tools.fusion import SMOOTHING, worth
from convrec.tools.heldout import Task, quality
from convrec.tools.signals import Weights
from convrec.tools.storage import read_array

_STEPS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
_ROUNDS = 3
_FEWEST = 30  # cases below which weights are not learned
_KEPT = 200


def tuned(tasks: Sequence[Task], folders: Sequence[Path]) -> tuple[Weights, dict[str, float]]:
    """Returns the weights that rank the held-out targets best, and the quality that they reach there.

    The quality is that of the cases the few weights were chosen on. `folders` hold each tool's rankings, `heldout.<task>.<tool>.<aspect>.npy`.
    """
    learned: dict[str, dict[str, float]] = {}
    reached: dict[str, float] = {}
    for task in tasks:
        ranked = _ranked(task, folders)
        if len(task.cases) < _FEWEST or not ranked:
            continue
        table = _Table(task, ranked)
        weights = table.ascend()
        reached |= quality(task, table.ranking(weights))
        learned["history" if task.name == "leave-last-out" else "dialogue"] = dict(
            zip(ranked, (float(w) for w in weights), strict=True)
        )
    return Weights(**learned), reached


def _ranked(task: Task, folders: Sequence[Path]) -> dict[str, Ints]:
    """Returns what each signal ranked in the task's cases, of those that ranked anything."""
    found: dict[str, Ints] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"heldout.{task.name}.*.npy")):
            rows = read_array(path).astype(np.int64)
            if (rows >= 0).any():
                tool, aspect = path.name.removesuffix(".npy").split(".")[2:]
                found[f"{tool}/{aspect}"] = rows
    return found


class _Table:
    """All candidates of all cases: what each signal gives them, `(n_candidates, n_signals)`, and which are targets."""

    def __init__(self, task: Task, ranked: dict[str, Ints]) -> None:
        self._task = task
        rows, values = [], []
        points = worth(_KEPT, SMOOTHING)
        for case in range(len(task.cases)):
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
        for case, rows, values in zip(self._task.cases, self._rows, self._values, strict=True):
            scores = values @ weights.astype(np.float32)
            for target in case.targets:
                n += 1
                place = int(np.searchsorted(rows, target))
                if place < len(rows) and rows[place] == target and scores[place] > 0:
                    total += 1.0 / np.log2(int((scores > scores[place]).sum()) + 2.0)
        return total / max(n, 1)

    def ranking(self, weights: Floats) -> Ints:
        """Returns `(n_cases, 200)`: the candidates by their fused score, -1 where there are no more."""
        ranked = np.full((len(self._rows), _KEPT), -1, np.int64)
        for case, (rows, values) in enumerate(zip(self._rows, self._values, strict=True)):
            best = rows[np.argsort(-(values @ weights.astype(np.float32)), kind="stable")][:_KEPT]
            ranked[case, : len(best)] = best
        return ranked
