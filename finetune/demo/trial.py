"""One task on planted people: a tiny base before tuning, tuned, and tuned on shuffled answers, side by side on people who were held out."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Gain, Ratio, Resampling
from convrec.core.progress import Progress, silent
from convrec.finetune.demo.marks import FIGURES, Mark, figure_of
from convrec.finetune.demo.planted import plant
from convrec.finetune.demo.shapes import Shapes
from convrec.finetune.demo.tiny import Reading, TinySetting, write_tiny
from convrec.finetune.jobs import training, write_document
from convrec.finetune.sets.build import SetOptions, build, read_set
from convrec.finetune.sets.rows import PARTS, Part, Row, Task, write_rows
from convrec.finetune.tuning.setting import TrainSetting

UNTUNED, TUNED, SHUFFLED, CHANCE, RIGHT = "untuned", "tuned", "shuffled control", "one answer for all", "right answers"
STILL = 0.1
"""Share of what tuning gains that the control may gain by luck."""


@dataclass(frozen=True)
class TrialOptions:
    """Sizes of a trial: planted people who did something, messages of others, held-out rows that are measured, the base, the setting."""

    people: int
    messages: int
    measured: int
    tiny: TinySetting
    setting: TrainSetting
    seed: int = 0


_TINY = TinySetting(vocabulary=768, width=96, inner=256, layers=3, context=2048, row=512, rows=2, steps=400, minutes=60)
_SETTING = TrainSetting(rank=32, rate=4e-3, epochs=3, row=1024, rows=1, dtype="float32", measure=0)
_SMALL = replace(_TINY, width=64, inner=192, layers=2)
TRIALS: Mapping[Task, TrialOptions] = {
    "plan": TrialOptions(150, 1000, 100, replace(_TINY, steps=2000), _SETTING.model_copy(update={"epochs": 4})),
    "explain": TrialOptions(150, 500, 60, replace(_TINY, steps=2500), _SETTING),
    "profile": TrialOptions(1500, 1500, 100, replace(_TINY, steps=3000), _SETTING),
    "preference": TrialOptions(150, 120, 40, replace(_SMALL, steps=100), _SETTING.model_copy(update={"epochs": 1, "rate": 2e-3})),
}  # fmt: skip
"""What each task's trial takes: a quarter of an hour of one CPU core at most."""


def trial(out: Path, task: Task, options: TrialOptions, *, progress: Progress = silent, say: Callable[[str], object] = lambda _: None) -> dict[str, Any]:  # fmt: skip
    """Returns what untuned base, tuned model and control come to on held-out people, with 95 % intervals, and whether only the right answers teach
    anything; written to `trial.json`.

    Raises:
        ConvrecError: what building and training raise.
    """
    began = time.process_time()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    say("planting people")
    workspace = plant(out, task, options.people, options.seed)
    say(f"building the set of the task {task}")
    rows = out / "set"
    build(workspace, task, rows, SetOptions(options.messages, 0.0, seed=options.seed), progress=progress)
    found = tried(out, workspace, rows, Shapes(task, options.seed + 1), options, progress=progress, say=say)
    found |= {"cpu_seconds": round(time.process_time() - began)}
    write_document(out / "trial.json", found)
    return found


def tried(out: Path, workspace: Workspace, rows: Path, reading: Reading, options: TrialOptions, *, progress: Progress = silent, say: Callable[[str], object] = lambda _: None) -> dict[str, Any]:  # fmt: skip
    """Returns what a set teaches a base that has read something else: `judged`, of the set's own rows and of a copy with shuffled answers.

    Raises:
        ConvrecError: what training raises.
    """
    parts = read_set(workspace, rows)
    task, sets = parts["train"][0].task, {TUNED: rows, SHUFFLED: out / "shuffled"}
    write_shuffled(sets[SHUFFLED], parts, options.seed)
    say("a base from nothing, which reads of other people in another notation")
    prompts = [parts["train"][0].messages[0].content, *(row.messages[-1].content for row in parts["train"][:60])]
    told = write_tiny(out / "base", reading, prompts, options.tiny, progress)
    held = [row for part in PARTS if part != "train" for row in parts.get(part, ()) if is_planted(row)][
        : options.measured
    ]
    adapters: dict[str, Path | None] = {UNTUNED: None}
    for name, folder in sets.items():
        say(f"{name}: an adapter on {len(parts['train'])} rows (the base read {told['tokens']:,.0f} tokens)")
        run = training(
            workspace, task, out / "base", folder, out / f"run-{folder.name}", options.setting, progress=progress
        )
        adapters[name] = run.adapter
    say(f"{len(held)} rows of held-out people")
    figure = figure_of(workspace, [row for row in parts["train"] if is_planted(row)], held, out / "base", progress)
    marks = {name: figure.by_model(adapter) for name, adapter in adapters.items()} | figure.by_rule()
    return judged(task, held, marks) | {"train": len(parts["train"])}


def is_planted(row: Row) -> bool:
    """Tells whether a row is of somebody whose taste decides the answer: whoever said nothing of themselves is answered as everybody is, by stopping."""
    return row.task != "plan" or row.kind != "stop"


def write_shuffled(folder: Path, parts: Mapping[Part, Sequence[Row]], seed: int) -> None:
    """Writes a set whose training rows have each other's answers; pairs have their sides swapped in every other row of each kind."""
    folder.mkdir(parents=True)
    for part, rows in parts.items():
        write_rows(folder / f"{part}.jsonl", shuffled(rows, seed) if part == "train" else rows)


def shuffled(rows: Sequence[Row], seed: int) -> list[Row]:
    """Returns rows with each other's answers, none with its own; pairs of each kind with their sides swapped in every other one."""
    order = list(range(len(rows)))
    Random(f"{seed}/shuffled").shuffle(order)
    if rows[0].rejected:
        kinds: dict[str, int] = {}
        swapped = list(rows)
        for place in order:
            row = rows[place]
            kinds[row.kind] = kinds.get(row.kind, 0) + 1
            if kinds[row.kind] % 2:
                swapped[place] = row.model_copy(update={"answer": row.rejected, "rejected": row.answer})
        return swapped
    given = dict(zip(order, order[1:] + order[:1], strict=True))
    return [row.model_copy(update={"answer": rows[given[place]].answer}) for place, row in enumerate(rows)]


def judged(task: Task, held: Sequence[Row], marks: Mapping[str, Sequence[Mark]]) -> dict[str, Any]:
    """Returns each system's figure with its interval, and whether tuning moves it and the control does not: what tuning gains over the better of the
    untuned base and one answer for all is clearly more than nothing, and the control gains under a tenth of it, or nothing that is clear.
    """
    drawing = Resampling([row.group or row.id for row in held])
    ratios = {name: Ratio.of(each) for name, each in marks.items()}
    without = max((name for name in (UNTUNED, CHANCE) if name in ratios), key=lambda name: ratios[name].value)
    tuned, control = (drawing.gain(ratios[name], ratios[without]) for name in (TUNED, SHUFFLED))
    figures = {}
    for name, ratio in ratios.items():
        estimate = drawing.estimate(ratio)
        figures[name] = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    moved, still = (tuned.low or 0.0) > 0, (control.low or 0.0) <= 0 or (control.value or 0.0) < STILL * (tuned.value or 0.0)  # fmt: skip
    return {
        "task": task, "figure": FIGURES[task], "rows": len(held), "figures": figures, "over": without, "tuned_gain": _told(tuned), "control_gain": _told(control),
        "tuning_moves_it": moved, "control_does_not": still, "passed": moved and still,
    }  # fmt: skip


def _told(gain: Gain) -> dict[str, float | None]:
    return {"value": gain.value, "low": gain.low, "high": gain.high}


def lines_of(found: Mapping[str, Any]) -> list[str]:
    """Returns a trial's result for people, a line a system and the verdict."""
    lines = [
        f"{found['task']}: {found['figure']}, {found['rows']} rows of held-out people, {found['train']} training rows"
    ]
    for name, one in found["figures"].items():
        lines.append(f"{name:20} {one['value']:7.3f}  [{one['low']:.3f}, {one['high']:.3f}]")
    for name, key in ((TUNED, "tuned_gain"), (SHUFFLED, "control_gain")):
        one = found[key]
        lines.append(f"{name} over {found['over']}: {one['value']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]")
    verdict = "tuning moves it, shuffled answers do not" if found["passed"] else "not shown"
    return [*lines, verdict]
