"""What lists are like apart from their hits: how wide, how well known, how mixed, how close to a person's own mix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.metrics import beyond
from convrec.core.metrics import ranking as per_case
from convrec.core.metrics.bootstrap import Ratio
from convrec.evaluation.ranking import RankingCase, Rankings
from convrec.evaluation.result import Scored
from convrec.tools.dense import Dense
from convrec.tools.toolbox import Toolbox
from convrec.tools.training import choices


def people_by_item(catalogue: Catalogue) -> dict[str, int]:
    """Returns how many people chose each item, however often each of them did."""
    learned = choices(catalogue).events
    pairs = np.unique(np.stack([learned.user, learned.row]), axis=1)
    return dict(zip(catalogue.ids, np.bincount(pairs[1], minlength=len(catalogue)).tolist(), strict=True))


class Breadth:
    """Measures lists over one catalogue. `counts` says how many training choices each item has; popularity is taken from them."""

    def __init__(self, toolbox: Toolbox, counts: Mapping[str, int], n_users: int, cut: int) -> None:
        self._catalogue, self._counts, self._n_users, self._cut = toolbox.catalogue, counts, n_users, cut
        self._head = beyond.head_items(counts)
        self._dense = next((tool for tool in toolbox.tools.values() if isinstance(tool, Dense)), None)
        self._kinds = _kinds(toolbox.catalogue)

    def scored(self, cases: Sequence[RankingCase], rankings: Rankings) -> Scored:
        """Returns the figures at the cut: means over cases, and figures of all lists together (coverage, Gini, PopREO)."""
        cut, tops = self._cut, [ranked[: self._cut] for ranked in rankings]
        values: dict[str, Sequence[float | None]] = {
            f"epc@{cut}": [beyond.novelty_epc(top, self._counts, self._n_users, cut) for top in tops],
            f"arp@{cut}": [beyond.average_popularity(top, self._counts, cut) for top in tops],
            f"aclt@{cut}": [float(beyond.long_tail_count(top, self._head, cut)) for top in tops],
            f"ild@{cut}": [self._diversity(top) for top in tops],
            f"miscalibration@{cut}": [self._miscalibration(case, top) for case, top in zip(cases, tops, strict=True)],
        }
        shown = [sum(item in self._counts for item in top) for top in tops]
        exposure = self._exposure(tops)
        whole = {
            f"coverage@{cut}": beyond.coverage(tops, len(self._catalogue)),
            f"gini@{cut}": beyond.gini(exposure) if any(shown) else None,
            f"popreo@{cut}": self._opportunity(cases, tops),
        }
        return Scored({name: _mean(each) for name, each in values.items() if any(v is not None for v in each)}, whole)

    def _exposure(self, tops: Rankings) -> np.ndarray:
        rows = [self._catalogue.rows(top) for top in tops]
        flat = np.concatenate(rows) if rows else np.empty(0, np.int64)
        return np.bincount(flat[flat >= 0], minlength=len(self._catalogue)).astype(np.float64)

    def _diversity(self, top: Sequence[str]) -> float | None:
        if self._dense is None or len(top) < 2:
            return None
        rows = self._catalogue.rows(top)
        return beyond.intra_list_diversity(self._dense.vectors(rows[rows >= 0]))

    def _miscalibration(self, case: RankingCase, top: Sequence[str]) -> float | None:
        if self._kinds is None or not case.liked or not top:
            return None
        liked = beyond.distribution([self._kinds.get(item, ()) for item in case.liked])
        return beyond.miscalibration(liked, beyond.distribution([self._kinds.get(item, ()) for item in top]))

    def _opportunity(self, cases: Sequence[RankingCase], tops: Rankings) -> float | None:
        hits, targets = {"head": 0.0, "tail": 0.0}, {"head": 0.0, "tail": 0.0}
        for case, top in zip(cases, tops, strict=True):
            for target in case.targets:
                group = "head" if target in self._head else "tail"
                targets[group] += 1
                hits[group] += per_case.found(top, (target,), self._cut)
        return beyond.popularity_opportunity(hits, targets)


def _kinds(catalogue: Catalogue) -> dict[str, tuple[str, ...]] | None:
    """Returns what kinds each item is of, by the field with the fewest different values; None where no field has kinds."""
    fields = [field for field in catalogue.schema.valued if len(catalogue.values(field.name).values) > 1]
    if not fields:
        return None
    index = min((catalogue.values(field.name) for field in fields), key=lambda values: len(values.values))
    return {item: tuple(index.of(row)) for row, item in enumerate(catalogue.ids)}


def _mean(values: Sequence[float | None]) -> Ratio:
    """Returns the mean over the cases that have a value."""
    return Ratio.of([(value, 1.0) if value is not None and np.isfinite(value) else (0.0, 0.0) for value in values])
