"""What an evaluation found: one document for every protocol, the same bytes for the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from convrec.core.metrics.bootstrap import Ratio, Resampling

_DIGITS = 10


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Figure(_Shape):
    """A metric with the ends of its 95 % interval. Ends are None for figures of whole lists (coverage), all is None for no cases."""

    value: float | None
    low: float | None = None
    high: float | None = None


class Difference(_Shape):
    """What the system has over a baseline on the same cases: 95 % interval and two-sided p-value."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None


Metrics = dict[str, Figure]


class Slice(_Shape):
    """The same figures over some of the cases, by system, and what the measured system has over the others there."""

    n: int
    systems: dict[str, Metrics]
    gains: dict[str, dict[str, Difference]] = {}


class Result(_Shape):
    """The result of one run. `metrics` are those of `system`, `headline` the one among them to look at first; `baselines` those of whatever stands beside it, on the same `n` cases.

    `gains` says, for each baseline, what the system has over it. `controls` are rankings that show whether the measurement is sound: the
    targets themselves, chance, and the system with other people's targets. `counts` are what a reader must know (failures, unknown ids, …),
    `notes` in words. `sections` holds tables of other shapes (confusions, worst cases are in files of their own).
    """

    protocol: str
    system: str
    headline: str
    metrics: Metrics
    n: int
    baselines: dict[str, Metrics] = {}
    gains: dict[str, dict[str, Difference]] = {}
    slices: dict[str, Slice] = {}
    controls: dict[str, Metrics] = {}
    counts: dict[str, int] = {}
    notes: tuple[str, ...] = ()
    sections: dict[str, Any] = {}
    manifest: dict[str, Any] = {}


@dataclass(frozen=True)
class Scored:
    """A system's metrics over cases, each a ratio of sums over them, and figures of all its lists taken together."""

    ratios: Mapping[str, Ratio]
    whole: Mapping[str, float | None] = field(default_factory=dict)


def figures(scored: Scored, draws: Resampling) -> Metrics:
    """Returns a system's metrics with intervals."""
    found = {name: Figure(**_rounded(vars(draws.estimate(ratio)))) for name, ratio in scored.ratios.items()}
    return found | {name: Figure(**_rounded({"value": value})) for name, value in scored.whole.items()}


def gains(scored: Scored, over: Scored, draws: Resampling) -> dict[str, Difference]:
    """Returns what one system has over another, metric by metric."""
    shared = [name for name in scored.ratios if name in over.ratios]
    return {name: Difference(**_rounded(vars(draws.gain(scored.ratios[name], over.ratios[name])))) for name in shared}


def chosen(scored: Scored, which: Sequence[int]) -> Scored:
    """Returns the ratios over some of the cases; figures of whole lists are not taken along."""
    places = list(which)
    return Scored({n: Ratio(r.numerator[places], r.denominator[places]) for n, r in scored.ratios.items()})


@dataclass(frozen=True)
class Part:
    """Systems over the same cases, whose `groups` are drawn whole."""

    groups: Sequence[str]
    scored: Mapping[str, Scored]

    def over(self, places: Sequence[int]) -> Part:
        """Returns the same systems over some of the cases."""
        return Part(
            [self.groups[place] for place in places], {n: chosen(each, places) for n, each in self.scored.items()}
        )


def summarised(
    protocol: str,
    system: str,
    headline: str,
    whole: Part,
    *,
    slices: Mapping[str, Part] | None = None,
    seed: int = 0,
    **rest: Any,
) -> Result:
    """Returns the result of a run of `system`, which stands among the systems of `whole`. `rest` are further fields of `Result`."""
    draws = _draws(whole, seed)
    tables = {name: figures(each, draws) for name, each in whole.scored.items()}
    return Result(
        protocol=protocol, system=system, headline=headline, metrics=tables[system], n=len(whole.groups),
        baselines={name: table for name, table in tables.items() if name != system},
        gains={n: gains(whole.scored[system], each, draws) for n, each in whole.scored.items() if n != system},
        slices={name: _slice(system, part, seed) for name, part in (slices or {}).items()}, **rest,
    )  # fmt: skip


def _draws(part: Part, seed: int) -> Resampling:
    draws = Resampling(part.groups, seed=seed)
    draws.draw(ratio for scored in part.scored.values() for ratio in scored.ratios.values())
    return draws


def _slice(system: str, part: Part, seed: int) -> Slice:
    draws = _draws(part, seed)
    systems = {name: figures(each, draws) for name, each in part.scored.items()}
    own = part.scored.get(system)
    others = {name: each for name, each in part.scored.items() if name != system} if own is not None else {}
    return Slice(
        n=len(part.groups), systems=systems, gains={n: gains(own, each, draws) for n, each in others.items() if own}
    )


def _rounded(values: Mapping[str, float | None]) -> dict[str, float | None]:
    return {name: round(value, _DIGITS) if value is not None else None for name, value in values.items()}
