"""Serves a workspace's registered adapters: by vLLM where there is one, else in the agent's own process; `[llm]` points there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.evaluation.engines.verdict import write_setting
from convrec.finetune.serving.register import STEP_OF, Registered, registered
from convrec.finetune.serving.server import Serving
from convrec.finetune.sets.rows import Task


@dataclass(frozen=True)
class Offer:
    """What is served: the task that `[llm]` points at, the settings that do it, and the server (None: in process)."""

    task: Task
    settings: Mapping[str, Any]
    serving: Serving | None


def offered(workspace: Workspace, task: Task, vllm: Path | None, *, port: int, dtype: str = "auto") -> Offer:
    """Returns what serves a task: a server with the adapters of every task that share its base, or the agent itself.

    Raises:
        InputError: no adapter of the task is registered, or no step of a turn asks for it.
    """
    known = registered(workspace)
    if task not in known:
        raise InputError(
            f"No adapter for {task} is registered in {workspace.root}.",
            "Train one, and verify it: convrec finetune verify.",
        )
    if task not in STEP_OF:
        raise InputError(f"No step of a turn asks for {task}.", f"There are adapters for {', '.join(STEP_OF)}.")
    entry, steps = known[task], [STEP_OF[task]]
    if vllm is None:
        settings = {"base_url": "", "model": entry.base, "adapter": str(workspace.root / entry.folder), "steps": steps}
        return Offer(task, settings, None)
    adapters = {name: workspace.root / each.folder for name, each in known.items() if _same_base(each, entry)}
    serving = Serving(vllm, Path(entry.base), adapters, port=port, dtype=dtype)
    return Offer(task, {"base_url": serving.base_url, "model": serving.name, "adapter": task, "steps": steps}, serving)


def _same_base(one: Registered, other: Registered) -> bool:
    return one.base == other.base


def point_at(workspace: Workspace, offer: Offer) -> None:
    """Writes the offer into `[llm]` of the workspace's `convrec.toml`; all else in it stays.

    Raises:
        InputError: the file is no TOML.
    """
    write_setting(workspace.root / "convrec.toml", offer.settings)
