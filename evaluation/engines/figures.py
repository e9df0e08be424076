"""What was measured, step by step, and what it comes to: ratios over all cases, milliseconds, counts and words for a reader."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from convrec.core.metrics.bootstrap import Ratio
from convrec.evaluation.engines.candidates import COMPACT, Job
from convrec.evaluation.engines.talking import slates_apart
from convrec.evaluation.result import Scored
from convrec.evaluation.run import Answer

_FALLBACK = re.compile(r"(\w+): (\w+)")
Row = Mapping[str, tuple[float, float]]
"""A case's part in each metric, as `(numerator, denominator)`."""


@dataclass(frozen=True)
class Cases:
    """The cases of one step, or of ordering: their ids, whom each is drawn with, and every engine's answers to them with their parts in each metric."""

    step: Job
    ids: Sequence[str]
    groups: Sequence[str]
    answers: Mapping[str, Sequence[Answer]]
    rows: Mapping[str, Sequence[Row]]


def scored(measured: Sequence[Cases], name: str) -> Scored:
    """Returns an engine's ratios over the cases of all steps; a case has no part in the metrics of another step."""
    ratios: dict[str, list[tuple[float, float]]] = {}
    total, before = sum(len(cases.ids) for cases in measured), 0
    for cases in measured:
        for place, row in enumerate(cases.rows[name], before):
            for metric, parts in row.items():
                ratios.setdefault(f"{cases.step} {metric}", [(0.0, 0.0)] * total)[place] = parts
        before += len(cases.ids)
    return Scored({metric: Ratio.of(parts) for metric, parts in ratios.items()})


def _turns(cases: Cases, name: str) -> Iterator[Answer]:
    """Yields a row for each turn that an engine was measured in."""
    for answer in cases.answers[name]:
        yield from answer.get("spent", [answer] if "ms" in answer else [])


def ms_a_turn(measured: Sequence[Cases]) -> dict[str, dict[str, float]]:
    """Returns the mean milliseconds of a turn, by step and engine."""
    found: dict[str, dict[str, float]] = {}
    for cases in measured:
        for name in cases.answers:
            took = [turn["ms"] for turn in _turns(cases, name)]
            found.setdefault(cases.step, {})[name] = round(sum(took) / max(len(took), 1), 1)
    return found


def counts(measured: Sequence[Cases], models: Sequence[str]) -> dict[str, int]:
    """Returns how many cases and failures there were in each step, and that wording changed no slate."""
    found = {f"{cases.step}: cases": len(cases.ids) for cases in measured}
    for cases in measured:
        failed = sum("error" in answer for each in cases.answers.values() for answer in each)
        found |= {f"{cases.step}: failures": failed} if failed else {}
    worded = next(cases for cases in measured if cases.step == "explain")
    apart = sum(slates_apart(worded.answers[COMPACT], worded.answers[name]) for name in models)
    return found | {"explain: slates that differ": apart}


def notes(measured: Sequence[Cases], models: Sequence[str], labelled: bool) -> Iterator[str]:
    """Yields what a reader must know: whose turns were understood, and where a model fell back, and why."""
    yield (
        "Turns that were understood are your own labelled ones."
        if labelled
        else "Turns that were understood are simulated people's, labelled by what they meant; --input brings real ones."
    )
    if all(cases.step != "rank" for cases in measured):
        yield "Ordering was not measured: it takes people whose choices are known."
    for cases in measured:
        for name in models:
            turns = list(_turns(cases, name))
            why = Counter(kind for turn in turns for step, kind in _FALLBACK.findall(turn["fallback"]))
            if why:
                n, kinds = sum(why.values()), ", ".join(f"{kind} {n}" for kind, n in why.most_common())
                yield f"{cases.step}: in {n:,} of {len(turns):,} turns the {name} fell back to the compact engine ({kinds})."
