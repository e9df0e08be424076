"""Bootstrap intervals: how much a figure would move with other people (Efron & Tibshirani 1993, ch. 8 and 13).

Whole groups are drawn (a user, a dialogue, a rater), since cases of one group resemble each other. Two systems are
compared on the same draws, which makes the comparison paired.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_BLOCK = 64  # draws held at once
_NOISE = 1e-9  # of the figures compared: less is rounding, since the same values in another order add up differently


@dataclass(frozen=True)
class Ratio:
    """A metric as a ratio of sums over cases: `numerator` and `denominator` are `(n_cases,)`.

    A mean has denominators of 1; a share over targets has each case's targets; F1 is `2 tp / (2 tp + fp + fn)`.
    """

    numerator: Floats
    denominator: Floats

    @classmethod
    def of(cls, pairs: Sequence[tuple[float, float]]) -> Ratio:
        """Returns the ratio whose cases have these `(numerator, denominator)`."""
        table = np.asarray(pairs, np.float64).reshape(-1, 2)
        return cls(table[:, 0].copy(), table[:, 1].copy())

    @property
    def value(self) -> float:
        """Returns the metric; NaN where the denominators sum to 0."""
        below = float(self.denominator.sum())
        return float(self.numerator.sum()) / below if below else float("nan")


def mean(values: Sequence[float] | Floats) -> Ratio:
    """Returns the mean of the cases' values as a ratio."""
    found = np.asarray(values, np.float64)
    return Ratio(found, np.ones(len(found)))


@dataclass(frozen=True)
class Estimate:
    """A figure and the ends of its 95 % interval; all None where there is nothing to take it over."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Gain:
    """What one system has over another: the difference, its 95 % interval, and the two-sided bootstrap p-value.

    All None where there is nothing to compare; `p` is None for a single group, which can't show that others would
    differ too.
    """

    value: float | None
    low: float | None
    high: float | None
    p: float | None


class Resampling:
    """The draws of one set of cases, used for every metric and every system over them.

    `groups` names each case's group, `(n_cases,)`. The same seed gives the same draws.
    """

    def __init__(self, groups: Sequence[str], *, draws: int = 1000, seed: int = 0, level: float = 0.95) -> None:
        names = {name: number for number, name in enumerate(dict.fromkeys(groups))}
        self._owner = np.array([names[name] for name in groups], np.int64)
        self.n_groups = len(names)
        self._draws, self._seed = draws, seed
        self._known: dict[int, tuple[Ratio, Floats]] = {}
        self._ends = (50 * (1 - level), 50 * (1 + level))

    def estimate(self, ratio: Ratio) -> Estimate:
        """Returns the metric with its percentile interval; an interval of one group is the value itself."""
        value = ratio.value
        if not np.isfinite(value):
            return Estimate(None, None, None)
        drawn = self._drawn(ratio)
        drawn = drawn[np.isfinite(drawn)]
        low, high = np.percentile(drawn, self._ends)
        return Estimate(value, float(low), float(high))

    def gain(self, ratio: Ratio, over: Ratio) -> Gain:
        """Returns what the first metric has over the second, on the same draws."""
        value = ratio.value - over.value
        if not np.isfinite(value):
            return Gain(None, None, None, None)
        noise = _NOISE * max(abs(ratio.value), abs(over.value))
        drawn = self._drawn(ratio) - self._drawn(over)
        drawn = drawn[np.isfinite(drawn)]
        drawn[np.abs(drawn) <= noise] = 0
        low, high = np.percentile(drawn, self._ends)
        return Gain(value if abs(value) > noise else 0.0, float(low), float(high), self._p(drawn))

    def _p(self, drawn: Floats) -> float | None:
        """Returns twice the share of draws on the rarer side of 0, one draw added; None for one group."""
        tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
        return min(1.0, 2 * (tail + 1) / (len(drawn) + 1)) if self.n_groups > 1 else None

    def draw(self, ratios: Iterable[Ratio]) -> None:
        """Draws for many metrics at once, and keeps what is drawn: a thousand metrics take little longer than one."""
        fresh = [ratio for ratio in ratios if id(ratio) not in self._known]
        sums = [self._by_group(values) for ratio in fresh for values in (ratio.numerator, ratio.denominator)]
        table = np.stack(sums, axis=1) if sums else np.empty((self.n_groups, 0))
        rng = np.random.default_rng(self._seed)
        found = np.empty((self._draws, len(fresh)))
        for start in range(0, self._draws, _BLOCK):
            stop = min(start + _BLOCK, self._draws)
            picks = rng.integers(0, self.n_groups, (stop - start, self.n_groups))
            times = np.stack([np.bincount(one, minlength=self.n_groups) for one in picks]).astype(np.float64)
            totals = times @ table
            with np.errstate(invalid="ignore", divide="ignore"):
                found[start:stop] = totals[:, ::2] / totals[:, 1::2]
        self._known |= {id(ratio): (ratio, found[:, place]) for place, ratio in enumerate(fresh)}

    def _drawn(self, ratio: Ratio) -> Floats:
        """Returns the metric of each draw, `(n_draws,)`."""
        if id(ratio) not in self._known:
            self.draw([ratio])
        return self._known[id(ratio)][1]

    def _by_group(self, values: Floats) -> Floats:
        return np.bincount(self._owner, weights=values, minlength=self.n_groups).astype(np.float64)
