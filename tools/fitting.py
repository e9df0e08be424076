"""Fitting: every tool trained and indexed, its quality on held-out data measured, all published at once."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.store import disk_errors
from convrec.catalogue.version import FittedTool, Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import BusyError, ConvrecError, InterruptedFitError, NotFittedError
from convrec.core.progress import Progress, silent
from convrec.tools import choruses, heldout
from convrec.tools.contract import Tool, ToolConfig, TrainingData
from convrec.tools.encoder import TextEncoder
from convrec.tools.heldout import DIALOGUE, HISTORY, Fold, Task
from convrec.tools.lists import Lists, asked, path_of, read_lists, rows_of
from convrec.tools.opening import DONE, FUSION, outdated
from convrec.tools.registry import registered, tool_class
from convrec.tools.signals import Weights, signals
from convrec.tools.storage import read_json, write_json
from convrec.tools.teaching import taught
from convrec.tools.threads import Crew, one_thread
from convrec.tools.training import Choices, choices, training_data

_FOLDER = "tools"
ENCODED = "tools/encoded"
"""The folder, in a workspace, of the vectors of texts."""
_SPREAD = 2.0  # standard errors that a fall of quality must exceed to count


@dataclass(frozen=True)
class ToolReport:
    """What became of one tool: `fitted`, `reused` from an earlier fit of the same data, or `left out` (then `note` says why)."""

    name: str
    outcome: str
    seconds: float
    quality: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    n_items: int = 0


@dataclass(frozen=True)
class FitReport:
    """What a fit did, a report a tool, and the version that it published.

    `fusion` is the report of what ranks them together; None where the former one stays. Its quality has, beside the recall of all tools
    together, `<task>/gain of <tool>`: what recall at 10 loses without the tool.
    """

    tools: tuple[ToolReport, ...]
    version: int
    seconds: float
    fusion: ToolReport | None = None


class RegressionError(ConvrecError):
    """A fit was not published because held-out quality fell by more than `[fit] max_regression`."""


def fit(
    workspace: Workspace, *, only: Sequence[str] = (), cutoff: float | None = None, progress: Progress = silent
) -> FitReport:
    """Trains and indexes whatever is stale, publishes it as a new version, and returns what was done.

    `only` names the tools to fit; the others stay as they are. `cutoff` (Unix seconds) trains on earlier events alone.
    A stopped fit changes nothing that is published, and the next one goes on from the tools and vectors that were finished.

    Raises:
        InputError: `only` names an unknown tool.
        NotFittedError: there are no items.
        RegressionError: held-out quality fell by more than `[fit] max_regression`; nothing was published.
        InterruptedFitError: it was stopped by Ctrl-C.
        WorkspaceError: the disk is full.
        BusyError: another process is fitting or writing.
    """
    started = time.perf_counter()
    for name in only:
        tool_class(name)
    with disk_errors(workspace.root), _one_at_a_time(workspace.root), one_thread():
        try:
            work = _Fit(workspace, cutoff, progress)
            reports = [work.tool(name, kind) for name, kind in registered().items() if not only or name in only]
            fusion = work.fusion()
        except KeyboardInterrupt as error:
            raise InterruptedFitError(
                "The fit was stopped.", "What was finished is kept: fit again to go on."
            ) from error
        tools = dict(work.before.tools) | work.done
        unread = outdated(workspace.root, work.before)  # no longer served, and not measured alike
        former = {name: fitted for name, fitted in work.before.tools.items() if name not in unread}
        _refuse_regression(former, tools, workspace.settings.fit.max_regression)
        published = workspace.publish("fit", note=", ".join(name for name in work.done if name != FUSION), tools=tools)
        _clear(workspace)
    return FitReport(tuple(reports), published.number, round(time.perf_counter() - started, 2), fusion)


class _Fit:
    """One fit under way: the data, whole and with held-out parts taken away, and the tools done so far."""

    def __init__(self, workspace: Workspace, cutoff: float | None, progress: Progress) -> None:
        self._root, self._settings, self._cutoff = workspace.root, workspace.settings, cutoff
        self._shown, self._crew = progress, Crew()
        self.before: Version
        self.before, self._catalogue = workspace.opened()
        if not len(self._catalogue):
            raise NotFittedError("There are no items to fit.", "Run `convrec ingest` first.")
        self.done: dict[str, FittedTool] = {}

    def tool(self, name: str, kind: type[Tool]) -> ToolReport:
        """Fits one tool into its folder, unless the same was done before, and returns what became of it."""
        config = self._config(kind)
        fingerprint = self._fingerprint(kind, config)
        folder = self._root / _FOLDER / f"{name}-{fingerprint}"
        if (folder / DONE).exists():
            fitted, note = self._read(folder)
            outcome = "left out" if fitted.left_out else "reused"
        else:
            fitted, note = self._fitted(kind, config, folder, fingerprint)
            outcome = "left out" if fitted.left_out else "fitted"
        self.done[name] = fitted
        return ToolReport(name, outcome, fitted.seconds, fitted.quality, fitted.left_out or note, fitted.n_items)

    def _fitted(self, kind: type[Tool], config: ToolConfig, folder: Path, fingerprint: str) -> tuple[FittedTool, str]:
        self._progress(f"fitting {kind.name}", 0, None)
        _ = self._whole, self._folds  # prepared outside the tool's own time
        started = time.perf_counter()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        tool, quality, left_out = kind(config), {}, None
        try:
            tool.fit(self._whole)
            tool.save(folder)
            quality = self._quality(tool, kind, config, folder)
        except NotFittedError as error:
            left_out = str(error)
        fitted = FittedTool(
            folder=str(folder.relative_to(self._root)), fingerprint=fingerprint, seconds=round(time.perf_counter() - started, 2),
            quality=quality, n_items=len(self._catalogue), left_out=left_out,
        )  # fmt: skip
        seen = {
            "items": self.before.items,
            "interactions": self.before.interactions,
            "dialogues": self.before.dialogues,
        }
        about = {**seen, "note": tool.note, "revision": kind.revision}
        write_json(folder / DONE, about | {"fitted": fitted.model_dump()})
        return fitted, tool.note

    def _read(self, folder: Path) -> tuple[FittedTool, str]:
        document = read_json(folder / DONE)
        return FittedTool.model_validate(document["fitted"]), document["note"]

    def _quality(self, tool: Tool, kind: type[Tool], config: ToolConfig, folder: Path) -> dict[str, float]:
        """Returns the tool's held-out quality, and keeps what it ranks, to teach the fusion.

        Where the tool would have seen the answers, one that is fitted without them is measured in its place.
        """
        quality: dict[str, float] = {}
        others = self._crew.each(lambda fold: self._blind(fold, tool, kind, config), self._folds)
        blind = {id(fold): other for fold, other in zip(self._folds, others, strict=True)}
        own = list(signals({kind.name: tool}, told=True))
        for task in dict.fromkeys(fold.task for fold in self._folds if heldout.suits(fold.task, kind)):
            folds = [fold for fold in self._folds if fold.task == task]
            cases = [case for fold in folds for case in fold.cases]
            self._progress(f"measuring {kind.name} ({task})", 0, None)
            kept = {}
            for signal in own if task in (HISTORY, DIALOGUE) else ():
                lists = [asked(blind[id(fold)], signal, fold.cases, len(self._catalogue)) for fold in folds]
                kept[signal] = Lists.joined(lists)
                kept[signal].save(path_of(folder, task, signal))
            if len(kept) == 1:
                ranked = rows_of(next(iter(kept.values())))  # one aspect is the whole query
            else:
                whole = [heldout.tool_ranking(blind[id(fold)], fold.cases, len(self._catalogue)) for fold in folds]
                ranked = np.concatenate(whole)
            quality |= heldout.quality(Task(task, tuple(cases)), ranked)
        return quality

    def _blind(self, fold: Fold, tool: Tool, kind: type[Tool], config: ToolConfig) -> Tool | None:
        """Returns the tool as it may be asked about a fold's cases; None where too little is left to fit it on."""
        if not heldout.suits(fold.task, kind):
            return None
        if not fold.sees(kind):
            return tool
        other = kind(config)
        try:
            other.fit(fold.data)
        except NotFittedError:
            return None
        return other

    def fusion(self) -> ToolReport | None:
        """Teaches the fusion on what the fitted tools rank in held-out cases.

        Where a tool that was not asked for stands as older data left it, its cases are others: the former fusion stays.
        """
        others = {name: fitted for name, fitted in self.before.tools.items() if name not in {*self.done, FUSION}}
        if FUSION in self.before.tools and not all(self._is_current(name, fitted) for name, fitted in others.items()):
            return None
        taking_part = {name: fitted for name, fitted in (others | self.done).items() if not fitted.left_out}
        folders = {name: self._root / fitted.folder for name, fitted in taking_part.items()}
        key = json.dumps([4, sorted(folder.name for folder in folders.values())])
        fingerprint = hashlib.sha256(key.encode()).hexdigest()[:16]
        folder = self._root / _FOLDER / f"{FUSION}-{fingerprint}"
        outcome = "reused" if (folder / DONE).exists() else "fitted"
        if outcome == "fitted":
            started = time.perf_counter()
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            quality, note = self._taught(folder, list(folders.values()))
            fitted = FittedTool(
                folder=str(folder.relative_to(self._root)), fingerprint=fingerprint, quality=quality, n_items=len(self._catalogue),
                seconds=round(time.perf_counter() - started, 2),
            )  # fmt: skip
            write_json(folder / DONE, {"items": self.before.items, "note": note, "fitted": fitted.model_dump()})
        self.done[FUSION], note = self._read(folder)
        return ToolReport(
            FUSION, outcome, self.done[FUSION].seconds, self.done[FUSION].quality, note, len(self._catalogue)
        )

    def _taught(self, folder: Path, folders: Sequence[Path]) -> tuple[dict[str, float], str]:
        """Writes what was learned into the fusion's folder, and returns its held-out quality and a note."""
        weights: dict[str, dict[str, float]] = {}
        quality: dict[str, float] = {}
        notes = []
        for task in (HISTORY, DIALOGUE):
            cases = [case for fold in self._folds if fold.task == task for case in fold.cases]
            lists, seed = read_lists(folders, task), self._settings.fit.seed
            found = taught(task, cases, lists, self._catalogue, seed, self._progress, self._crew)
            if found is None:
                continue
            weights[task] = found.weights
            quality |= found.quality | {f"{task}/gain of {tool}": gain for tool, gain in found.gains.items()}
            notes.append(f"{task}: {found.note}" if found.note else "")
            if found.ranker is not None:
                found.ranker.save(folder, task)
        (folder / "weights.json").write_text(Weights(**weights).model_dump_json(indent=1), encoding="utf-8")
        return quality, "; ".join(filter(None, notes))

    def _progress(self, stage: str, done: int, total: int | None) -> None:
        """Shows what is being done, and ends what runs beside it after a Ctrl-C."""
        self._crew.check()
        self._shown(stage, done, total)

    def _is_current(self, name: str, fitted: FittedTool) -> bool:
        """Returns whether a fit of the tool would come to what is there already."""
        kind = registered().get(name)
        return kind is not None and self._fingerprint(kind, self._config(kind)) == fitted.fingerprint

    @cached_property
    def _encoder(self) -> TextEncoder:
        return TextEncoder.open(self._settings.models.encoder)

    @cached_property
    def _whole(self) -> TrainingData:
        return self._data(choices(self._catalogue, self._cutoff), self._catalogue.dialogues())

    @cached_property
    def _folds(self) -> tuple[Fold, ...]:
        """Returns all held-out cases, with what tools may be fitted on that are measured on them."""
        self._progress("preparing held-out data", 0, None)
        chosen, dialogues = choices(self._catalogue, self._cutoff), self._catalogue.dialogues()
        latest, before = heldout.latest_choices(chosen)
        folds = [Fold(HISTORY, latest.cases, self._data(before, dialogues), frozenset({"interactions"}))]
        for task, others in heldout.dialogue_folds(self._catalogue, dialogues):
            folds.append(Fold(DIALOGUE, task.cases, self._data(chosen, others), frozenset({"dialogues"})))
        folds += [Fold(task.name, task.cases, self._whole) for task in heldout.known_items(self._catalogue)]
        cache = self._root / ENCODED
        return tuple(
            replace(fold, cases=heldout.encoded(fold.cases, self._encoder, cache, self._progress)) for fold in folds if fold.cases
        )  # fmt: skip

    def _data(self, chosen: Choices, dialogues: Sequence[Dialogue]) -> TrainingData:
        return training_data(
            self._catalogue, chosen, dialogues, encoder=self._encoder, seed=self._settings.fit.seed,
            max_tokens=self._settings.fit.max_tokens, cache=self._root / ENCODED, progress=self._progress,
        )  # fmt: skip

    def _config(self, kind: type[Tool]) -> ToolConfig:
        """Returns a tool's settings, with what the workspace's own settings say."""
        given = {
            "vectors_url": self._settings.vectors.url,
            "encoder": self._settings.models.encoder,
            "max_tokens": self._settings.fit.max_tokens,
        }
        return kind.Config.model_validate(
            {name: value for name, value in given.items() if name in kind.Config.model_fields}
        )

    def _fingerprint(self, kind: type[Tool], config: ToolConfig) -> str:
        """Returns 16 hexadecimal digits that change with whatever the fitted tool depends on."""
        about = {
            "tool": [kind.name, kind.revision], "config": config.model_dump(mode="json"), "items": self.before.items,
            "schema": hashlib.sha256(self._catalogue.schema.dump_yaml().encode()).hexdigest(),
            "events": [self.before.interactions, self.before.dialogues, self._cutoff, choruses.REVISION],
            "encoder": self._encoder.revision, "seed": self._settings.fit.seed, "heldout": heldout.REVISION,
        }  # fmt: skip
        return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]


def _refuse_regression(before: Mapping[str, FittedTool], tools: Mapping[str, FittedTool], most: float) -> None:
    for name, fitted in tools.items():
        former = before.get(name)
        for metric, was in former.quality.items() if former is not None else ():
            now, n = fitted.quality.get(metric), fitted.quality.get(metric.split("/")[0] + "/n", 0.0)
            if now is None or "recall@10" not in metric or was == 0:
                continue
            noise = _SPREAD * float(np.sqrt(was * (1 - was) / n)) if n else 0.0
            if was - now > max(most * was, noise):
                raise RegressionError(
                    f"Not published: {metric} of {name} fell from {was:.3f} to {now:.3f}, by more than {most:.0%}.",
                    "Look at what was ingested last, or raise `[fit] max_regression`.",
                )


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Holds the place of the one process that fits; what is ingested meanwhile is not kept waiting."""
    (root / _FOLDER).mkdir(exist_ok=True)
    with (root / _FOLDER / ".lock").open("a") as file:
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(f"Another process is fitting {root}.", "Try again when it has finished.") from error
        yield


def _clear(workspace: Workspace) -> None:
    """Removes the folders of tools that no kept version uses."""
    used = frozenset().union(*(version.tool_folders for version in workspace.versions()))
    for path in (workspace.root / _FOLDER).iterdir():
        if path.is_dir() and str(path.relative_to(workspace.root)) not in used | {ENCODED}:
            shutil.rmtree(path, ignore_errors=True)
