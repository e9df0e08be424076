"""Workspaces fitted on a training part alone. What a workspace has published is never used for what it was fitted on."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convrec.catalogue.segments import interactions_table, read_items, segments, write_segment
from convrec.catalogue.store import write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Progress
from convrec.core.settings import State
from convrec.evaluation.manifest import code_hash, data_hashes, fingerprint, settings_of
from convrec.evaluation.splits import Split
from convrec.tools.fitting import fit

_FITTED_BY = ("core", "catalogue", "tools")
_DONE = "fitted-on.json"
_VECTORS = Path("tools", "encoded")
_KEPT_WHOLE = ("segments", "versions", "tools", "CURRENT", "workspace.json", "schema.yaml", "convrec.toml")


def trained(
    workspace: Workspace, split: Split, parent: Path, progress: Progress, only: Sequence[str] = ()
) -> Workspace:
    """Returns a workspace with the same items and dialogues and the split's training events alone, all tools fitted, or `only` those named.

    Its items stand in the order of their ids, so that equal scores do, too.

    It lies under `parent`, named by data, split, settings and code, and is used again; a fit that was stopped goes on.
    """
    about = {
        "data": data_hashes(workspace), "split": [split.name, split.counts], "train": hash_of(split.train),
        "settings": settings_of(workspace), "code": code_hash(_FITTED_BY),
    }  # fmt: skip
    about |= {"only": list(only)} if only else {}
    root = parent / f"{split.name.replace(' ', '-')}-{fingerprint(about)}"
    if (root / _DONE).exists():
        return with_settings(Workspace.open(root), workspace)
    made = with_settings(Workspace.create(root), workspace)
    if not made.current().items:
        _fill(made, workspace, split)
    _share_vectors(workspace, made, parent / "encoded")
    fit(made, only=only, progress=progress)
    write_atomically(root / _DONE, json.dumps(about, indent=1).encode())
    return made


def hash_of(array: np.ndarray) -> str:
    """Returns a hash of an array's content."""
    return fingerprint(np.packbits(array).tobytes().hex())


def with_settings(made: Workspace, source: Workspace) -> Workspace:
    """Returns the workspace with the other's settings, but for where people's state lies: that is its own."""
    made.settings = source.settings.model_copy(update={"state": State()})
    return made


def _fill(made: Workspace, source: Workspace, split: Split) -> None:
    current = source.current()
    made.store.segments.mkdir(exist_ok=True)
    for name in current.dialogues:
        _share(source.store.segments / name, made.store.segments / name)
    items = read_items(segments(source.store.segments, current.items), source.schema)
    by_id = write_segment(made.store.segments, "items", items.sort_by("id"))
    write_atomically(made.root / "schema.yaml", source.schema.dump_yaml().encode())
    events = write_segment(made.store.segments, "interactions", _table(source, split))
    made.publish(
        "ingest", note=split.name, items=[by_id], dialogues=list(current.dialogues), interactions=[events], inferred=current.inferred
    )  # fmt: skip


def _table(source: Workspace, split: Split) -> Any:
    """Returns the training events, as they were brought."""
    catalogue, kept = source.catalogue(), split.train
    events = catalogue.interactions()
    found = zip(
        (events.users[user] for user in events.user[kept].tolist()), (catalogue.ids[row] for row in events.row[kept].tolist()),
        map(_or_none, events.value[kept].tolist()), map(str, events.event[kept]), map(_or_none, events.timestamp[kept].tolist()),
        strict=True,
    )  # fmt: skip
    return interactions_table(list(found))


def _or_none(number: float) -> float | None:
    return None if number != number else number  # noqa: PLR0124  (NaN is what differs from itself)


def _share_vectors(source: Workspace, made: Workspace, shared: Path) -> None:
    """Lets all scratch workspaces keep item vectors in one place, those that the source has among them: encoding takes longest."""
    for path in sorted((source.root / _VECTORS).glob("*/*.npz")):
        target = shared / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            _share(path, target)
    shared.mkdir(parents=True, exist_ok=True)
    link = made.root / _VECTORS
    if not link.exists():
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(
            os.path.relpath(shared, link.parent), target_is_directory=True
        )  # it holds where the folder moves


def _share(path: Path, target: Path) -> None:
    """Puts a file that nobody changes in a second place, as a link where the disk can."""
    target.unlink(missing_ok=True)
    try:
        target.hardlink_to(path)
    except OSError:
        shutil.copyfile(path, target)


def copied(workspace: Workspace, root: Path) -> Workspace:
    """Returns a copy of a fitted workspace, to write to: its versions and tools, its settings, and nobody's state."""
    root.mkdir(parents=True)
    for name in _KEPT_WHOLE:
        if (workspace.root / name).is_dir():
            shutil.copytree(
                workspace.root / name, root / name, copy_function=lambda path, to: _share(Path(path), Path(to))
            )
        elif (workspace.root / name).exists():
            shutil.copyfile(workspace.root / name, root / name)
    return with_settings(Workspace.open(root), workspace)
