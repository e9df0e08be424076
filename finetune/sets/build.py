"""Builds a task's training set from a workspace: rows drawn, cleaned, kept apart, checked and described."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convrec.catalogue.store import disk_errors
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock, SystemClock
from convrec.core.errors import InputError
from convrec.core.progress import Progress, silent
from convrec.finetune.sets.card import card_of, write_card
from convrec.finetune.sets.checks import balanced, check_leaks, without_doubles, without_people, without_secrets
from convrec.finetune.sets.people import forgotten_among
from convrec.finetune.sets.rows import PARTS, Part, Row, Task, read_rows, write_rows
from convrec.finetune.sets.sources import Drawn, drawn_rows

_HELD = (40, 400)  # rows of a part that is held out, at least and at most


@dataclass(frozen=True)
class SetOptions:
    """What is built: training messages that the grammar writes, the share of them with something before them, files of labelled turns, the seed."""

    messages: int = 4_000
    contexts: float = 0.45
    labels: tuple[Path, ...] = field(default=())
    seed: int = 0

    @property
    def held(self) -> int:
        """Returns how many rows a held-out part has, about."""
        return min(max(self.messages // 8, _HELD[0]), _HELD[1])


def build(
    workspace: Workspace,
    task: Task,
    out: Path,
    options: SetOptions,
    *,
    progress: Progress = silent,
    clock: Clock | None = None,
) -> dict[str, Any]:
    """Writes a set into a folder and returns its data card. No service is asked; everything is drawn from the workspace and the grammar.

    Raises:
        InputError: the workspace has nothing to draw from, or a file of labels is bad. NotFittedError: a task needs fitted tools.
        WorkspaceError: the disk is full.
    """
    if options.messages < 1:
        raise InputError(f"{options.messages} messages are no set.", "Ask for some hundreds at least.")
    drawn = drawn_rows(
        Drawn(
            workspace,
            task,
            options.messages,
            options.held,
            options.contexts,
            options.labels,
            options.seed,
            clock or SystemClock(),
            progress,
        )
    )
    parts, left_out = cleaned(drawn, lambda rows: forgotten_among(workspace, {row.user for row in rows if row.user}))
    check_leaks(parts)
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            write_rows(out / f"{part}.jsonl", parts[part])
        card = card_of(out, task, parts, left_out)
        write_card(out, card, [row for part in PARTS for row in parts[part]])
    return card


def cleaned(
    rows: Sequence[Row], forgotten: Callable[[Sequence[Row]], set[str]]
) -> tuple[dict[Part, list[Row]], dict[str, int]]:
    """Returns the rows of each part without what must not be in a set, and how many were left out for what reason."""
    left_out: dict[str, int] = {}

    def note(why: str, before: Sequence[Row], after: list[Row]) -> list[Row]:
        left_out[why] = left_out.get(why, 0) + len(before) - len(after)
        return after

    rows = note("of forgotten people", rows, without_people(rows, forgotten(rows)))
    rows = note("with secrets", rows, without_secrets(rows))
    parts: dict[Part, list[Row]] = {}
    for part in PARTS:
        own = [row for row in rows if row.part == part]
        others = [row for each in parts.values() for row in each]
        parts[part] = note("double", own, without_doubles(own, others))
    parts["train"] = note("too many of one kind", parts["train"], balanced(parts["train"]))
    return parts, left_out


def read_set(workspace: Workspace | None, folder: Path) -> dict[Part, list[Row]]:
    """Returns a set's rows by part, leaks looked for once more, rows of people who were forgotten meanwhile left out.

    Raises:
        InputError: the set is missing, damaged, or leaks.
    """
    parts: dict[Part, list[Row]] = {
        part: read_rows(folder / f"{part}.jsonl") for part in PARTS if (folder / f"{part}.jsonl").is_file()
    }
    if "train" not in parts:
        raise InputError(f"There is no set in {folder}.", "Build it first: convrec finetune build.")
    users = {row.user for rows in parts.values() for row in rows if row.user}
    gone = forgotten_among(workspace, users) if workspace is not None and users else set()
    if gone:
        parts = {part: without_people(rows, gone) for part, rows in parts.items()}
        with disk_errors(folder):
            for part, rows in parts.items():
                write_rows(folder / f"{part}.jsonl", rows)
    check_leaks(parts)
    return parts
