"""Ratings by factors of people and items: what one who knows nobody's words, and only everybody's ratings, predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convrec.core.metrics.rating import DampedMeans

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class BiasedFactors:
    """Matrix factorisation over damped means: mu + b_i + b_u + p_u q_i, by alternating least squares in which a person's or an item's factors are
    drawn towards 0 the more, the more ratings they are fitted to (Koren, Bell & Volinsky 2009, eq. 4; Zhou et al. 2008, ALS-WR, 3.1).

    `people` is `(n_users, n_factors)`, `things` `(n_items, n_factors)`; who or what was not fitted has factors of 0.
    """

    means: DampedMeans
    user_place: Mapping[str, int]
    item_place: Mapping[str, int]
    people: Floats
    things: Floats

    @classmethod
    def fit(
        cls, users: Sequence[str], items: Sequence[str], ratings: npt.ArrayLike, *, factors: int = 16, regularisation: float = 0.2, rounds: int = 10,
        seed: int = 0,
    ) -> BiasedFactors:  # fmt: skip
        """Returns the factors of `(n,)` users, items and ratings. Raises ValueError as `DampedMeans.fit` does."""
        means = DampedMeans.fit(users, items, ratings)
        left = np.asarray(ratings, np.float64) - means.predict(users, items)
        user_place, user = _places(users)
        item_place, item = _places(items)
        things = np.random.default_rng(seed).normal(0.0, 0.1, (len(item_place), factors))
        people = np.zeros((len(user_place), factors))
        by_user, by_item = _grouped(user, len(people)), _grouped(item, len(things))
        for _ in range(rounds):
            people = _solved(by_user, item, left, things, regularisation)
            things = _solved(by_item, user, left, people, regularisation)
        return cls(means, user_place, item_place, people, things)

    def predict(self, users: Sequence[str], items: Sequence[str]) -> Floats:
        """Returns the prediction for each pair, `(n,)`, in rating points; raises ValueError on different lengths."""
        pairs = zip(users, items, strict=True)
        return self.means.predict(users, items) + [self._beyond(user, item) for user, item in pairs]

    def _beyond(self, user: str, item: str) -> float:
        if user not in self.user_place or item not in self.item_place:
            return 0.0
        return float(self.people[self.user_place[user]] @ self.things[self.item_place[item]])


def _places(names: Sequence[str]) -> tuple[dict[str, int], Ints]:
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return places, np.array([places[name] for name in names], np.int64)


def _grouped(owner: Ints, n: int) -> list[Ints]:
    """Returns, for each of `n` owners, the places of what is theirs."""
    order = np.argsort(owner, kind="stable")
    return np.split(order, np.searchsorted(owner[order], np.arange(1, n)))


def _solved(groups: Sequence[Ints], other: Ints, left: Floats, factors: Floats, regularisation: float) -> Floats:
    """Returns the factors `(n_groups, n_factors)` that fit what is left of each group's ratings best, given those of the `other` side."""
    ridge = regularisation * np.eye(factors.shape[1])
    found = np.empty((len(groups), factors.shape[1]))
    for place, group in enumerate(groups):
        theirs = factors[other[group]]
        found[place] = np.linalg.solve(theirs.T @ theirs + len(group) * ridge, theirs.T @ left[group])
    return found
