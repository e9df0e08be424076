"""Candidates: what the signals point at, and the table that a learned ranker reads about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.tools.contract import Floats, Ints, Query, Ranking, Vectors
from convrec.tools.fusion import fuse, places
from convrec.tools.matches import Matches

MATCH = "match"
"""Whose part of a score it is when an item gains by its own facts, or by what they have in common with what was said."""

_OF_A_LIST = ("score", "share", "rank")


@dataclass(frozen=True)
class Column:
    """One column of the table: whose part of the score it is, and whether more of it can only help (1), only harm (-1), or either (0)."""

    name: str
    source: str
    monotone: int


class Candidates:
    """Makes tables for the candidates of a query.

    A signal that depends on the query has three columns: its `score`, its score as a `share` of the distance between the best and
    the last in its list, and its `rank` as `-log2(1 + rank)`; NaN where it does not list the item. A `prior` has its score. After these stand the
    columns of `Matches`, and how many signals list the item.
    """

    def __init__(self, catalogue: Catalogue, listing: Sequence[str], priors: Sequence[str], limit: int) -> None:
        self.listing, self.priors, self.limit = tuple(listing), tuple(priors), limit
        self._matches = Matches(catalogue)
        own = [Column(f"{name} {what}", _tool(name), 1) for name in self.listing for what in _OF_A_LIST]
        own += [Column(f"{name} score", _tool(name), 1) for name in self.priors]
        facts = [Column(name, MATCH, _direction(name)) for name in self._matches.columns]
        self.columns: tuple[Column, ...] = (*own, *facts, Column("signals", MATCH, 1))

    def over(self, catalogue: LaidCatalogue) -> Candidates:
        """Returns what makes tables over a catalogue that was laid over its own."""
        laid = copy(self)
        laid._matches = self._matches.over(catalogue)
        return laid

    def rows(self, lists: Mapping[str, Ranking]) -> Ints:
        """Returns `(n,)` at most `limit` rows, those that stand highest in all lists together (equal weights), ascending."""
        fused = fuse({name: lists[name] for name in (*self.listing, *self.priors) if name in lists}, {})
        return np.sort(fused.rows[: self.limit])

    def table(self, query: Query, rows: Ints, lists: Mapping[str, Ranking], priors: Mapping[str, Floats]) -> Vectors:
        """Returns `(n, n_columns)` float32. `priors` hold `(n_items,)` scores that do not depend on the query."""
        columns: list[Floats] = []
        listed = np.zeros(len(rows))
        for name in self.listing:
            parts = _listed(rows, lists.get(name))
            columns += parts
            listed += ~np.isnan(parts[0])
        columns += [priors[name][rows] if name in priors else np.full(len(rows), np.nan) for name in self.priors]
        own = np.stack(columns, axis=1).astype(np.float32) if columns else np.empty((len(rows), 0), np.float32)
        return np.hstack([own, self._matches.of(query, rows), listed[:, None].astype(np.float32)])


def _listed(rows: Ints, ranking: Ranking | None) -> list[Floats]:
    """Returns score, share and rank `(n,)` of each row in a ranking."""
    score, share, rank = (np.full(len(rows), np.nan) for _ in range(3))
    if ranking is None or not len(ranking):
        return [score, share, rank]
    place = places(ranking, rows)
    there = place >= 0
    best, last = ranking.scores[0], ranking.scores[-1]
    score[there] = ranking.scores[place[there]]
    share[there] = (score[there] - last) / (best - last) if best > last else 1.0
    rank[there] = -np.log2(2.0 + place[there])
    return [score, share, rank]


def _tool(signal: str) -> str:
    return signal.split("/", maxsplit=1)[0]


def _direction(column: str) -> int:
    """Returns 1 for columns of which more can only help: what was named or shared."""
    return 1 if column.startswith(("named ", "shared ", "title words")) else 0
