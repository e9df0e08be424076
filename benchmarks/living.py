"""What a change of a served catalogue costs: to write it, and to be taken up by another agent that is open.

`python benchmarks/living.py --workspace shop` copies the workspace and gives every item of the copy a number field of its own, so that there is a fact
that no text has, as a price is. Each line has the milliseconds by the clock, the median and the slowest, and those of the processor.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
from convrec.catalogue.live import Written, add_interactions, delete_items, patch_items, put_items
from convrec.catalogue.workspace import Workspace

_FIELD = "benchmark_price"
_NEW = 1_000


def main() -> None:
    """Prints a line a kind of change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspace", type=Path, required=True, help="a fitted workspace; it is copied")
    parser.add_argument("--times", type=int, default=15, help="how often each small change is made")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(
            shutil.copytree(
                options.workspace,
                Path(scratch) / "workspace",
                ignore=shutil.ignore_patterns("state.sqlite*", "encoded"),
            )
        )
        _priced(root)
        with Agent.open(root) as agent:
            _measured(Workspace.open(root), agent, options.times)


def _priced(root: Path) -> None:
    workspace = Workspace.open(root)
    catalogue, path = workspace.catalogue(), root / "priced.jsonl"
    with path.open("w", encoding="utf-8") as lines:
        for item_id in catalogue.ids:
            row = {"id": item_id, **catalogue.item(item_id).facts, _FIELD: len(item_id)}
            lines.write(json.dumps(row, ensure_ascii=False) + "\n")
    ingest(workspace, items=[path])


def _measured(workspace: Workspace, agent: Agent, times: int) -> None:
    ids = list(agent.toolbox.catalogue.ids)
    agent.chat("what would you recommend?")
    new = [{**agent.toolbox.catalogue.item(ids[n % len(ids)]).facts, "title": f"A New Title {n}"} for n in range(_NEW)]
    print(
        f"{len(ids):,} items{'':<31}| write, median | slowest | processor | follow, median | slowest | processor | behind the turns"
    )
    one = lambda n: patch_items(workspace, [{"id": ids[n * 97 % len(ids)], _FIELD: 1000 + n}])  # noqa: E731
    _line("a number of one item", one, agent, times)
    _line(
        "a title of one item", lambda n: patch_items(workspace, [{"id": ids[n], "title": f"Another {n}"}]), agent, times
    )
    _line("one new item", lambda n: put_items(workspace, [{"id": f"one{n}", **new[n]}]), agent, times)
    _line("one item deleted", lambda n: delete_items(workspace, [f"one{n}"]), agent, times)
    event = lambda n: add_interactions(workspace, [{"user_id": "ana", "item_id": ids[n], "event": "view"}])  # noqa: E731
    _line("one event", event, agent, times)
    many = lambda n: put_items(workspace, [{"id": f"n{k}", **facts} for k, facts in enumerate(new)])  # noqa: E731
    _line(f"{_NEW:,} new items", many, agent, 1)
    some = ids[: min(len(ids), 10_000)]
    every = lambda n: patch_items(workspace, [{"id": item, _FIELD: 7} for item in some])  # noqa: E731
    _line(f"a number of {len(some):,} items", every, agent, 1)
    print(f"failures to follow: {agent.following.failures}")
    print(f"rollback: {_timed(workspace.rollback)[0]:.1f} ms")


def _line(name: str, change: Callable[[int], Written], agent: Agent, times: int) -> None:
    writes, follows = [], []
    for n in range(times):
        writes.append(_timed(lambda n=n: change(n)))  # type: ignore[misc]
        follows.append(_timed(lambda: agent.toolbox))
        behind = _timed(lambda: agent.follow(600))[0]
    cells = [
        f(part)
        for side in (writes, follows)
        for f, part in (
            (statistics.median, [w for w, _ in side]),
            (max, [w for w, _ in side]),
            (statistics.median, [p for _, p in side]),
        )
    ]
    print(f"{name:<43}| " + " | ".join(f"{cell:9.1f}" for cell in cells) + f" | {behind:9.0f}", flush=True)


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Returns the milliseconds that work takes, by the clock and of the processor."""
    began, worked = time.perf_counter(), time.thread_time()
    work()
    return (time.perf_counter() - began) * 1000, (time.thread_time() - worked) * 1000


if __name__ == "__main__":
    main()
