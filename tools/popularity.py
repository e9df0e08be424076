"""Popularity: what many people chose, and what they rated well."""

from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import NotFittedError
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Ints,
    Query,
    Ranking,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.storage import read_array, read_config, write_array, write_config


class PopularityConfig(ToolConfig):
    """How counts and ratings are put together."""

    rating_weight: float = Field(
        1.0, ge=0, description="what a whole point of mean rating counts beside a factor e of audience"
    )
    prior_ratings: float = Field(
        20.0, gt=0, description="how many ratings at the overall mean every item is given beforehand"
    )


class Popularity(AlignedTool):
    """Ranks by log(1 + number of people), plus how far the Bayesian mean rating lies above the overall mean."""

    name = "popularity"
    kind = "popularity"
    capabilities = Capabilities(explain=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = PopularityConfig
    config: PopularityConfig
    _items: Alignment
    _counts: Floats  # (n_own,) log(1 + people)
    _ratings: Floats  # (n_own,) weighted distance of the mean rating from the overall mean

    def fit(self, data: TrainingData) -> None:
        """Counts people and averages ratings.

        Raises:
            NotFittedError: nobody did anything with any item.
        """
        n_items = len(data.catalogue)
        counts = np.bincount(data.user_items.indices, minlength=n_items)
        if not counts.any():
            raise NotFittedError("There are no interactions or dialogues to count.", "Ingest some.")
        self._counts = np.log1p(counts.astype(np.float64))
        self._ratings = np.zeros(n_items)
        if len(data.ratings):
            rows, values = data.ratings[:, 0].astype(np.int64), data.ratings[:, 1]
            n, prior = np.bincount(rows, minlength=n_items), self.config.prior_ratings
            total = np.bincount(rows, weights=values - values.mean(), minlength=n_items)
            self._ratings = self.config.rating_weight * total / (n + prior)
        self._items = Alignment(data.catalogue.ids, data.catalogue)

    def scores(self, query: Query) -> Floats:
        """Returns the same scores whatever the query says."""
        del query
        return self._items.scatter(self._counts + self._ratings)

    def retrieve(self, query: Query) -> Ranking:
        """Returns the best known allowed items, from an order that is made once."""
        rows = self._order if query.mask is None else self._order[query.mask[self._order]]
        best = rows[: query.k]
        return Ranking(best, self.scores(query)[best])

    @cached_property
    def _order(self) -> Ints:
        """Returns all rows with a score, the highest first, ties by row."""
        scores = self.scores(Query())
        order = np.argsort(-scores, kind="stable")
        return order[~np.isnan(scores[order])]

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns the parts `popularity` (people) and `rating`. Exact."""
        del query
        own = int(self._items.own[row])
        if own < 0:
            return Explanation()
        return ordered(
            [Contribution("popularity", float(self._counts[own])), Contribution("rating", float(self._ratings[own]))]
        )

    def save(self, folder: Path) -> None:
        """Writes both arrays, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "popularity.npy", np.stack([self._counts, self._ratings]))

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, PopularityConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._counts, tool._ratings = read_array(folder / "popularity.npy")
        return tool
