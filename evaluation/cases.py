"""`cases.jsonl`: what a run's system did in each case, from which every figure can be computed again and paired with another run's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from convrec.catalogue.store import disk_errors
from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Ratio
from convrec.evaluation.result import Scored
from convrec.evaluation.run import write_lines

FILE = "cases.jsonl"


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    id: str
    group: str
    ratios: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Cases:
    """A run's cases in order: their ids, the groups that they are drawn with, and their part in every metric."""

    ids: tuple[str, ...]
    groups: tuple[str, ...]
    scored: Scored

    def aligned(self, ids: Sequence[str]) -> Cases:
        """Returns the cases with these ids, in this order."""
        place = {each: number for number, each in enumerate(self.ids)}
        chosen = [place[each] for each in ids]
        ratios = {n: Ratio(r.numerator[chosen], r.denominator[chosen]) for n, r in self.scored.ratios.items()}
        return Cases(tuple(ids), tuple(self.groups[number] for number in chosen), Scored(ratios))


def write_cases(run: Path, ids: Sequence[str], groups: Sequence[str], scored: Scored) -> Path:
    """Writes `cases.jsonl` into the run's folder (or to the path itself) and returns where it lies.

    A line a case: `{"id", "group", "ratios": {metric: [numerator, denominator]}}`. Figures of whole lists have no cases and are left out.

    Raises:
        ValueError: there are not as many groups or ratios as ids, or a part is no number.
    """
    path = run / FILE if run.is_dir() else run
    tables = {name: np.stack([r.numerator, r.denominator], axis=1) for name, r in scored.ratios.items()}
    for name, table in tables.items():
        if len(table) != len(ids) or not np.isfinite(table).all():
            raise ValueError(f"{name} does not have two numbers for each of {len(ids)} cases")
    pairs = {name: [(_short(a), _short(b)) for a, b in table.tolist()] for name, table in tables.items()}
    rows = [
        {"id": case, "group": group, "ratios": {name: pairs[name][place] for name in pairs}}
        for place, (case, group) in enumerate(zip(ids, groups, strict=True))
    ]
    with disk_errors(path.parent):
        write_lines(path, rows)
    return path


def _short(value: float) -> float:
    """Returns whole numbers as such, which halves the file."""
    return int(value) if float(value).is_integer() else value


def has_cases(run: Path) -> bool:
    """Returns whether the run kept what it did in each case."""
    return (run / FILE).is_file()


def read_cases(run: Path) -> Cases:
    """Returns the cases of a run; `run` is its folder or the file itself.

    Raises:
        InputError: there are none, a line is no case, an id stands twice, or metrics differ from line to line.
    """
    path = run / FILE if run.is_dir() else run
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError(f"{run} has no {FILE}.", "Run the evaluation again to get it.") from error
    rows = [_row(path, number, line) for number, line in enumerate(lines, 1)]
    ids = tuple(row.id for row in rows)
    if not rows or len(set(ids)) != len(ids) or any(row.ratios.keys() != rows[0].ratios.keys() for row in rows):
        raise InputError(f"{path} is damaged: cases are missing, doubled or without a metric.", "Run it again.")
    return Cases(
        ids,
        tuple(row.group for row in rows),
        Scored({name: Ratio.of([row.ratios[name] for row in rows]) for name in rows[0].ratios}),
    )


def _row(path: Path, number: int, line: bytes) -> _Row:
    try:
        return _Row.model_validate(json.loads(line))
    except (ValueError, ValidationError) as error:
        raise InputError(f"{path}, line {number}, is no case.", "Run the evaluation again.") from error
