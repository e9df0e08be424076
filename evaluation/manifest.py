"""What a run depended on: enough to know whether two figures may be compared, and to make one again."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from convrec.catalogue.workspace import Workspace
from convrec.tools.encoder import TextEncoder

_PACKAGES = (
    "convrec",
    "bm25s",
    "implicit",
    "langgraph",
    "numpy",
    "pydantic",
    "rapidfuzz",
    "scipy",
    "tokenizers",
    "torch",
)
CODE = ("core", "catalogue", "tools", "prompts", "agent", "evaluation")
"""The rooms that a figure depends on."""

_SUFFIXES = (".py", ".yaml", ".jinja", ".json", ".jsonl", ".safetensors")


def manifest(
    protocol: str, workspace: Workspace, options: Mapping[str, Any], *, seed: int, inputs: Iterable[Path] = ()
) -> dict[str, Any]:
    """Returns the manifest of a run: hashes of data, code and prompts, versions, settings, options and seed. No times, no paths."""
    return {
        "protocol": protocol,
        "options": dict(sorted(options.items())),
        "seed": seed,
        "data": data_hashes(workspace),
        "input": {path.name: hashed(path.read_bytes()) for path in sorted(inputs)},
        "settings": settings_of(workspace),
        "versions": {name: _version(name) for name in _PACKAGES} | {"python": platform.python_version()},
        "code": code_hash(CODE),
        "prompts": code_hash(("prompts",)),
    }


def settings_of(workspace: Workspace) -> dict[str, Any]:
    """Returns the settings that figures may depend on: not where state lies (a path, perhaps a password), nor where an encoder does."""
    settings = workspace.settings.model_dump(mode="json", exclude={"state"})
    encoder = settings["models"]["encoder"]
    if Path(encoder).is_absolute() or len(Path(encoder).parts) > 1:
        settings["models"]["encoder"] = f"{Path(encoder).name} {TextEncoder.open(encoder).revision}"
    return settings


def fingerprint(document: Any) -> str:
    """Returns 12 hexadecimal digits that change with the document."""
    return hashed(json.dumps(document, sort_keys=True, default=str).encode())[:12]


def data_hashes(workspace: Workspace) -> dict[str, str]:
    """Returns a hash of each kind of data in the workspace's current version, by content."""
    current = workspace.current()
    parts = {"items": current.items, "interactions": current.interactions, "dialogues": current.dialogues}
    schema = hashed(workspace.schema.dump_yaml().encode())
    return {kind: _segments(workspace.store.segments, names) for kind, names in parts.items()} | {"schema": schema}


def _segments(folder: Path, names: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for name in names:
        digest.update(name.split("-")[0].encode() + (folder / name).read_bytes())
    return digest.hexdigest()[:16]


@lru_cache(maxsize=8)
def code_hash(rooms: tuple[str, ...]) -> str:
    """Returns a hash of all that the rooms consist of."""
    digest = hashlib.sha256()
    for room in rooms:
        for folder in import_module(f"convrec.{room}").__path__:
            for path in sorted(p for p in Path(folder).rglob("*") if p.suffix in _SUFFIXES):
                digest.update(f"{room}/{path.relative_to(folder)}".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def hashed(content: bytes) -> str:
    """Returns the first 16 hexadecimal digits of the content's SHA-256."""
    return hashlib.sha256(content).hexdigest()[:16]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
