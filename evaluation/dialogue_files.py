"""Dialogues to be measured on: a well-known layout, or one's own file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from convrec.catalogue.dialogues import BadDialogueError, Dialogue, read_dialogue
from convrec.catalogue.importers.registry import LAYOUTS
from convrec.catalogue.importers.registry import import_layout as take_layout
from convrec.catalogue.reading import file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, RejectedRowsError

_MARKS = {
    "redial": ("movies_with_mentions.csv",),
    "inspired": ("movie_database.tsv", "../movie_database.tsv", "data/movie_database.tsv"),
    "opendialkg": ("opendialkg.csv", "data/opendialkg.csv"),
}  # the file by which a folder is recognised, in the places where its importer looks
_PLACES = ("", "dialog_data", "data", "data/dialog_data")  # of parts, in one or another layout


_MAX_REJECTED = 0.01  # of the rows of one's own file, as in an ingest


@dataclass(frozen=True)
class Brought:
    """Dialogues, the files that they were read from, and how many rows of these could not be used."""

    dialogues: tuple[Dialogue, ...]
    files: tuple[Path, ...]
    rejected: int = 0


def read_test_dialogues(source: Path, split: str | None = None) -> Brought:
    """Returns the dialogues of a folder or file.

    A folder in a known layout gives the part that `split` names, the first that is no training part unless given; a file of one of
    its parts gives that part. Any other file is read as one's own dialogues (JSON lines).

    Raises:
        InputError: there is nothing that can be read.
        RejectedRowsError: more than 1 % of the rows can't be used.
    """
    if not source.exists():
        raise InputError(
            f"There is no {source}.", "Name a file of dialogues, or the folder of a known layout, with --input."
        )
    folder = source if source.is_dir() else source.parent
    layout = _layout(folder)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(Path(scratch) / "read")
        if layout is None or (source.is_file() and not _belongs(source, layout)):
            if source.is_dir():
                raise InputError(
                    f"{source} is in no known layout.", f"Known are {', '.join(_MARKS)}; or name a file of your own."
                )
            if split is not None:
                raise InputError(f"{source} is a file of your own, which has no parts.", "Leave --split out.")
            return _own(source, workspace.root)
        part = split or (_part(source, layout) if source.is_file() else None) or LAYOUTS[layout].splits[1]
        taken = take_layout(layout, folder, workspace, split=part)
        return Brought(tuple(workspace.catalogue().dialogues()), _files(folder, part, layout), taken.rejected)


def _own(path: Path, scratch: Path) -> Brought:
    """Returns the dialogues of one's own file, also those that name items of no catalogue: nobody can find these."""
    source = file_source(path)
    found: dict[str, Dialogue] = {}
    with Rejections(scratch) as rejections:
        for line, row in source.rows(rejections):
            try:
                dialogue = read_dialogue(row)
            except BadDialogueError as error:
                rejections.add(source.name, line, error.column, error.reason)
                continue
            if dialogue.id in found:
                rejections.add(source.name, line, "id", f"the id {dialogue.id!r} is there already")
            found.setdefault(dialogue.id, dialogue)
        total = rejections.n + len(found)
        if rejections.n > _MAX_REJECTED * total:
            raise RejectedRowsError(
                f"{rejections.n:,} of {total:,} rows can't be used. The first: {rejections.first}.", "Mend them."
            )
    if not found:
        raise InputError(f"{source.name} has no rows.", "Give a file with rows.")
    return Brought(tuple(found.values()), (path,), rejections.n)


def _layout(folder: Path) -> str | None:
    return next((name for name in _MARKS if _marks(folder, name)), None)


def _marks(folder: Path, layout: str) -> list[Path]:
    """Returns the files of the folder by which the layout is recognised."""
    places = [folder / f"{mark}{ending}" for mark in _MARKS[layout] for ending in ("", ".gz")]
    return [place.resolve() for place in places if place.is_file()]


def _belongs(source: Path, layout: str) -> bool:
    return source.resolve() in _marks(source.parent, layout) or _part(source, layout) is not None


def _part(source: Path, layout: str) -> str | None:
    """Returns the part that a file's name begins with: `valid.jsonl.gz` → `valid`."""
    stem = source.name.split(".")[0].removesuffix("_data")
    return stem if stem in LAYOUTS[layout].splits else None


def _files(folder: Path, part: str, layout: str) -> tuple[Path, ...]:
    """Returns what was read: the parts, and the file that names the items."""
    wanted = [name.strip() for name in part.split(",")]
    near = [path for place in _PLACES if (folder / place).is_dir() for path in (folder / place).iterdir()]
    own = {path.resolve() for path in near if path.is_file() and _part(path, layout) in wanted}
    return tuple(sorted({*own, *_marks(folder, layout)}))
