"""What signals rank in held-out cases, kept so that their fusion can be taught without asking them again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from convrec.tools.contract import EMPTY, Floats, Ints, Query, Ranking, Tool
from convrec.tools.heldout import Case, unknown_only
from convrec.tools.signals import Signal

DEPTH = 200
"""How many ranked rows are kept a case."""


@dataclass(frozen=True)
class Lists:
    """`rows` `(n_cases, 200)`, -1 where there is no more, with their `scores`.

    A signal that depends on no query has all its scores besides: `prior` `(n_folds, n_items)`, and `fold` `(n_cases,)` says which holds;
    for others `prior` is `(0, 0)`.
    """

    rows: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]
    prior: npt.NDArray[np.float32]
    fold: npt.NDArray[np.int32]

    @classmethod
    def joined(cls, parts: Sequence[Lists]) -> Self:
        """Returns the lists of several folds' cases, one after the other."""
        folds = [np.full(len(part.rows), number, np.int32) for number, part in enumerate(parts)]
        return cls(
            np.concatenate([part.rows for part in parts]), np.concatenate([part.scores for part in parts]),
            np.concatenate([part.prior for part in parts]), np.concatenate(folds),
        )  # fmt: skip

    @property
    def is_prior(self) -> bool:
        """Returns whether the signal depends on no query."""
        return bool(self.prior.size)

    def of(self, case: int) -> Ranking:
        """Returns what is ranked in a case."""
        kept = self.rows[case] >= 0
        return Ranking(self.rows[case][kept].astype(np.int64), self.scores[case][kept].astype(np.float64))

    def prior_of(self, case: int) -> Floats:
        """Returns the scores `(n_items,)` of a prior in a case's fold."""
        scores: Floats = self.prior[self.fold[case]].astype(np.float64)
        return scores

    def some(self, cases: Ints) -> Lists:
        """Returns the lists of some cases."""
        return Lists(self.rows[cases], self.scores[cases], self.prior, self.fold[cases])

    def save(self, path: Path) -> None:
        """Writes the lists as `.npz`."""
        np.savez(path, rows=self.rows, scores=self.scores, prior=self.prior, fold=self.fold)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Returns the lists in a file."""
        with np.load(path, allow_pickle=False) as arrays:
            return cls(**{name: arrays[name] for name in ("rows", "scores", "prior", "fold")})


def asked(tool: Tool | None, signal: Signal, cases: Sequence[Case], n_items: int) -> Lists:
    """Returns what the signal ranks in each case; nothing where there is no tool."""
    rows = np.full((len(cases), DEPTH), -1, np.int32)
    scores = np.zeros((len(cases), DEPTH), np.float32)
    prior = np.full((1, n_items) if signal.aspect == "prior" else (0, 0), np.nan, np.float32)
    if tool is not None:
        for place, case in enumerate(cases):
            found = _ranked(tool, signal, case, n_items)
            rows[place, : len(found)], scores[place, : len(found)] = found.rows, found.scores
        if signal.aspect == "prior":
            prior[0] = tool.scores(Query())
    return Lists(rows, scores, prior, np.zeros(len(cases), np.int32))


def _ranked(tool: Tool, signal: Signal, case: Case, n_items: int) -> Ranking:
    query = signal.query(replace(case.query, mask=unknown_only(case, n_items), k=DEPTH))
    return tool.retrieve(query) if query is not None else EMPTY


def path_of(folder: Path, task: str, signal: Signal) -> Path:
    """Returns the file in a tool's folder that holds what a signal ranks in a task's cases."""
    return folder / f"heldout.{task}.{signal.tool}.{signal.aspect}.npz"


def read_lists(folders: Sequence[Path], task: str) -> dict[str, Lists]:
    """Returns the lists of a task by signal, of those that rank anything."""
    found = {}
    for folder in folders:
        for path in sorted(folder.glob(f"heldout.{task}.*.npz")):
            lists = Lists.load(path)
            if (lists.rows >= 0).any():
                found["/".join(path.name.removesuffix(".npz").split(".")[2:])] = lists
    return found


def rows_of(lists: Lists) -> Ints:
    """Returns the ranked rows `(n_cases, 200)`."""
    return lists.rows.astype(np.int64)
