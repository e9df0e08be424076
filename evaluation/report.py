"""A page about one run or several, whole in itself: plots, tables and the worst cases, without a script or a request."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
from convrec.evaluation import report_parts as parts
from convrec.evaluation.nested import Node, node
from convrec.evaluation.reading import clearly, interval, known, leaks, meaning, number
from convrec.evaluation.result import Result
from convrec.evaluation.run import read_result

if TYPE_CHECKING:
    from jinja2 import Environment

_WORST = 30  # cases that are shown
_APART = ("confusion",)  # sections that have plots of their own
_CONTROLS = {
    "oracle": "the targets themselves: the most that can be had",
    "random": "items drawn by chance: the least",
    "other people's targets": "what is left when everybody is measured against somebody else's targets",
}
_ORDER = {"better": 0, "unclear": 1, "worse": 2}
_SAYS = {"better": "better than", "worse": "worse than", "unclear": "not clearly different from"}


@dataclass(frozen=True)
class View:
    """A run as the page shows it."""

    anchor: str
    folder: str
    result: Result
    leaks: tuple[str, ...]
    value: str
    ends: str
    meaning: str
    sentence: str
    headline: parts.Plot
    gains: parts.Plot | None
    headline_table: parts.Table
    multiples: list[parts.Plot]
    turns: parts.Plot | None
    slices: parts.Plot | None
    confusions: list[parts.Plot]
    controls: parts.Table | None
    controls_said: list[tuple[str, str]]
    counts: list[parts.Cell]
    notes: tuple[str, ...]
    sections: list[tuple[str, Node]]
    metrics: parts.Table
    worst: list[tuple[str, Node]]
    manifest: Node


def report(folders: Sequence[Path], out: Path) -> Path:
    """Writes one page about the runs in these folders and returns its path. The same runs give the same bytes.

    Raises:
        InputError: no folder is named, or one holds no finished run.
        ConvrecError: matplotlib or Jinja is not installed.
    """
    if not folders:
        raise InputError("There is no run to report on.", "Name the folder of a run, with its metrics.json.")
    views = [_view(folder, f"run-{place}") for place, folder in enumerate(folders, 1)]
    template = _environment().get_template("report.jinja")
    page = template.render(views=views, policy=_policy, title=_title(views))
    with disk_errors(out.parent):
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, page.encode("utf-8", "replace"))
    return out


def newest_runs(parent: Path) -> list[Path]:
    """Returns the newest finished run of each protocol in a folder of runs, protocols in alphabetical order; folders that hold none are passed over.

    Raises:
        InputError: there is none at all.
    """
    found: dict[str, Path] = {}
    for path in sorted(parent.glob("*/metrics.json"), key=lambda each: (each.stat().st_mtime, each)):
        try:
            found[read_result(path.parent).protocol] = path.parent
        except InputError:
            continue
    if not found:
        raise InputError(
            f"There is no finished run in {parent}.", "Run `convrec evaluate topn` first, or name a run's folder."
        )
    return [found[protocol] for protocol in sorted(found)]


def _view(folder: Path, anchor: str) -> View:
    result = read_result(folder)
    figure = result.metrics.get(result.headline)
    marks = leaks(result)
    return View(
        anchor=anchor, folder=folder.resolve().name, result=result, leaks=marks, value=number(parts.value_of(figure)),
        ends=interval(figure), meaning=meaning(result.headline), sentence=_sentence(result),
        headline=parts.headline_plot(result), gains=parts.gains_plot(result),
        headline_table=parts.headline_table(result), multiples=parts.multiples(result),
        turns=parts.turns_plot(result), slices=parts.slices_plot(result), confusions=parts.confusion_plots(result),
        controls=parts.controls_table(result),
        controls_said=[(name, said) for name, said in _CONTROLS.items() if name in result.controls],
        counts=[_count(name, count) for name, count in result.counts.items()],
        notes=tuple(note for note in result.notes if note not in marks),
        sections=[(n, node(each)) for n, each in result.sections.items() if n not in _APART],
        metrics=parts.metrics_table(result), worst=_worst(folder), manifest=node(result.manifest),
    )  # fmt: skip


def _sentence(result: Result) -> str:
    """Returns what the headline figure says beside the others, in words."""
    found: dict[str, list[str]] = {}
    for name in parts.tables(result):
        gain = result.gains.get(name, {}).get(result.headline)
        if gain is not None and known(gain.value):
            found.setdefault(clearly(result.headline, gain), []).append(name)
    if not found:
        return "Nothing stands beside it to compare with."
    said = [f"{_SAYS[kind]} {_listed(found[kind])}" for kind in sorted(found, key=_ORDER.__getitem__)]
    return f"It is {'; '.join(said)}."


def _listed(names: Sequence[str], most: int = 8) -> str:
    shown = [*names[:most], f"{len(names) - most} more"] if len(names) > most else list(names)
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _count(name: str, count: int) -> parts.Cell:
    wrong = count > 0 and ("failure" in name or "leak" in name or "learned from" in name)
    return parts.Cell(name, f"{count:,}", tone="alarming" if wrong else "")


def _worst(folder: Path) -> list[tuple[str, Node]]:
    """Returns the worst cases with their ids; none where the run wrote none down."""
    path = (folder if folder.is_dir() else folder.parent) / "worst.jsonl"
    if not path.exists():
        return []
    try:
        rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_bytes().splitlines()[:_WORST]]
        return [(str(row.pop("id", "?")), node(row)) for row in rows]
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is damaged.", "Remove it, or run the evaluation again.") from error


def _title(views: Sequence[View]) -> str:
    first = views[0].result
    return f"{first.protocol}: {first.system}" if len(views) == 1 else f"{len(views)} evaluations"


def _policy(style: str) -> str:
    """Returns the page's Content-Security-Policy: nothing is loaded, nothing runs, and no style but its own is taken."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise ConvrecError("The report is written with Jinja, which is not installed.", to_get("evaluate")) from error
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["drawn"] = Markup  # SVG of our own making, in which labels are escaped already
    return environment
