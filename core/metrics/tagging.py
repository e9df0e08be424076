"""How well spans and labels agree with those that people gave. A share of nothing is NaN."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

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
    def f1_parts(self) -> tuple[float, float]:
        """Returns numerator and denominator of F1, so that it can be taken over many cases as a ratio of sums."""
        return 2.0 * self.tp, 2.0 * self.tp + self.fp + self.fn

    @property
    def f1(self) -> float:
        """Returns `2 tp / (2 tp + fp + fn)`; NaN where there is nothing and nothing was found."""
        return _share(*self.f1_parts)


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


@dataclass(frozen=True)
class Confusion:
    """How often which `rows` label (gold) was taken for which `columns` label, `counts[row][column]`."""

    rows: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    def document(self) -> dict[str, Any]:
        """Returns the table as JSON."""
        return {"gold": list(self.rows), "predicted": list(self.columns), "counts": [list(row) for row in self.counts]}


def confusion(pairs: Iterable[tuple[str, str]], first: Sequence[str] = ()) -> Confusion:
    """Returns the table of `(gold, predicted)` pairs; labels in the order of `first`, then of the alphabet."""
    found = Counter(pairs)
    order = {label: place for place, label in enumerate(first)}

    def ordered(labels: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted({*labels}, key=lambda label: (order.get(label, len(order)), label)))

    rows, columns = ordered([gold for gold, _ in found]), ordered([said for _, said in found])
    return Confusion(rows, columns, tuple(tuple(found[row, column] for column in columns) for row in rows))


def unlabelled(spans: Iterable[tuple[int, int]]) -> list[Span]:
    """Returns spans whose labels don't matter, in the shape that `overlap_counts` takes."""
    return [(start, end, "") for start, end in spans]


def _overlap(one: Span, other: Span) -> int:
    """Returns how many places two spans of the same label share; 0 for different labels."""
    shared = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, shared) if one[2] == other[2] else 0


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan
