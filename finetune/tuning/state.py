"""Where a run stands, on disk: adapter, optimiser, chance and losses, so that a run that was killed goes on as if it had not been."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convrec.catalogue.store import disk_errors, new_file
from convrec.core.errors import InputError, WorkspaceError

STATE, LOSSES, RUN = "state.pt", "steps.jsonl", "run.json"


@dataclass
class Standing:
    """How far a run is: the next step, the loss of each step so far, measurements, and the best of them."""

    step: int = 0
    losses: list[float] = field(default_factory=list)
    measured: list[dict[str, float]] = field(default_factory=list)
    best: float = float("-inf")
    since_best: int = 0
    seconds: float = 0.0


def bound(folder: Path, what: dict[str, Any]) -> bool:
    """Binds a run's folder to what decides the run, and tells whether it was begun before.

    Raises:
        InputError: another run was begun there; the first difference is named.
    """
    path = folder / RUN
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        other = next((key for key in what if before.get(key) != what[key]), None)
        if other is not None:
            raise InputError(
                f"{folder} holds a run with another {other.replace('_', ' ')}.",
                "Name another --out, or delete that folder.",
            )
        return (folder / STATE).is_file()
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with new_file(path) as unfinished:
            unfinished.write_text(json.dumps(what, indent=1, default=str), encoding="utf-8")
    return False


def keep(folder: Path, standing: Standing, parts: dict[str, Any]) -> None:
    """Writes where the run stands, whole or not at all: what was there stays until it is written.

    Raises:
        WorkspaceError: the disk is full, or the folder can't be written.
    """
    import torch

    buffer = io.BytesIO()
    torch.save({"standing": vars(standing), **parts}, buffer)
    with disk_errors(folder):
        with new_file(folder / STATE) as unfinished:
            unfinished.write_bytes(buffer.getbuffer())
        with new_file(folder / LOSSES) as unfinished, unfinished.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps({"step": n, "loss": loss}) + "\n" for n, loss in enumerate(standing.losses, 1))


def kept(folder: Path) -> tuple[Standing, dict[str, Any]]:
    """Returns where a run stands, and the parts that were kept with it.

    Raises:
        WorkspaceError: the file is damaged.
    """
    import torch

    try:
        found = torch.load(folder / STATE, map_location="cpu", weights_only=True)
        return Standing(**found.pop("standing")), found
    except Exception as error:
        raise WorkspaceError(f"{folder / STATE} is damaged.", "Delete the run's folder and train anew.") from error
