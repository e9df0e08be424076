"""Recent popularity: what many people chose lately."""

import itertools
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
    Events,
    Explanation,
    Floats,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.storage import read_array, read_config, write_array, write_config

_DAY = 86_400.0
_HALVINGS = np.arange(1, 9)  # half-lives tried: a half, a quarter, … of the time that the events span
_SLICES = np.linspace(
    0.8, 1.0, 11
)  # shares of the events: each fiftieth of the last fifth is foretold from all before it
_FEWEST = 20  # events with a time below which nothing is recent


class RecentPopularityConfig(ToolConfig):
    """How fast a choice is forgotten."""

    half_life_days: float | None = Field(
        None,
        gt=0,
        description="days in which a choice comes to count half; left out: what foretells the latest fifth best",
    )


class RecentPopularity(AlignedTool):
    """Ranks by log(1 + number of choices), each choice halved for every half-life that it lies before the last one of all.

    The half-life is that of a half, a quarter, … a 256th of the time covered under which the latest choices are likeliest, given
    those before.
    """

    name = "recent_popularity"
    kind = "popularity"
    capabilities = Capabilities(explain=True)
    needs = frozenset({"interactions"})
    Config = RecentPopularityConfig
    config: RecentPopularityConfig
    _items: Alignment
    _scores: Floats  # (n_own,)

    def fit(self, data: TrainingData) -> None:
        """Chooses the half-life and counts.

        Raises:
            NotFittedError: too few choices have a time, or all have the same.
        """
        dated = data.events[np.isfinite(data.events.time)]
        if len(dated) < _FEWEST or not np.ptp(dated.time) or not data.user_items.nnz:
            raise NotFittedError(
                "Fewer than 20 interactions have a time, or all have the same.",
                "Ingest interactions with a timestamp.",
            )
        n_items = len(data.catalogue)
        half_life = self._half_life(dated, n_items)
        self.note = f"a choice counts half after {half_life / _DAY:,.1f} days"
        self._scores = np.log1p(decayed(dated, float(dated.time.max()), half_life, n_items))
        self._items = Alignment(data.catalogue.ids, data.catalogue)

    def _half_life(self, dated: Events, n_items: int) -> float:
        if self.config.half_life_days is not None:
            return self.config.half_life_days * _DAY
        tried = np.ptp(dated.time) * 0.5**_HALVINGS
        return float(max(tried, key=lambda half_life: foretold(dated, half_life, n_items)))

    def scores(self, query: Query) -> Floats:
        """Returns the same scores whatever the query says."""
        del query
        return self._items.scatter(self._scores)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns the one part `recent_popularity`. Exact."""
        del query
        own = int(self._items.own[row])
        return Explanation() if own < 0 else ordered([Contribution("recent_popularity", float(self._scores[own]))])

    def save(self, folder: Path) -> None:
        """Writes the scores, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "recent.npy", self._scores)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, RecentPopularityConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._scores = read_array(folder / "recent.npy")
        return tool


def decayed(events: Events, now: float, half_life: float, n_items: int) -> Floats:
    """Returns `(n_items,)` counts as of `now`, each event halved for every half-life that it is old (both in seconds)."""
    worth = 0.5 ** ((now - events.time) / half_life)
    return np.bincount(events.row, weights=worth, minlength=n_items).astype(np.float64)


def foretold(events: Events, half_life: float, n_items: int) -> float:
    """Returns the mean log-likelihood of the latest fifth of the events, each fiftieth given all before it: their decayed shares.

    One part in ten of the likelihood is spread over all items, so that an item nobody chose before costs the same under every
    half-life.
    """
    events = events[np.argsort(events.time, kind="stable")]
    cuts = np.unique((_SLICES * len(events)).astype(np.int64))
    likelihoods = []
    for cut, end in itertools.pairwise(cuts.tolist()):
        before = events[np.arange(cut)]
        counts = decayed(before, float(before.time[-1]), half_life, n_items)
        shares = 0.9 * counts / counts.sum() + 0.1 / n_items
        likelihoods.append(np.log(shares[events.row[cut:end]]))
    return float(np.concatenate(likelihoods).mean())
