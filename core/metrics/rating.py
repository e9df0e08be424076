"""How far predicted ratings are from given ones, and the baselines that need no model of taste.

A system that has no prediction for a case says so by its own baseline (`mean_baseline`, `DampedMeans`); a NaN is
refused, never filled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def rmse(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Returns the root of the mean squared error of two `(n,)`, in rating points (Shani & Gunawardana 2011).

    Raises ValueError on NaN, on different shapes and on no cases.
    """
    return float(np.sqrt(np.mean(_errors(predicted, actual) ** 2)))


def mae(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Returns the mean absolute error of two `(n,)`, in rating points; raises as `rmse` does."""
    return float(np.mean(np.abs(_errors(predicted, actual))))


def mean_baseline(train_values: npt.ArrayLike) -> float:
    """Returns the mean of the training ratings, `(n,)`; raises ValueError where there are none or one is NaN."""
    return float(_known(train_values).mean())


@dataclass(frozen=True)
class DampedMeans:
    """The baseline mu + b_i + b_u of each item's and user's deviation from the mean (Koren 2010, its simpler estimate).

    A deviation is the sum of residuals over their number plus the damping, which draws those with few ratings towards
    0. Items come first, users over what is left. A user or item that wasn't fitted deviates by 0.
    """

    mean: float
    item_bias: Mapping[str, float]
    user_bias: Mapping[str, float]

    @classmethod
    def fit(
        cls,
        users: Sequence[str],
        items: Sequence[str],
        ratings: npt.ArrayLike,
        *,
        item_damping: float = 25,
        user_damping: float = 10,
    ) -> DampedMeans:
        """Returns the baseline of `(n,)` users, items and ratings.

        The dampings are counts of ratings, by default Koren's. Raises ValueError on NaN, on different lengths, on no
        ratings and on a negative damping.
        """
        values = _known(ratings)
        if not len(users) == len(items) == len(values):
            raise ValueError(f"{len(users)} users, {len(items)} items and {len(values)} ratings don't belong together")
        mean = float(values.mean())
        item_bias = _biases(items, values - mean, item_damping)
        left = values - mean - [item_bias[item] for item in items]
        return cls(mean, item_bias, _biases(users, left, user_damping))

    def predict(self, users: Sequence[str], items: Sequence[str]) -> Floats:
        """Returns the prediction for each pair, `(n,)`, in rating points; raises ValueError on different lengths."""
        pairs = zip(users, items, strict=True)
        found = [self.mean + self.item_bias.get(item, 0) + self.user_bias.get(user, 0) for user, item in pairs]
        return np.array(found, np.float64)


def _biases(names: Sequence[str], residuals: Floats, damping: float) -> dict[str, float]:
    """Returns each name's sum of residuals over their number plus the damping."""
    if damping < 0:
        raise ValueError(f"damping is {damping}; it is not negative")
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    owner = [numbers[name] for name in names]
    biases = np.bincount(owner, weights=residuals) / (np.bincount(owner) + damping)
    return dict(zip(numbers, biases.tolist(), strict=True))


def _errors(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> Floats:
    said, given = _known(predicted), _known(actual)
    if said.shape != given.shape:
        raise ValueError(f"predictions of shape {said.shape} for ratings of shape {given.shape}")
    return said - given


def _known(values: npt.ArrayLike) -> Floats:
    found = np.asarray(values, np.float64)
    if not found.size or np.isnan(found).any():
        raise ValueError("ratings are numbers, and at least one: NaN is not filled in")
    return found
