"""What got better or worse from one run to another, on the same cases, and whether chance would do as much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Gain, Ratio, Resampling
from convrec.evaluation.cases import Cases, has_cases, read_cases
from convrec.evaluation.reading import improvement, known, leaks
from convrec.evaluation.result import Metrics, Result
from convrec.evaluation.run import read_result

Verdict = Literal["better", "worse", "no clear change", "not tested"]
LEVEL = 0.05  # of the corrected p
_WHO = ("policy", "tools", "allow_leak")  # options that choose who is measured or shown beside, not on which cases
_DRAWS = 200  # a metric: the smallest corrected p stays at 0.01, however many metrics there are
_LEAST_DRAWS = 1000
_LISTED = 10
_DIGITS = 10


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Shape):
    """One of the two runs. `leaks` are its notes that say that its test was learned from."""

    run: str
    system: str
    n: int
    leaks: tuple[str, ...] = ()


class Change(_Shape):
    """A metric in both runs and the difference B − A with its 95 % interval.

    `p` is two-sided, `adjusted_p` corrected for all metrics together (Holm 1979). Both are None, as the interval is, where cases can't be paired.
    """

    a: float | None
    b: float | None
    difference: float | None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    verdict: Verdict = "not tested"


class Comparison(_Shape):
    """What changed from run A to run B.

    `comparable` says whether both answered the same cases; where not, `differences` says why, and `metrics` are plain differences of two figures
    without a test. `changed` names what else is not the same in the runs (code, versions, settings), `missing` the metrics of one run alone.
    `gained` and `lost` are ids of the cases whose headline figure changed most, at most ten each way of the `n_gained` and `n_lost`.
    """

    protocol: str
    headline: str
    a: Side
    b: Side
    comparable: bool
    differences: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    metrics: dict[str, Change] = {}
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    n_gained: int = 0
    n_lost: int = 0


def compare(a: Path, b: Path) -> Comparison:
    """Returns what got better or worse from run A to run B.

    Raises:
        InputError: a folder holds no finished run, the protocols differ, or the runs measured on different data.
    """
    before, after = read_result(a), read_result(b)
    if before.protocol != after.protocol:
        raise InputError(
            f"{a} is a run of {before.protocol}, {b} one of {after.protocol}.", "Compare two runs of the same protocol."
        )
    _refuse_other_data(before, after)
    differences = _option_differences(before.manifest, after.manifest)
    pair = None
    if not differences:
        pair, differences = _paired(a, b)
    shared = [name for name in before.metrics if name in after.metrics]
    plain = {name: _plain(before.metrics, after.metrics, name) for name in shared}
    tested = _tested(*pair) if pair else {}
    sides = tuple(Side(run=path.name, system=r.system, n=r.n, leaks=leaks(r)) for path, r in ((a, before), (b, after)))
    return Comparison(
        protocol=before.protocol, headline=before.headline, a=sides[0], b=sides[1], comparable=pair is not None,
        differences=tuple(differences), changed=tuple(_changed(before.manifest, after.manifest)),
        missing=tuple(sorted(before.metrics.keys() ^ after.metrics.keys())), metrics={**plain, **tested},
        **(_moved(*pair, before.headline) if pair else {}),
    )  # fmt: skip


def holm(ps: Mapping[str, float]) -> dict[str, float]:
    """Returns the p-values corrected for being several, step down from the smallest (Holm 1979)."""
    found, least = {}, 0.0
    for rank, name in enumerate(sorted(ps, key=lambda each: (ps[each], each))):
        least = max(least, min(1.0, (len(ps) - rank) * ps[name]))
        found[name] = least
    return {name: found[name] for name in ps}


def _refuse_other_data(a: Result, b: Result) -> None:
    kinds = [kind for kind, x, y in _unequal(a.manifest.get("data"), b.manifest.get("data")) if x != y]
    inputs = [sorted((each.manifest.get("input") or {}).values()) for each in (a, b)]
    what = kinds + (["input files"] if inputs[0] != inputs[1] else [])
    if what:
        raise InputError(
            f"The runs measured on different data: {', '.join(what)} differ.", "Compare runs on the same data."
        )


def _option_differences(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    options = _unequal(a.get("options"), b.get("options"))
    found = [f"option {name}: {x} in A, {y} in B" for name, x, y in options if name not in _WHO]
    seeds = f"seed: {a.get('seed')} in A, {b.get('seed')} in B"
    return found + ([seeds] if a.get("seed") != b.get("seed") and "option seed" not in " ".join(found) else [])


def _changed(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    found = [f"{name}" for name in ("code", "prompts") if a.get(name) != b.get(name)]
    found += [f"option {n}: {x} → {y}" for n, x, y in _unequal(a.get("options"), b.get("options")) if n in _WHO]
    found += [f"{name} {x} → {y}" for name, x, y in _unequal(a.get("versions"), b.get("versions"))]
    settings = _unequal(_flat(a.get("settings") or {}), _flat(b.get("settings") or {}))
    return found + [f"{name}: {x} → {y}" for name, x, y in settings]


def _unequal(a: Mapping[str, Any] | None, b: Mapping[str, Any] | None) -> list[tuple[str, Any, Any]]:
    one, other = a or {}, b or {}
    names = sorted({*one, *other})
    return [(name, one.get(name), other.get(name)) for name in names if one.get(name) != other.get(name)]


def _flat(settings: Mapping[str, Any], under: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{under}{name}.") if isinstance(value, Mapping) else {f"{under}{name}": value}
    return found


def _paired(a: Path, b: Path) -> tuple[tuple[Cases, Cases] | None, list[str]]:
    """Returns the cases of both runs in the same order, or why there are none."""
    folders = {"A": _folder(a), "B": _folder(b)}
    without = [f"{name} kept no cases.jsonl" for name, folder in folders.items() if not has_cases(folder)]
    if without:
        return None, without
    before, after = read_cases(folders["A"]), read_cases(folders["B"])
    only = (len(set(before.ids) - set(after.ids)), len(set(after.ids) - set(before.ids)))
    if any(only):
        return None, [f"cases: {only[0]:,} in A alone, {only[1]:,} in B alone"]
    after = after.aligned(before.ids)
    if before.groups != after.groups:
        return None, ["cases: the same ids belong to other groups"]
    return (before, after), []


def _folder(run: Path) -> Path:
    return run if run.is_dir() else run.parent


def _plain(a: Metrics, b: Metrics, name: str) -> Change:
    x, y = a[name].value, b[name].value
    return Change(a=x, b=y, difference=_rounded(y - x) if x is not None and y is not None else None)


def _tested(a: Cases, b: Cases) -> dict[str, Change]:
    names = [name for name in a.scored.ratios if name in b.scored.ratios]
    draws = Resampling(a.groups, draws=max(_LEAST_DRAWS, _DRAWS * len(names)))
    gains = {name: draws.gain(b.scored.ratios[name], a.scored.ratios[name]) for name in names}
    adjusted = holm({name: gain.p for name, gain in gains.items() if gain.p is not None})
    return {
        name: _change(name, a.scored.ratios[name], b.scored.ratios[name], gains[name], adjusted.get(name))
        for name in names
    }


def _change(name: str, a: Ratio, b: Ratio, gain: Gain, adjusted: float | None) -> Change:
    return Change(
        a=_rounded(a.value), b=_rounded(b.value), difference=_rounded(gain.value), low=_rounded(gain.low),
        high=_rounded(gain.high), p=_rounded(gain.p), adjusted_p=_rounded(adjusted),
        verdict=_verdict(name, gain.value, adjusted),
    )  # fmt: skip


def _verdict(name: str, difference: float | None, adjusted: float | None) -> Verdict:
    if difference is None or adjusted is None:
        return "not tested"
    if adjusted >= LEVEL or difference == 0:
        return "no clear change"
    return "better" if improvement(name, difference) > 0 else "worse"


def _moved(a: Cases, b: Cases, headline: str) -> dict[str, Any]:
    """Returns the cases whose headline figure changed, the most changed first, then by id."""
    if headline not in a.scored.ratios or headline not in b.scored.ratios:
        return {}
    change = _values(b.scored.ratios[headline]) - _values(a.scored.ratios[headline])
    moves = [(improvement(headline, float(by)), case) for case, by in zip(a.ids, change, strict=True) if known(by)]
    gained = _largest([(by, case) for by, case in moves if by > 0])
    lost = _largest([(-by, case) for by, case in moves if by < 0])
    return {
        "gained": gained[:_LISTED],
        "lost": lost[:_LISTED],
        "n_gained": len(gained),
        "n_lost": len(lost),
    }


def _values(ratio: Ratio) -> np.ndarray[Any, np.dtype[np.float64]]:
    with np.errstate(invalid="ignore", divide="ignore"):
        return ratio.numerator / ratio.denominator


def _largest(moves: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(case for _, case in sorted(moves, key=lambda move: (-move[0], move[1])))


def _rounded(value: float | None) -> float | None:
    return round(value, _DIGITS) if value is not None and known(value) else None
