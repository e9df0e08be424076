"""`make finetune-demo`: base, set, adapter, measurement, proof and serving at tiny size, and a summary of it all."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.connect import connect
from convrec.agent.llm.failures import ModelFailure
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import SystemClock
from convrec.core.progress import Progress, silent
from convrec.finetune.demo.corpus import Corpus
from convrec.finetune.demo.tiny import TinySetting, write_tiny
from convrec.finetune.jobs import (
    IN_PROCESS,
    adapter_folder,
    comparing,
    run_folder,
    set_folder,
    training,
    verifying,
    write_document,
)
from convrec.finetune.proof.evaluate import BASE, TUNED
from convrec.finetune.serving.serve import offered, point_at
from convrec.finetune.serving.server import Server, Serving, free_port
from convrec.finetune.sets.build import SetOptions, build, read_set
from convrec.finetune.sets.rows import Task
from convrec.finetune.tuning.base import identity
from convrec.finetune.tuning.setting import TrainSetting, named_setting
from convrec.prompts.tasks import UNDERSTAND
from convrec.prompts.understand.answer import Understood

TASK: Task = "understand"
SUMMARY = "summary.json"
_MEASURED = 200  # held-out rows of a part
NOTE = "A model of a million parameters on one catalogue proves that every part of the way works; it says nothing of how well a real model would understand."
GATES: Mapping[str, tuple[str, float]] = {
    "f1_before": ("<=", 0.05),
    "f1_after": (">=", 0.80),
    "token_agreement": (">=", 0.99),
}


@dataclass(frozen=True)
class DemoOptions:
    """Sizes of the demo."""

    tiny: TinySetting = field(default_factory=TinySetting)
    messages: int = 4_000
    contexts: float = 0.0
    setting: TrainSetting = field(default_factory=lambda: named_setting("demo"))
    measured: int = _MEASURED


def run(out: Path, vllm: Path | None, options: DemoOptions, *, root: Path, progress: Progress = silent, say: Callable[[str], object] = lambda _: None) -> dict[str, Any]:  # fmt: skip
    """Returns the summary, which is written to `summary.json`; folders in it are relative to `root`.

    Raises:
        ConvrecError: what any of the five steps raises.
    """
    began = time.monotonic()
    shutil.rmtree(out, ignore_errors=True)
    workspace = _workspace(out / "workspace")
    base, rows = out / "base", set_folder(workspace, TASK)
    say("build: messages about the demo films, with gold answers")
    build(workspace, TASK, rows, SetOptions(options.messages, options.contexts), progress=progress)
    parts = read_set(workspace, rows)
    say("base: a tokenizer and a tiny Llama, from nothing")
    prompts = [parts["train"][0].messages[0].content, *(row.messages[-1].content for row in parts["train"][:40])]
    told = write_tiny(base, Corpus.of(workspace.catalogue(), SystemClock().now().year), prompts, options.tiny, progress)
    before = identity(base)
    say(
        f"train: an adapter on {len(parts['train']):,} rows (the base read {told['tokens']:,.0f} tokens in {told['steps']:,.0f} steps)"
    )
    training(workspace, TASK, base, rows, run_folder(workspace, TASK), options.setting, progress=progress, say=say)
    say("evaluate: base, adapter and what they must beat")
    found = comparing(
        workspace, TASK, base, rows, adapter_folder(workspace, TASK), limit=options.measured, progress=progress
    )
    write_document(out / "evaluation.json", found.document())
    say("verify and serve: " + ("vLLM" if vllm is not None else "in process, since there is no vLLM"))
    proof, heard = _served(workspace, base, vllm, out / "vllm.log", progress)
    figures = found.figures
    summary = {
        "seconds": round(time.monotonic() - began, 1), "f1_before": figures["valid"][BASE]["span_f1"], "f1_after": figures["valid"][TUNED]["span_f1"],
        "valid_before": figures["valid"][BASE]["valid"], "valid_after": figures["valid"][TUNED]["valid"],
        "heldout_wording_f1": figures["heldout_wording"][TUNED]["span_f1"], "token_agreement": proof["token_agreement"], "served_by": proof["served_by"],
        "base_hash_before": before.weights, "base_hash_after": identity(base).weights,
        "adapter": str((workspace.root / "adapters" / TASK).relative_to(root.resolve())), "logprob_distance": proof["logprob_distance"],
        "others": {name: each["span_f1"] for name, each in figures["valid"].items() if name not in (BASE, TUNED)}, "decision": dict(found.decision),
        "heard": heard, "note": NOTE,
    }  # fmt: skip
    summary["passed"] = {name: _passes(summary[name], *gate) for name, gate in GATES.items()} | {"base_unchanged": summary["base_hash_before"] == summary["base_hash_after"]}  # fmt: skip
    write_document(out / SUMMARY, summary)
    return summary


def _workspace(folder: Path) -> Workspace:
    ingest_shipped(folder)
    return Workspace.open(folder)


def _served(
    workspace: Workspace, base: Path, vllm: Path | None, log: Path, progress: Progress
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns the proof, and what a message is understood to say by the model that `[llm]` then points at."""
    adapter, rows = adapter_folder(workspace, TASK), set_folder(workspace, TASK)
    serving = (
        Serving(vllm, base.resolve(), {TASK: adapter.resolve()}, port=free_port(), dtype="float32")
        if vllm is not None
        else None
    )
    with Server(serving, log) if serving is not None else nullcontext():
        proof = verifying(
            workspace,
            TASK,
            base,
            rows,
            adapter,
            vllm=None,
            base_url=serving.base_url if serving is not None else "",
            progress=progress,
        ).document()
        offer = offered(workspace, TASK, vllm, port=serving.port if serving is not None else 0)
        point_at(workspace, offer)
        heard = _heard(Workspace.open(workspace.root), rows)
    return proof | {"served_by": "vLLM" if serving is not None else IN_PROCESS}, heard


def _heard(workspace: Workspace, rows: Path) -> dict[str, Any]:
    """Returns what the model that `[llm]` names says of a held-out message, asked as the agent asks."""
    row = read_set(workspace, rows)["valid"][0]
    client = connect(workspace.settings.llm)
    assert client is not None  # it was just written
    asked = [(message.role, message.content) for message in row.messages]
    try:
        answer = client.ask(asked, Understood, Budget(workspace.settings.llm), max_tokens=UNDERSTAND.answer_tokens)
    except ModelFailure as failure:
        return {"message": row.message, "failed": failure.kind}
    return {"message": row.message, "understood": json.loads(answer.model_dump_json())}


def _passes(value: float, side: str, bound: float) -> bool:
    return value <= bound if side == "<=" else value >= bound
