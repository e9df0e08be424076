"""A request's basis: which items are allowed, what every signal says of them, and the scores that come of it before any wish."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from convrec.core.reply import TraceStep
from convrec.tools.candidates import Candidates
from convrec.tools.contract import Bools, Floats, Ints, Query, Ranking, Vectors
from convrec.tools.fusion import worths
from convrec.tools.ranker import Ranker
from convrec.tools.signals import Signal


@dataclass(frozen=True)
class Heard:
    """What the signals answered to one query: a ranking each, and the scores `(n_items,)` of those that depend on no query."""

    query: Query
    allowed: Bools
    lists: Mapping[Signal, Ranking]
    priors: Mapping[str, Floats]
    steps: tuple[TraceStep, ...]

    @property
    def pointed(self) -> Ints:
        """Returns all rows that some signal ranks, ascending."""
        ranked = [ranking.rows for ranking in self.lists.values()]
        return np.unique(np.concatenate(ranked)) if ranked else np.empty(0, np.int64)

    def others(self, n: int, but: Ints) -> Ints:
        """Returns at most `n` further allowed rows, those that most like where a prior knows, else the first of the catalogue."""
        left = self.allowed.copy()
        left[but] = False
        rows = np.flatnonzero(left)
        if n >= len(rows) or not self.priors:
            return rows[:n]
        known = np.nan_to_num(np.sum([scores[rows] for scores in self.priors.values()], axis=0))
        return rows[np.argpartition(-known, n - 1)[:n]]


class Basis(ABC):
    """Candidates of a request with their scores. `attainable` is the most that a score could come to, 0 where that is not known."""

    name = ""
    attainable: float = 0.0

    def __init__(self, heard: Heard) -> None:
        self.heard = heard

    def candidates(self) -> Ints:
        """Returns the rows `(n,)` worth scoring, ascending."""
        return self.heard.pointed

    @abstractmethod
    def parts(self, rows: Ints) -> dict[str, Floats]:
        """Returns, by source, `(n,)` parts that sum to the rows' scores."""

    def scores(self, rows: Ints) -> Floats:
        """Returns the rows' scores `(n,)`."""
        total: Floats = np.sum(list(self.parts(rows).values()), axis=0, initial=0.0) + np.zeros(len(rows))
        return total

    def confidence(self, scores: Floats, attainable: float) -> Floats:
        """Returns how sure the scores are, `(n,)` from 0 to 1, monotone in them."""
        share: Floats = np.clip(scores / attainable, 0.0, 1.0) if attainable > 0 else np.zeros(len(scores))
        return share


class ReciprocalBasis(Basis):
    """Scores by weighted reciprocal rank (Cormack, Clarke & Büttcher 2009): confidence is the share of what could be reached."""

    name = "reciprocal rank"

    def __init__(self, heard: Heard, weights: Mapping[Signal, float], smoothing: float) -> None:
        super().__init__(heard)
        self._weights, self._smoothing = weights, smoothing
        self.attainable = sum(weights[signal] for signal, ranking in heard.lists.items() if len(ranking))

    def parts(self, rows: Ints) -> dict[str, Floats]:
        """Returns, by tool, its weight times the worth of each row's rank."""
        parts: dict[str, Floats] = {}
        for signal, ranking in self.heard.lists.items():
            if not len(ranking):
                continue
            amounts = self._weights[signal] * worths(ranking, rows, self._smoothing)
            parts[signal.tool] = parts.get(signal.tool, np.zeros(len(rows))) + amounts
        return parts


class LearnedBasis(Basis):
    """Scores by a taught ranker; confidence is its calibrated probability."""

    name = "learned ranker"

    def __init__(self, heard: Heard, ranker: Ranker, candidates: Candidates) -> None:
        super().__init__(heard)
        self._ranker, self._table_of = ranker, candidates
        self._lists = {signal.name: ranking for signal, ranking in heard.lists.items()}
        self._known = (np.empty(0, np.int64), np.empty((0, len(candidates.columns)), np.float32))

    def candidates(self) -> Ints:
        """Returns the rows that stand highest in all lists together."""
        return self._table_of.rows(self._lists)

    def scores(self, rows: Ints) -> Floats:
        """Returns the ranker's scores."""
        return self._ranker.scores(self._table(rows)) if len(rows) else np.empty(0)

    def parts(self, rows: Ints) -> dict[str, Floats]:
        """Returns what each tool and the items' own facts add."""
        return self._ranker.parts(self._table(rows)) if len(rows) else {}

    def confidence(self, scores: Floats, attainable: float) -> Floats:
        """Returns the probability that an item of that score is what is looked for."""
        del attainable
        return self._ranker.confidence(scores)

    def _table(self, rows: Ints) -> Vectors:
        """Returns the rows' columns; those that were scored last are remembered, for the best of them are explained next."""
        known, table = self._known
        places = np.minimum(np.searchsorted(known, rows), max(len(known) - 1, 0))
        if len(known) and (known[places] == rows).all():
            return table[places]
        table = self._table_of.table(self.heard.query, rows, self._lists, self.heard.priors)
        if (np.diff(rows) > 0).all():
            self._known = (rows, table)
        return table
