"""Base, tuned model, compact engine and plain baselines side by side on held-out rows, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.core.progress import Progress, silent
from convrec.finetune.proof.answers import said
from convrec.finetune.proof.baselines import baselines
from convrec.finetune.proof.scores import MAIN, Parts, figures, parts_of
from convrec.finetune.sets.rows import Part, Row, Task
from convrec.finetune.tuning.base import open_base
from convrec.finetune.tuning.lora import checked_adapter
from convrec.finetune.tuning.messages import Template
from convrec.finetune.tuning.train import room_for

BASE, TUNED = "base", "tuned"
_HELD: tuple[Part, ...] = ("valid", "heldout_wording", "test")


@dataclass(frozen=True)
class Compared:
    """Figures by part and system, rows of each part, and the decision with the figures that it rests on."""

    task: Task
    rows: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Mapping[str, float]]]
    decision: Mapping[str, Any]

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {"task": self.task, "rows": dict(self.rows), "figures": {part: {name: dict(each) for name, each in found.items()} for part, found in self.figures.items()}, "decision": dict(self.decision)}  # fmt: skip


def evaluate(
    task: Task, parts: Mapping[Part, Sequence[Row]], base: Path, adapter: Path | None, *, limit: int | None = None, progress: Progress = silent,
) -> Compared:  # fmt: skip
    """Returns how base and tuned model do on each held-out part, beside what they must beat.

    Raises:
        InputError: nothing was held out. ModelError: the base or the adapter can't be used.
    """
    held = {part: list(parts[part])[:limit] for part in _HELD if parts.get(part)}
    if not held:
        raise InputError("The set has no held-out rows, so there is nothing to measure on.", "Build it anew.")
    answers = baselines(parts["train"])
    marks: dict[str, dict[str, list[Parts]]] = {part: {name: [_timed(parts_of(row, answer(row)), 0, 0.0) for row in rows] for name, answer in answers.items()} for part, rows in held.items()}  # fmt: skip
    for name, folder in ((BASE, None), (TUNED, adapter)):
        if name == TUNED and folder is None:
            continue
        for part, found in _by_model(base, folder, held, progress).items():
            marks[part][name] = found
    return Compared(task, {part: len(rows) for part, rows in held.items()}, {part: {name: figures(each) for name, each in found.items()} for part, found in marks.items()}, decided(task, held, marks))  # fmt: skip


def _by_model(
    base: Path, adapter: Path | None, held: Mapping[Part, Sequence[Row]], progress: Progress
) -> dict[Part, list[Parts]]:
    """Returns a model's marks, unguided and greedy."""
    from convrec.agent.llm.loading import load

    if adapter is None:
        loaded, template = open_base(base)
    else:
        checked_adapter(adapter)
        loaded = load(str(base), str(adapter))
        template = Template(loaded.tokenizer)
    found = {}
    for part, rows in held.items():
        answers = said(loaded, [template.prompt(row.messages) for row in rows], room_for(template, rows), progress)
        found[part] = [
            _timed(parts_of(row, one.text), len(one.ids), one.ms) for row, one in zip(rows, answers, strict=True)
        ]
    return found


def _timed(parts: Parts, tokens: int, ms: float) -> Parts:
    return {**parts, "tokens": (float(tokens), 1.0), "ms": (ms, 1.0)}


def decided(
    task: Task, held: Mapping[Part, Sequence[Row]], marks: Mapping[str, Mapping[str, Sequence[Parts]]]
) -> dict[str, Any]:
    """Returns whether the tuned model is to serve the task: where it is clearly better than the compact engine (else than the best baseline) on rows of
    wording that it was not trained on, real ones where there are any; the 95 % interval of the difference is paired by row.
    """
    part = next((part for part in ("test", "heldout_wording", "valid") if part in held and TUNED in marks[part]), None)
    if part is None:
        return {"serve": False, "why": "there is no tuned model"}
    figure = MAIN[task]
    others = [name for name in marks[part] if name not in (BASE, TUNED)]
    rival = "compact" if "compact" in others else max(others, key=lambda name: figures(marks[part][name])[figure])
    mine, theirs = ([one[figure] for one in marks[part][name]] for name in (TUNED, rival))
    drawing = Resampling([row.group or row.id for row in held[part]])  # type: ignore[index]
    gain = drawing.gain(Ratio.of(mine), Ratio.of(theirs))
    if gain.low is None:
        return {"serve": False, "why": f"there is nothing to take {figure} over in the rows of {part}"}
    return {
        "serve": gain.low > 0,
        "part": part,
        "figure": figure,
        "against": rival,
        "gain": gain.value,
        "low": gain.low,
        "high": gain.high,
    }
