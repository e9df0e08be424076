"""Dialogues to be measured on: a well-known layout, or one's own file."""

from __future__ import annotations

import tempfile
from pathlib import Path

from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.importers.registry import LAYOUTS
from convrec.catalogue.importers.registry import import_layout as take_layout
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError

_MARKS = {
    "redial": ("movies_with_mentions.csv",),
    "inspired": ("movie_database.tsv",),
    "opendialkg": ("opendialkg.csv",),
}  # the file by which a folder is recognised


def read_test_dialogues(source: Path, split: str | None = None) -> tuple[list[Dialogue], list[Path]]:
    """Returns the dialogues of a folder or file, and the files that were read.

    A folder in a known layout gives the part that `split` names, the first that is no training part unless given; a file of one of
    its parts gives that part. Any other file is read as one's own dialogues (JSON lines).

    Raises:
        InputError: there is nothing that can be read.
    """
    if not source.exists():
        raise InputError(
            f"There is no {source}.", "Name a file of dialogues, or the folder of a known layout, with --input."
        )
    folder = source if source.is_dir() else source.parent
    layout = _layout(folder)
    with tempfile.TemporaryDirectory() as scratch:
        workspace = Workspace.create(Path(scratch) / "read")
        if layout is None or (source.is_file() and _part(source, layout) is None):
            if source.is_dir():
                raise InputError(
                    f"{source} is in no known layout.", f"Known are {', '.join(_MARKS)}; or name a file of your own."
                )
            ingest(workspace, dialogues=[source])
            return workspace.catalogue().dialogues(), [source]
        part = split or (_part(source, layout) if source.is_file() else None) or LAYOUTS[layout].splits[1]
        take_layout(layout, folder, workspace, split=part)
        return workspace.catalogue().dialogues(), _files(folder, part, layout)


def _layout(folder: Path) -> str | None:
    for name, marks in _MARKS.items():
        if name in LAYOUTS and any((folder / f"{mark}{ending}").is_file() for mark in marks for ending in ("", ".gz")):
            return name
    return None


def _part(source: Path, layout: str) -> str | None:
    """Returns the part that a file's name begins with: `valid.jsonl.gz` → `valid`."""
    stem = source.name.split(".")[0].removesuffix("_data")
    return stem if stem in LAYOUTS[layout].splits else None


def _files(folder: Path, part: str, layout: str) -> list[Path]:
    own = [path for path in folder.iterdir() if path.is_file() and _part(path, layout) in part.split(",")]
    marked = [path for path in folder.iterdir() if path.name.startswith(_MARKS[layout])]
    return sorted(own or marked)
