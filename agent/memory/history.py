"""Tastes out of a long history of events: what sets a person's choices apart, each traceable to the events that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from convrec.agent.wording import is_year
from convrec.catalogue.catalogue import Catalogue
from convrec.core.understanding import Polarity

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Horizon = Literal["short", "long"]

_HORIZONS: tuple[Horizon, ...] = ("short", "long")
_SIGNS: tuple[Polarity, ...] = (1, -1)
_LONG_DAYS = 730.0
_SHORT_EVENTS = 20
_DAY = 86_400.0
_LEAST_EVENTS = 2
_LEAST_LIFT = 1.15
_SURE = 1.5  # standard errors by which a taste stands out from chance
_SMOOTHING = 3.0  # events of the average person added to each person's
_OUTLIER = 0.1  # of an event's weight that is left where nothing else the person chose is like it
_EVIDENCE = 5
_MOST_VALUES = 5_000  # of a field that can tell tastes; more are names of single items
_YEARS = 10


@dataclass(frozen=True)
class Choice:
    """One thing a person did: with which item, liked (1) or not (-1), when (Unix seconds, NaN where unknown)."""

    item_id: str
    polarity: Polarity
    time: float


@dataclass(frozen=True)
class Taste:
    """A value that a person chooses more (polarity 1) or refuses more (-1) than the catalogue alone would lead to.

    `weight` is in (0, 1], 1 for the taste that sets the person most apart; `share` is the part of their choices, as they count,
    that carry the value, `usual` that of the catalogue; `evidence` are the items that show it most, with their times.
    """

    facet: str
    value: str
    polarity: Polarity
    horizon: Horizon
    weight: float
    share: float
    usual: float
    n_events: int
    evidence: tuple[tuple[str, float], ...]


def tastes(choices: Sequence[Choice], catalogue: Catalogue, most: int = 12) -> list[Taste]:
    """Returns at most `most` tastes for each horizon, the strongest first.

    Time runs back from the latest choice. The long horizon forgets by half in two years and is measured against the catalogue; the short one forgets by half in twenty
    choices and tells what is new: it is measured against the long one too. A choice that has nothing in common with the
    others, such as a gift, counts a tenth. A taste's strength is its part of the Kullback-Leibler divergence between the
    person's choices and what they are measured against (the catalogue), so that what everybody likes says little.
    """
    known = [(row, choice) for choice in choices if (row := catalogue.row(choice.item_id)) is not None]
    if not known:
        return []
    rows = np.array([row for row, _ in known], np.int64)
    polarity = np.array([choice.polarity for _, choice in known], np.int64)
    times = np.array([choice.time for _, choice in known], np.float64)
    newest = np.nanmax(times) if np.isfinite(times).any() else 0.0
    age = np.maximum(newest - np.nan_to_num(times, nan=0.0), 0.0) / _DAY
    tables = [*_tables(catalogue)]
    found: list[Taste] = []
    for horizon in _HORIZONS:
        of_horizon: list[Taste] = []
        for sign in _SIGNS:
            of_sign = polarity == sign
            seen = _Seen(rows[of_sign], times[of_sign], age[of_sign], sign)
            of_horizon += _told_by(seen, tables, catalogue, horizon) if of_sign.any() else ()
        strongest = max((taste.weight for taste in of_horizon), default=1.0)
        ranked = sorted(of_horizon, key=lambda taste: (-taste.weight, taste.facet, taste.value, taste.polarity))[:most]
        found += [_weighed(taste, strongest) for taste in ranked]
    return found


@dataclass(frozen=True)
class _Table:
    """The values of a field: which item carries which, a sparse `(n_items, n_values)` array, and their names."""

    facet: str
    names: Sequence[str]
    carried: csr_array[Any, tuple[int, int]]

    @cached_property
    def usual(self) -> Floats:
        """Returns the part of all items that carry each value, `(n_values,)`."""
        return np.asarray(self.carried.mean(axis=0)).ravel()


def _tables(catalogue: Catalogue) -> Iterator[_Table]:
    from scipy.sparse import csr_array

    for field in catalogue.schema.fields:
        if field.valued:
            index = catalogue.values(field.name)
            if 1 < len(index.values) <= _MOST_VALUES:
                yield _Table(field.name, index.values, index.carried())
        elif is_year(field):
            numbers = catalogue.numbers(field.name)
            years = 1970.0 + numbers / 365.2425 if field.type == "date" else numbers
            present = np.flatnonzero(~np.isnan(years))
            decades = (years[present] // _YEARS).astype(np.int64)
            kept, code = np.unique(decades, return_inverse=True)
            names = [f"{decade * _YEARS}..{decade * _YEARS + _YEARS - 1}" for decade in kept]
            ones = np.ones(len(present), np.float32)
            yield _Table(field.name, names, csr_array((ones, (present, code)), shape=(len(catalogue), len(kept))))


@dataclass(frozen=True)
class _Seen:
    """The choices of one sign; all arrays are `(n_choices,)`."""

    rows: Ints
    times: Floats
    age: Floats
    sign: Polarity

    def weights(self, tables: Sequence[_Table], horizon: Horizon) -> Floats:
        """Returns how much each choice counts."""
        if horizon == "long":
            fading: Floats = 0.5 ** (self.age / _LONG_DAYS)
        else:
            later = np.empty(len(self.age))
            later[np.argsort(self.age, kind="stable")] = np.arange(len(self.age))
            fading = 0.5 ** (later / _SHORT_EVENTS)
        return fading * _typical(tables, self.rows, fading)


def _told_by(seen: _Seen, tables: Sequence[_Table], catalogue: Catalogue, horizon: Horizon) -> Iterator[Taste]:
    """Yields the unweighed tastes that choices of one sign show."""
    weights = seen.weights(tables, horizon)
    before = seen.weights(tables, "long") if horizon == "short" else None
    n_told = float(weights.sum() ** 2 / (weights @ weights))  # choices that would tell as much if all counted the same
    for table in tables:
        chosen = table.carried[seen.rows]
        usual = table.usual
        against = usual if before is None else np.maximum(usual, _share(chosen, before, usual))
        share = _share(chosen, weights, usual)
        lift = share / np.maximum(against, 1e-12)
        chance = _SURE * np.sqrt(against * (1 - np.minimum(against, 1.0)) / n_told)
        counts = np.asarray((chosen > 0).sum(axis=0)).ravel()
        for code in map(
            int, np.flatnonzero((counts >= _LEAST_EVENTS) & (lift >= _LEAST_LIFT) & (share - against > chance))
        ):
            with_it = np.flatnonzero(chosen[:, [code]].toarray().ravel())
            shown = with_it[np.argsort(-weights[with_it], kind="stable")][:_EVIDENCE]
            yield Taste(
                table.facet, table.names[code], seen.sign, horizon, float(share[code] * np.log(lift[code])), round(float(share[code]), 4),
                round(float(usual[code]), 4), int(counts[code]), tuple((catalogue.ids[seen.rows[place]], float(seen.times[place])) for place in shown),
            )  # fmt: skip


def _share(chosen: csr_array[Any, tuple[int, int]], weights: Floats, usual: Floats) -> Floats:
    """Returns the part of the choices that carry each value, `(n_values,)`, drawn towards the usual one where there are few."""
    return np.asarray((weights @ chosen + _SMOOTHING * usual) / (weights.sum() + _SMOOTHING))


def _typical(tables: Sequence[_Table], rows: Ints, fading: Floats) -> Floats:
    """Returns how much each choice has in common with the person's other ones, `(n_choices,)` in [_OUTLIER, 1], half of them 1."""
    likeness = np.zeros(len(rows))
    for table in tables:
        telling = np.log(1.0 / np.maximum(table.usual, 1.0 / table.carried.shape[0]))  # rare values tell more
        chosen = table.carried[rows].multiply(telling).tocsr()
        whole = fading @ chosen
        own = np.asarray(chosen.multiply(chosen).sum(axis=1)).ravel() * fading
        norms = np.sqrt(np.asarray(chosen.multiply(chosen).sum(axis=1)).ravel())
        likeness += (chosen @ whole - own) / np.maximum(norms, 1e-12)
    middle = float(np.median(likeness))
    if middle <= 0:
        return np.ones(len(rows))
    return np.clip(likeness / middle, _OUTLIER, 1.0)


def _weighed(taste: Taste, strongest: float) -> Taste:
    return replace(taste, weight=round(taste.weight / strongest, 4))
