"""The same catalogue smaller or larger: items left out evenly, or multiplied with varied copies, and fitted without encoding anything anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.segments import interactions_table, items_table, write_segment
from convrec.catalogue.store import write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.progress import Progress
from convrec.evaluation.manifest import code_hash, data_hashes, fingerprint, settings_of
from convrec.evaluation.run import spread
from convrec.evaluation.scratch import with_settings
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.fitting import fit

TOOLS = ("popularity", "item_knn", "bm25", "dense")
"""The tools that are fitted, those of them that the workspace has: of every kind the one that is fitted in seconds."""

_VECTORS = Path("tools", "encoded")
_DONE = "sized.json"


def sized(workspace: Workspace, n: int, parent: Path, progress: Progress) -> Workspace:
    """Returns a fitted workspace with `n` items of this one: evenly drawn, or all with copies that have other items' values and a numbered title.

    Copies take their original's vector, and share its events. It lies under `parent`, named by what it depends on, and is used again.
    """
    tools = [name for name in TOOLS if name in workspace.current().tools]
    about = {
        "data": data_hashes(workspace),
        "items": n,
        "settings": settings_of(workspace),
        "code": code_hash(("core", "catalogue", "tools", "evaluation")),
    }
    root = parent / f"{n}-items-{fingerprint(about)}"
    made = with_settings(Workspace.create(root), workspace)
    if (root / _DONE).exists():
        return made
    catalogue = workspace.catalogue()
    origins = (
        spread(range(len(catalogue)), n) if n <= len(catalogue) else [place % len(catalogue) for place in range(n)]
    )
    if not made.current().items:
        _fill(made, workspace, origins)
    if "dense" in tools:
        _share_vectors(made, workspace, catalogue, origins)
    fit(made, only=tools, progress=progress)
    write_atomically(root / _DONE, b"{}\n")
    return made


def _fill(made: Workspace, source: Workspace, origins: Sequence[int]) -> None:
    catalogue = source.catalogue()
    ids = _ids(catalogue, origins)
    facts = [_facts(catalogue, origin, place // len(catalogue)) for place, origin in enumerate(origins)]
    columns = {field: [each.get(field.name) for each in facts] for field in source.schema.fields}
    items = write_segment(made.store.segments, "items", items_table(ids, columns))
    events = write_segment(made.store.segments, "interactions", _events(catalogue, origins, ids))
    write_atomically(made.root / "schema.yaml", source.schema.dump_yaml().encode())
    made.publish(
        "ingest", note=f"{len(ids)} items", items=[items], interactions=[events], inferred=source.current().inferred
    )


def _ids(catalogue: Catalogue, origins: Sequence[int]) -> list[str]:
    return [
        catalogue.ids[origin] + (f"~{copy}" if (copy := place // len(catalogue)) else "")
        for place, origin in enumerate(origins)
    ]


def _facts(catalogue: Catalogue, origin: int, copy: int) -> dict[str, Any]:
    """Returns an item's facts; of its copies, the labels are those of other items, each copy's of another."""
    facts = dict(catalogue.item(origin).facts)
    if copy:
        other = catalogue.item((origin + copy) % len(catalogue)).facts
        labels = [field.name for field in catalogue.schema.valued]
        facts |= {name: other[name] for name in labels if name in other} | {"title": f"{facts['title']} {copy + 1}"}
    return facts


def _events(catalogue: Catalogue, origins: Sequence[int], ids: Sequence[str]) -> Any:
    events = catalogue.interactions()
    copies: dict[int, list[str]] = {}
    for origin, item in zip(origins, ids, strict=True):
        copies.setdefault(origin, []).append(item)
    found = []
    for number, row in enumerate(events.row.tolist()):
        if row in copies:
            value, at = float(events.value[number]), float(events.timestamp[number])
            item = copies[row][number % len(copies[row])]
            kept_value, kept_at = (None if np.isnan(each) else each for each in (value, at))
            found.append((events.users[events.user[number]], item, kept_value, str(events.event[number]), kept_at))
    return interactions_table(found)


def _share_vectors(made: Workspace, source: Workspace, catalogue: Catalogue, origins: Sequence[int]) -> None:
    encoder, length = TextEncoder.open(source.settings.models.encoder), source.settings.fit.max_tokens
    known = VectorCache(source.root / _VECTORS, encoder, length).halves(list(catalogue.cards()))
    VectorCache(made.root / _VECTORS, encoder, length).keep(
        list(made.catalogue().cards()), known[np.array(origins, np.int64)]
    )
