"""`evaluate latency`: how long a turn takes and where, by how many talk at once and how large the catalogue is, and what memory that takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from langchain_core.callbacks import BaseCallbackHandler

from convrec.agent.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError
from convrec.core.metrics.bootstrap import Ratio
from convrec.core.progress import Progress, silent
from convrec.evaluation.audits.requests import wishes
from convrec.evaluation.audits.sizes import sized
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Part, Result, Scored, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.scratch import copied

HEADLINE = "turns answered"
PERCENTILES = (50, 95, 99)
_TURNS = ("Something else, please.", "More like the first one.", "Why the first one?", "Thanks!")
"""What is said after the opening request of a conversation."""


@dataclass(frozen=True)
class LatencyOptions:
    """The settings of a run: turns at each number of people at once (`concurrency`), over the catalogue as it is and in other `sizes`."""

    turns: int = 200
    concurrency: tuple[int, ...] = (1, 4)
    sizes: tuple[int, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Size:
    """A catalogue to measure over; `n` is how many items it is to have, None for the workspace's own."""

    id: str
    n: int | None


class NodeTimes(BaseCallbackHandler):
    """Notes the milliseconds that each node of the graph takes. Safe to use from several threads."""

    def __init__(self) -> None:
        self.ms: list[tuple[str, float]] = []
        self._began: dict[UUID, tuple[str, float]] = {}

    def on_chain_start(
        self, serialized: dict[str, Any], inputs: dict[str, Any], *, run_id: UUID, metadata: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:  # fmt: skip
        """Notes when a node begins; routing between nodes is none."""
        node = (metadata or {}).get("langgraph_node")
        if node is not None and kwargs.get("name") == node:
            self._began[run_id] = (node, time.perf_counter())

    def on_chain_end(self, outputs: dict[str, Any], *, run_id: UUID, **kwargs: Any) -> None:
        """Notes how long a node took."""
        if run_id in self._began:
            node, began = self._began.pop(run_id)
            self.ms.append((node, (time.perf_counter() - began) * 1000))


def evaluate_latency(
    workspace: Workspace, options: LatencyOptions, runs: Path, *, progress: Progress = silent, out: Path | None = None
) -> tuple[Run, Result]:
    """Holds scripted conversations over copies of a fitted workspace, each size in a process of its own, and measures times and memory.

    Raises:
        InputError: no item's text has words to ask for. NotFittedError: nothing was fitted yet.
        ConvrecError: nothing could be measured.
    """
    about = manifest(
        "latency",
        workspace,
        vars(options) | {"sizes": list(options.sizes), "concurrency": list(options.concurrency)},
        seed=options.seed,
    )
    run = Run.opened(out, runs, about, progress)
    openings = tuple(
        wish.text for wish in wishes(workspace.catalogue(), -(-options.turns // (len(_TURNS) + 1)), options.seed)
    )
    sizes = [Size("as it is", None), *(Size(f"{n:,} items", n) for n in options.sizes)]

    def measured(size: Size) -> Answer:
        at = workspace if size.n is None else sized(workspace, size.n, runs / "sized", progress)
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # so that its memory is its own
            return pool.submit(measure, at.root, openings, options).result()

    answers = run.answers("sizes", sizes, measured)
    if all("error" in answer for answer in answers):
        raise ConvrecError(f"Nothing could be measured: {answers[0]['error']}", "Mend that and run it again.")
    return run, run.finish(_result(sizes, answers, options), **_timings(sizes, answers))


def measure(root: Path, openings: Sequence[str], options: LatencyOptions) -> Answer:
    """Returns the number of items and, for each number of people at once, every turn's outcome and milliseconds, nodes' and tools' among them.

    Memory is the process's own, resident, in MiB: after the workspace was opened, and after the turns.
    """
    with TemporaryDirectory() as folder:
        copy = copied(Workspace.open(root), Path(folder) / "workspace")
        with Agent.open(copy, clock=fixed_clock()) as agent:
            times = NodeTimes()
            agent.graph = agent.graph.with_config(callbacks=[times])
            opened = resident_mib()
            _converse(
                agent, "before", openings[0], len(_TURNS) + 1
            )  # what is made at the first use is no part of a turn
            found = {str(n): _at_once(agent, times, openings, n, options.turns) for n in options.concurrency}
            return {"items": len(agent.toolbox.catalogue), "MiB opened": opened, "at once": found}


def _at_once(agent: Agent, times: NodeTimes, openings: Sequence[str], n: int, turns: int) -> dict[str, Any]:
    times.ms.clear()
    agent.toolbox.forget()  # else those who come second would be served from what was found for the first
    each = len(_TURNS) + 1
    lengths = [min(each, turns - place * each) for place in range(-(-turns // each))]
    started = time.perf_counter()
    with ThreadPoolExecutor(n) as pool:
        talks = list(pool.map(
            lambda place: _converse(agent, f"{n}-{place}", openings[place % len(openings)], lengths[place]), range(len(lengths))
        ))  # fmt: skip
    seconds = time.perf_counter() - started
    return {"talks": talks, "nodes": list(times.ms), "seconds": seconds, "MiB": resident_mib()}


def _converse(agent: Agent, user: str, opening: str, n: int) -> list[dict[str, Any]]:
    """Returns a conversation's turns: whether each was answered (`error` where not), whole milliseconds, and those of its tools."""
    turns = []
    for text in (opening, *_TURNS)[:n]:
        began = time.perf_counter()
        try:
            reply = agent.chat(text, user_id=user)
        except ConvrecError as error:
            turns.append({"error": str(error), "ms": (time.perf_counter() - began) * 1000})
            continue
        took = (time.perf_counter() - began) * 1000
        turns.append({"ms": took, "items": len(reply.items), "tools": [(step.tool, step.ms) for step in reply.trace]})
    return turns


def resident_mib() -> float | None:
    """Returns the memory that this process has resident, in MiB; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def _result(sizes: Sequence[Size], answers: Sequence[Answer], options: LatencyOptions) -> Result:
    """Returns what is the same in every run: what was answered, of how many items."""
    cases = list(_cases(sizes, answers))
    named = dict.fromkeys(where for where, _, _ in cases)
    parts = {
        where: Part(
            [talk for at, talk, _ in cases if at == where],
            {"agent": _answered([turns for at, _, turns in cases if at == where])},
        )
        for where in named
    }
    whole = Part([talk for _, talk, _ in cases], {"agent": _answered([turns for _, _, turns in cases])})
    counts = {f"items, {size.id}": int(answer.get("items", 0)) for size, answer in zip(sizes, answers, strict=True)}
    failed = sum("error" in turn for _, _, turns in cases for turn in turns) + sum(
        "error" in answer for answer in answers
    )
    return summarised(
        "latency", "agent", HEADLINE, whole, slices=parts, seed=options.seed, counts={"turns": sum(len(turns) for _, _, turns in cases), "errors": failed, **counts},
        notes=("Times and memory are in timings.json: they are the machine's, and differ from run to run.",),
    )  # fmt: skip


def _cases(sizes: Sequence[Size], answers: Sequence[Answer]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yields each conversation with where it was held and its place."""
    for size, answer in zip(sizes, answers, strict=True):
        for n, found in answer.get("at once", {}).items():
            for place, turns in enumerate(found["talks"]):
                yield f"{size.id}, {n} at once", f"talk {place}", turns


def _answered(talks: Sequence[Sequence[Mapping[str, Any]]]) -> Scored:
    answered = [(float(sum("error" not in turn for turn in turns)), float(len(turns))) for turns in talks]
    with_items = [(float(sum(turn.get("items", 0) > 0 for turn in turns)), float(len(turns))) for turns in talks]
    return Scored({HEADLINE: Ratio.of(answered), "turns with items": Ratio.of(with_items)})


def _timings(sizes: Sequence[Size], answers: Sequence[Answer]) -> dict[str, Any]:
    rows = []
    for size, answer in zip(sizes, answers, strict=True):
        for n, found in answer.get("at once", {}).items():
            turns = [turn for talk in found["talks"] for turn in talk]
            tools = [(name, ms) for turn in turns for name, ms in turn.get("tools", ())]
            rows.append({
                "catalogue": size.id, "items": answer["items"], "at_once": int(n), "turns": len(turns), "ms_a_turn": spread_of([turn["ms"] for turn in turns]),
                "turns_a_second": round(len(turns) / found["seconds"], 2), "mib_opened": answer["MiB opened"], "mib": found["MiB"],
                "ms_by_node": _by_name(found["nodes"]), "ms_by_tool": _by_name(tools),
            })  # fmt: skip
    return {"latency": rows}


def _by_name(times: Sequence[Sequence[Any]]) -> dict[str, dict[str, float]]:
    every: dict[str, list[float]] = {}
    for name, ms in times:
        every.setdefault(name, []).append(ms)
    return {name: spread_of(ms) for name, ms in every.items()}


def spread_of(ms: Sequence[float]) -> dict[str, float]:
    """Returns the number of times, and their percentiles in milliseconds."""
    return {"n": len(ms)} | {f"p{p}": round(float(np.percentile(ms, p)), 2) for p in PERCENTILES if len(ms)}
