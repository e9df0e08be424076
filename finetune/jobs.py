"""What `convrec finetune` does, a function a command: where sets, runs and adapters of a workspace lie, and how one leads to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, ModelError
from convrec.core.progress import Progress, silent
from convrec.finetune.proof.evaluate import Compared, evaluate
from convrec.finetune.proof.verify import Ask, Verified, checked_card, verify
from convrec.finetune.serving.asking import asks_here, asks_server
from convrec.finetune.serving.register import FOLDER, register
from convrec.finetune.serving.server import Server, Serving, free_port
from convrec.finetune.sets.build import read_set
from convrec.finetune.sets.rows import Part, Row, Task
from convrec.finetune.tuning.base import checked_base
from convrec.finetune.tuning.estimate import Estimate, estimate
from convrec.finetune.tuning.messages import Template
from convrec.finetune.tuning.packing import packed, shared
from convrec.finetune.tuning.preference import PairRun
from convrec.finetune.tuning.setting import TrainSetting
from convrec.finetune.tuning.train import ADAPTER, Job, Trained, encoded, train

Say = Callable[[str], object]
IN_PROCESS = "transformers"
_CHARACTERS = 4  # a token, about


def set_folder(workspace: Workspace, task: Task | Literal["encoder"]) -> Path:
    """Returns where a task's set lies unless another folder is named."""
    return workspace.root / "finetune" / task / "set"


def run_folder(workspace: Workspace, task: Task | Literal["encoder"]) -> Path:
    """Returns where a task's run lies unless another folder is named."""
    return workspace.root / "finetune" / task / "run"


def adapter_folder(workspace: Workspace, task: Task) -> Path:
    """Returns the adapter that was trained last, else the registered one."""
    trained = run_folder(workspace, task) / ADAPTER
    return trained if trained.is_dir() else workspace.root / FOLDER / task


def training(workspace: Workspace, task: Task, base: Path, rows: Path, out: Path, setting: TrainSetting, *, progress: Progress = silent, say: Say = lambda _: None) -> Trained:  # fmt: skip
    """Returns a finished run on a set.

    Raises:
        InputError, ModelError, WorkspaceError: as for `train` and `read_set`.
    """
    parts = read_set(workspace, rows)
    job = Job(task, base, rows, out, setting)
    return train(job, parts["train"], parts.get("valid", ()), progress, say, PairRun if task == "preference" else None)


def dry_run(workspace: Workspace, base: Path, rows: Path, setting: TrainSetting, per_second: float | None = None) -> Estimate:  # fmt: skip
    """Returns what a run would take, on a device of so many operations a second (None: this machine).

    The base's tokenizer counts the tokens, where there is one; else they are guessed from the characters. Its weights are not read.

    Raises:
        InputError, ModelError: as for `training`.
    """
    config, train_rows = checked_base(base), read_set(workspace, rows)["train"]
    return estimate(config, setting, _packed_tokens(base, train_rows, setting), per_second)


def _packed_tokens(base: Path, rows: Sequence[Row], setting: TrainSetting) -> int:
    """Returns the tokens of an epoch, what all chats begin with counted once a packed row."""
    if not (base / "tokenizer.json").is_file():
        beginning = min(len(row.messages[0].content) for row in rows) // _CHARACTERS
        own = sum(sum(len(one.content) for one in row.messages) + len(row.answer) for row in rows) // _CHARACTERS
        own -= beginning * len(rows)
        return own + beginning * (own // max(setting.row - beginning, 1) + 1)
    from transformers import AutoTokenizer

    try:
        template = Template(AutoTokenizer.from_pretrained(str(base), trust_remote_code=False))
    except (OSError, ValueError) as error:
        raise ModelError(f"`{base}` has no tokenizer that can be read.", "Copy the model's tokenizer anew.") from error
    chats = encoded(template, rows)
    return sum(len(row.ids) for row in packed(chats, shared(chats), setting.row))


def comparing(workspace: Workspace, task: Task, base: Path, rows: Path, adapter: Path | None, *, limit: int | None = None, progress: Progress = silent) -> Compared:  # fmt: skip
    """Returns base, tuned model and what they must beat side by side.

    Raises:
        InputError, ModelError: as for `evaluate`.
    """
    return evaluate(task, read_set(workspace, rows), base, adapter, limit=limit, progress=progress)


def verifying(
    workspace: Workspace, task: Task, base: Path, rows: Path, adapter: Path, *, vllm: Path | None, base_url: str = "", dtype: str = "auto", progress: Progress = silent,
) -> Verified:  # fmt: skip
    """Returns the proof that an adapter is served as it was trained, and registers it where it holds: against the server at `base_url`, else one that is
    started by `vllm`, else the agent's own process.

    Raises:
        ModelError: the card is not the base's, the server does not answer, or the proof does not hold. InputError: the set is missing.
    """
    checked_card(adapter, base, task)
    held = held_out(read_set(workspace, rows))

    def proved(ask: Ask, served_by: str) -> Verified:
        return verify(adapter, base, held, task, ask, served_by, dtype=dtype, progress=progress)

    if base_url:
        proof = proved(asks_server(base_url, task), f"the server at {base_url}")
    elif vllm is not None:
        serving = Serving(
            vllm,
            base.resolve(),
            {task: adapter.resolve()},
            port=free_port(),
            dtype="float32" if dtype == "auto" and _on_cpu() else dtype,
        )
        with Server(serving, workspace.root / "finetune" / "vllm.log"):
            proof = proved(asks_server(serving.base_url, task), "vLLM")
    else:
        proof = proved(asks_here(base, adapter), IN_PROCESS)
    register(workspace, task, adapter, base, proof)
    return proof


def held_out(parts: dict[Part, list[Row]]) -> Sequence[Row]:
    """Returns the rows whose prompts prove an adapter.

    Raises:
        InputError: nothing was held out.
    """
    held = [*parts.get("valid", ()), *parts.get("heldout_wording", ())]
    if not held:
        raise InputError("The set has no held-out rows, so there are no prompts to compare.", "Build it anew.")
    return held


def _on_cpu() -> bool:
    import torch

    return not torch.cuda.is_available()


def write_document(path: Path, document: dict[str, Any]) -> None:
    """Writes a JSON document whole or not at all.

    Raises:
        WorkspaceError: the disk is full.
    """
    import json

    with disk_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False).encode())
