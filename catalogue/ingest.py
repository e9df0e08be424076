"""Own data in: files are read, checked and published as one new version, or nothing changes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.folding import fold_dialogues, fold_interactions, fold_items
from convrec.catalogue.intake import ItemsTaken, take_deletions, take_dialogues, take_items
from convrec.catalogue.intake_events import new_events, take_interactions
from convrec.catalogue.reading import Source, file_source
from convrec.catalogue.rejected import REPORT, Rejections
from convrec.catalogue.schema import Schema
from convrec.catalogue.schema_file import schema_to_follow
from convrec.catalogue.segments import (
    DELETED,
    dialogues_table,
    items_table,
    read_interactions,
    read_item_ids,
    segments,
    write_segment,
)
from convrec.catalogue.store import disk_errors
from convrec.catalogue.version import Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, RejectedRowsError
from convrec.core.progress import Progress, silent

_WAIT_S = 2.0  # for another writer's place; a live change holds it for milliseconds

Paths = Sequence[Path | str]


class IngestSummary(BaseModel):
    """What an ingest did: the version it published, and how many rows of each kind it took in or rejected."""

    model_config = ConfigDict(frozen=True)

    version: int
    items_added: int = 0
    items_replaced: int = 0
    items_deleted: int = 0
    interactions: int = 0
    interactions_known: int = 0  # the same as ones there already, not stored again
    dialogues: int = 0
    rejected: int = 0
    rejected_by_file: dict[str, int] = {}
    report: str | None = None  # where the rejected rows are listed
    new_fields: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()  # what new columns may be meant for, and how to say so
    seconds: float = 0.0


@dataclass(frozen=True)
class Intake:
    """What one ingest is to take in.

    `described` types and describes columns in place of inference, and gives the words for items; `replace` drops what
    the catalogue held before.
    """

    items: Sequence[Source] = ()
    interactions: Sequence[Source] = ()
    dialogues: Sequence[Source] = ()
    deletions: Sequence[Source] = ()
    described: Schema = field(default_factory=Schema)
    id_column: str = "id"
    title_column: str = "title"
    note: str = ""
    replace: bool = False


def ingest(
    workspace: Workspace,
    *,
    items: Paths = (),
    interactions: Paths = (),
    dialogues: Paths = (),
    delete_items: Path | str | None = None,
    id_column: str | None = None,
    title_column: str | None = None,
    max_rejected: float = 0.01,
    progress: Progress | None = None,
) -> IngestSummary:
    """Takes files in as one new version: items are added or replaced by id, then `delete_items` are removed.

    `max_rejected` is a share of all rows. Rows that can't be used are listed in the workspace's `rejected.jsonl`.

    Raises:
        InputError: a file is missing, empty, damaged, or lacks a column; or there is nothing to take in.
        RejectedRowsError: more rows than `max_rejected` were bad, or all of one file; nothing was changed.
        BusyError: another process is writing.
        WorkspaceError: the disk refuses; nothing was changed.
    """
    intake = Intake(
        items=[file_source(Path(path)) for path in items],
        interactions=[file_source(Path(path), ("user_id", "item_id")) for path in interactions],
        dialogues=[file_source(Path(path)) for path in dialogues],
        deletions=[file_source(Path(delete_items))] if delete_items is not None else [],
        id_column=id_column or "id",
        title_column=title_column or "title",
    )
    return take_in(workspace, intake, max_rejected=max_rejected, progress=progress)


def take_in(
    workspace: Workspace, intake: Intake, *, max_rejected: float = 0.01, progress: Progress | None = None
) -> IngestSummary:
    """Takes sources in as one new version.

    Raises:
        As for `ingest`.
    """
    started = time.perf_counter()
    if not any((intake.items, intake.interactions, intake.dialogues, intake.deletions)):
        raise InputError(
            "There is nothing to take in.", "Name a file: --items, --interactions, --dialogues or --delete-items."
        )
    if not 0 <= max_rejected <= 1:
        raise InputError(f"--max-rejected is {max_rejected}, not a share.", "Give one from 0 to 1.")
    with (
        disk_errors(workspace.root),
        workspace.lock(wait_s=_WAIT_S),
        workspace.store.tidied(),
        Rejections(workspace.root) as rejections,
    ):
        done = _Ingest(workspace, intake, rejections, max_rejected, progress or silent).run()
    return done.model_copy(update={"seconds": time.perf_counter() - started})


class _Ingest:
    """One ingest under way, the lock held."""

    def __init__(
        self, workspace: Workspace, intake: Intake, rejections: Rejections, max_rejected: float, progress: Progress
    ) -> None:
        self.workspace, self.intake, self.rejections = workspace, intake, rejections
        self.max_rejected, self.progress = max_rejected, progress
        current = workspace.current()
        empty = {"items": (), "interactions": (), "dialogues": ()}
        self.base: Version = current.model_copy(update=empty) if intake.replace else current
        self.schema = workspace.schema_of(self.base)
        self.folder = workspace.store.segments

    def run(self) -> IngestSummary:
        intake = self.intake
        known = read_item_ids(segments(self.folder, self.base.items))
        items = take_items(intake, self.schema, self.rejections, self.progress)
        ids = known.union(items.ids)
        deleted = take_deletions(intake.deletions, ids, self.rejections)
        ids.difference_update(deleted)
        events = take_interactions(intake.interactions, ids, self.rejections, self.progress)
        dialogues = take_dialogues(intake.dialogues, ids, self.rejections, self.progress)
        self._check_rejected(items.n_rows + len(deleted) + len(events) + len(dialogues))
        self.progress("writing", 0, None)
        fresh = (
            new_events(read_interactions(segments(self.folder, self.base.interactions)), events)
            if len(events)
            else events
        )
        only_deletes = bool(intake.deletions) and not (intake.items or intake.interactions or intake.dialogues)
        with schema_to_follow(self.workspace.root / "schema.yaml", items.schema):
            version = self.workspace.publish(
                "delete" if only_deletes else "ingest",
                intake.note or self._note(),
                items=self._write_items(items, deleted),
                interactions=self._write_events(fresh),
                dialogues=self._write_dialogues(dialogues),
                inferred=items.schema,
                tools={} if intake.replace else None,
            )
        return IngestSummary(
            version=version.number,
            items_added=len(set(items.ids) - known),
            items_replaced=len(known.intersection(items.ids)),
            items_deleted=len(deleted),
            interactions=len(fresh),
            interactions_known=len(events) - len(fresh),
            dialogues=len(dialogues),
            rejected=self.rejections.n,
            rejected_by_file=dict(self.rejections.counts),
            report=str(self.workspace.root / REPORT) if self.rejections.n else None,
            new_fields=tuple(name for name in items.schema.names if name not in self.schema.names),
            hints=items.hints,
        )

    def _check_rejected(self, n_taken: int) -> None:
        self.rejections.close()
        n, total = self.rejections.n, self.rejections.n + n_taken
        if n > self.max_rejected * total:
            raise RejectedRowsError(
                f"{n:,} of {total:,} rows can't be used ({n / total:.1%}, allowed are {self.max_rejected:.1%}); nothing was "
                f"changed. The first: {self.rejections.first}.",
                f"All are listed in {self.workspace.root / REPORT}; mend them, or allow more with --max-rejected.",
            )

    def _note(self) -> str:
        intake = self.intake
        return ", ".join(
            source.name for source in (*intake.items, *intake.interactions, *intake.dialogues, *intake.deletions)
        )

    def _write_items(self, items: ItemsTaken, deleted: Sequence[str]) -> list[str]:
        names = list(self.base.items)
        if items.ids:
            names.append(write_segment(self.folder, "items", items.table))
        if deleted:
            names.append(write_segment(self.folder, DELETED, items_table(deleted, {})))
        return fold_items(self.folder, names, items.schema)

    def _write_events(self, events: Any) -> list[str]:
        names = list(self.base.interactions)
        if len(events):
            names.append(write_segment(self.folder, "interactions", events))
        return fold_interactions(self.folder, names)

    def _write_dialogues(self, dialogues: Sequence[Dialogue]) -> list[str]:
        names = list(self.base.dialogues)
        if dialogues:
            names.append(write_segment(self.folder, "dialogues", dialogues_table(dialogues)))
        return fold_dialogues(self.folder, names)
