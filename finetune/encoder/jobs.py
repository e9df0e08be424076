"""What `convrec finetune train|evaluate --task encoder` does in a workspace."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.progress import Progress, silent
from convrec.finetune.encoder.gate import Judged, judged
from convrec.finetune.encoder.liked import Liked, read
from convrec.finetune.encoder.train import Projection, Setting, Trained, trained
from convrec.tools.contract import Vectors
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import PROJECTION, TUNED, TextEncoder
from convrec.tools.fitting import ENCODED
from convrec.tools.threads import one_thread

FOLDER, DEALT = "encoder", "dealt"
"""The folders of the tuned encoder, in a run and (once it may be used) in the workspace; and of its control, in a run."""


@dataclass(frozen=True)
class Run:
    """A finished run: the tuned encoder's folder, what it reached on the valid items, and what its control reached there."""

    encoder: Path
    tuned: Trained
    dealt: Trained


def training(workspace: Workspace, rows: Path, out: Path, setting: Setting, progress: Progress = silent) -> Run:
    """Returns a finished run: the encoder tuned on a set, and a control tuned in the same way on shuffled pairs, by which the gate tells what was learned.

    Raises:
        InputError: the set is missing or damaged. WorkspaceError: the disk is full.
    """
    liked, base = read(workspace, rows), _base(workspace)
    vectors = vectors_of(workspace, liked, progress)
    with one_thread():
        tuned = trained(liked, vectors, setting, progress)
        dealt = trained(liked.dealt(setting.seed), vectors, setting, progress)
    about = {"base": base.name, "revision": base.revision}
    for name, one in ((FOLDER, tuned), (DEALT, dealt)):
        _write(out / name, one.projection, about)
    report = {"setting": asdict(setting), "valid": {"tuned": tuned.recall, "dealt": dealt.recall}, "losses": tuned.losses}  # fmt: skip
    with disk_errors(out):
        write_atomically(out / "run.json", json.dumps(report, indent=1).encode())
    return Run(out / FOLDER, tuned, dealt)


def judging(workspace: Workspace, rows: Path, run: Path, progress: Progress = silent) -> Judged:
    """Returns whether a run's encoder may be used, and lays it into the workspace where it may.

    Raises:
        InputError: the set or the run is missing. WorkspaceError: the disk is full.
    """
    liked = read(workspace, rows)
    tuned, dealt = (_read(run / name) for name in (FOLDER, DEALT))
    texts = _base(workspace).encode([text.text for text in liked.texts], progress=progress)
    found = judged(liked, vectors_of(workspace, liked, progress), texts, tuned, dealt)
    with disk_errors(run):
        write_atomically(run / "evaluation.json", json.dumps(found.document(), indent=1).encode())
    if found.use:
        _write(workspace.root / FOLDER, tuned, json.loads((run / FOLDER / TUNED).read_text(encoding="utf-8")))
    return found


def vectors_of(workspace: Workspace, liked: Liked, progress: Progress = silent) -> dict[str, Vectors]:
    """Returns the untuned encoder's vectors of a set's cards, by item; those that a fit has made are not made again."""
    cache = VectorCache(workspace.root / ENCODED, _base(workspace), workspace.settings.fit.max_tokens)
    return dict(zip((item.id for item in liked.items), cache.vectors([item.card for item in liked.items], progress), strict=True))  # fmt: skip


def _base(workspace: Workspace) -> TextEncoder:
    return TextEncoder.open(workspace.settings.models.encoder).untuned


def _write(folder: Path, projection: Projection, about: Mapping[str, Any]) -> None:
    tensors = {"weight": projection.weight.contiguous(), "bias": projection.bias.contiguous()}
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / PROJECTION, save(tensors))
        write_atomically(folder / TUNED, json.dumps(about, indent=1).encode())


def _read(folder: Path) -> Projection:
    try:
        tensors = load_file(folder / PROJECTION)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no tuned encoder in {folder}.", "Train one first: convrec finetune train --task encoder."
        ) from error
    return Projection(tensors["weight"], tensors["bias"])
