"""The adapters that a workspace serves, by task: verified, copied into it, named in `adapters.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ModelError, WorkspaceError
from convrec.core.settings import Step
from convrec.finetune.proof.verify import Verified
from convrec.finetune.sets.rows import Task
from convrec.finetune.tuning.lora import checked_adapter, copied

FILE, FOLDER = "adapters.json", "adapters"
STEP_OF: Mapping[Task, Step] = {
    "understand": "understand",
    "plan": "plan",
    "explain": "explain",
    "preference": "explain",
}
"""The step of a turn that a task's adapter serves; a `profile` is asked for by none yet."""


class Registered(BaseModel):
    """An adapter that was verified: its folder in the workspace, the base that it is laid on, the proof."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    base: str
    rank: int
    proof: dict[str, Any]


def registered(workspace: Workspace) -> dict[str, Registered]:
    """Returns the workspace's adapters by task.

    Raises:
        WorkspaceError: the register is damaged.
    """
    path = workspace.root / FILE
    if not path.is_file():
        return {}
    try:
        return {
            task: Registered.model_validate(entry)
            for task, entry in json.loads(path.read_text(encoding="utf-8")).items()
        }
    except (ValueError, ValidationError, AttributeError) as error:
        raise WorkspaceError(f"{path} is damaged.", "Delete it and verify your adapters again.") from error


def register(workspace: Workspace, task: Task, adapter: Path, base: Path, proof: Verified) -> Registered:
    """Copies a verified adapter into the workspace and returns its entry, which takes the place of an earlier one's.

    Raises:
        ModelError: the proof does not hold. WorkspaceError: the disk is full.
    """
    if not proof.holds:
        raise ModelError(
            f"What {proof.served_by} serves is not what was trained: {proof.token_agreement:.1%} of the tokens are the same, and their log probabilities differ by "
            f"{proof.logprob_distance:.3f} on average. The adapter is not registered.",
            "Serve it in the precision that it was trained in (--dtype), from the same base, and verify again.",
        )  # fmt: skip
    config = checked_adapter(adapter)
    target = workspace.root / FOLDER / task
    if adapter.resolve() != target.resolve():
        copied(adapter, target)
    entry = Registered(
        folder=f"{FOLDER}/{task}", base=str(base.resolve()), rank=int(config["r"]), proof=proof.document()
    )
    with disk_errors(workspace.root), workspace.lock(wait_s=10):
        known = registered(workspace) | {task: entry}
        document = {name: each.model_dump() for name, each in sorted(known.items())}
        write_atomically(workspace.root / FILE, json.dumps(document, indent=1).encode())
    return entry
