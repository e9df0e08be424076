"""How well spans, labels and orders agree with those that people gave. A share of nothing is NaN."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Span = tuple[int, int, str]
"""Start, end (exclusive) and label."""


@dataclass(frozen=True)
class Counts:
    """What was rightly found (`tp`), wrongly found (`fp`) and missed (`fn`); counts add up over cases.

    Precision, recall and F1 are those of van Rijsbergen 1979, and NaN where they would divide by 0.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Returns the counts of both, so that `sum(counts, Counts())` pools them (micro-averaging)."""
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def precision(self) -> float:
        """Returns the share of what was found that is right; NaN where nothing was found."""
        return _share(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> float:
        """Returns the share of what there is that was found; NaN where there is nothing to find."""
        return _share(self.tp, self.tp + self.fn)

    @property
    def f1(self) -> float:
        """Returns `2 tp / (2 tp + fp + fn)`; NaN where there is nothing and nothing was found."""
        return _share(2 * self.tp, 2 * self.tp + self.fp + self.fn)


def span_counts(gold: Iterable[Hashable], predicted: Iterable[Hashable]) -> Counts:
    """Returns the counts of exact matches: equal in all parts, each gold one matched at most once.

    Whatever hashes can be counted: spans, facet values, `(facet, value)` pairs (Tjong Kim Sang & De Meulder 2003).
    """
    wanted, said = Counter(gold), Counter(predicted)
    tp = (wanted & said).total()
    return Counts(tp, said.total() - tp, wanted.total() - tp)


def overlap_counts(gold: Iterable[Span], predicted: Iterable[Span]) -> Counts:
    """Returns the counts of spans that overlap under the same label (the type match of SemEval-2013 task 9).

    Pairs are taken by falling overlap, ties by the spans' order; each span is matched at most once. An empty span
    overlaps nothing.
    """
    wanted, said = sorted(gold), sorted(predicted)
    pairs = sorted((-_overlap(g, p), i, j) for i, g in enumerate(wanted) for j, p in enumerate(said))
    golds: set[int] = set()
    predictions: set[int] = set()
    for overlap, i, j in pairs:
        if overlap < 0 and i not in golds and j not in predictions:
            golds.add(i)
            predictions.add(j)
    tp = len(golds)
    return Counts(tp, len(said) - tp, len(wanted) - tp)


def macro_f1(counts: Mapping[str, Counts]) -> float:
    """Returns the mean F1 of the labels that occur in gold or predictions (Opitz & Burst 2019); NaN where none does."""
    scores = [each.f1 for each in counts.values() if not math.isnan(each.f1)]
    return _share(sum(scores), len(scores))


def confusion(gold: Sequence[str], predicted: Sequence[str]) -> tuple[tuple[str, ...], npt.NDArray[np.int64]]:
    """Returns the labels of either, sorted, and how often each gold one (row) was predicted as each (column).

    The counts are `(n, n)`. Raises ValueError where the two differ in length.
    """
    labels = tuple(sorted({*gold, *predicted}))
    place = {label: number for number, label in enumerate(labels)}
    matrix = np.zeros((len(labels), len(labels)), np.int64)
    for was, said in zip(gold, predicted, strict=True):
        matrix[place[was], place[said]] += 1
    return labels, matrix


def auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Returns how often a positive case scores above a negative one, ties counted half (Hanley & McNeil 1982).

    `scores` and `labels` are `(n,)`, labels true or false. NaN where either kind is absent. Raises ValueError on a NaN
    score or different shapes.
    """
    found, positive = np.asarray(scores, np.float64), np.asarray(labels, bool)
    if found.shape != positive.shape or np.isnan(found).any():
        raise ValueError("each case has a score and a label, and no score is NaN")
    _, group, sizes = np.unique(found, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]  # cases of one score share the mean of their ranks
    n_positive = int(positive.sum())
    above = float(ranks[positive].sum()) - n_positive * (n_positive + 1) / 2
    return _share(above, n_positive * (len(found) - n_positive))


def pairwise_agreement(pairs: Iterable[tuple[float, float]]) -> float:
    """Returns the share of pairs whose score difference has the sign that people gave, a difference of 0 counted half.

    Each pair is `(gold sign, score difference)`, the difference taken in the order of the sign (the concordance of
    Harrell et al. 1982). NaN where there are no pairs. Raises ValueError on a gold sign of 0, which prefers nothing,
    and on NaN.
    """
    agreements = [_agreement(sign, difference) for sign, difference in pairs]
    return _share(sum(agreements), len(agreements))


def _agreement(sign: float, difference: float) -> float:
    if not sign or math.isnan(sign) or math.isnan(difference):
        raise ValueError(f"a pair has a preference and a difference, not {sign} and {difference}")
    return 0.5 if difference == 0 else float((sign > 0) == (difference > 0))


def _overlap(one: Span, other: Span) -> int:
    """Returns how many places two spans of the same label share; 0 for different labels."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, shared) if one[2] == other[2] else 0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
