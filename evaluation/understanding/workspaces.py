"""Workspaces made for an evaluation, kept under names that say what is in them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.ingest import Intake, take_in
from convrec.catalogue.reading import Row, Source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock


def cached(folder: Path, name: str, items: Sequence[Mapping[str, Any]], schema: Schema, clock: Clock) -> Catalogue:
    """Returns a catalogue of the items, ingested into a workspace in `folder`; the same items and schema are ingested once."""
    spelled = json.dumps([items, schema.model_dump()], sort_keys=True, ensure_ascii=False)
    root = folder / f"{name}-{hashlib.sha256(spelled.encode()).hexdigest()[:12]}"
    workspace = Workspace.create(root, clock=clock)
    if not workspace.current().items:

        def rows(_: Rejections) -> Iterator[Row]:
            for line, item in enumerate(items, 1):
                yield line, dict(item)

        take_in(workspace, Intake(items=[Source(name, rows)], described=schema))
    return workspace.catalogue()
