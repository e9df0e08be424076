"""Measures filters and retrieval over a made-up catalogue: how exact, how fast and how large they are.

.venv/bin/python benchmarks/scale.py --items 100000
.venv/bin/python benchmarks/scale.py --items 1000000 --folder /tmp/million      # what lies there already is used again

Every stage runs in a process of its own, whose peak memory is reported. Items have random unit vectors, so that no card is
encoded; everything else goes the product's own way.
"""

import argparse
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scale_data import RandomEncoder, words, write_events, write_items
from scale_filters import holds, random_filter

from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.predicate import parse_predicate
from convrec.tools.contract import Query, Tool
from convrec.tools.dense import Dense
from convrec.tools.registry import tool_class
from convrec.tools.toolbox import Request, Toolbox
from convrec.tools.training import choices, training_data

TOOLS = "popularity,bm25,item_knn,ease,als,dense"
Table = dict[str, Any]


def main() -> None:
    """Prints one JSON document, and writes it to `--out`."""
    options = _options()
    with tempfile.TemporaryDirectory() as made:
        options.folder = options.folder or Path(made)
        options.folder.mkdir(parents=True, exist_ok=True)
        stages = {"ingest": _ingested, "fit": _fitted, "serve": _served, "check": _checked}
        report: Table = {"items": options.items, "events": options.events, "queries": options.queries}
        for name, stage in stages.items():
            report[name] = _in_a_process(stage, options)
            print(f"{name}: {json.dumps(report[name])}", file=sys.stderr)
    text = json.dumps(report, indent=2)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    print(text)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures filters and retrieval over a made-up catalogue.")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=300, help="how many random filters are asked about")
    parser.add_argument("--tools", default=TOOLS, help="the tools to fit, parted by commas")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="where to keep the catalogue and the fitted tools")
    parser.add_argument("--out", type=Path, help="a file for the table")
    return parser.parse_args()


def _in_a_process(stage: Callable[[argparse.Namespace], Table], options: argparse.Namespace) -> Table:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (stage, options))


def _measured(stage: Callable[[argparse.Namespace], Table], options: argparse.Namespace) -> Table:
    before, began = time.process_time(), time.perf_counter()
    table = stage(options)
    table["seconds"] = round(time.perf_counter() - began, 1)
    table["cpu_seconds"] = round(time.process_time() - before, 1)
    table["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9, 2)
    return table


def _ingested(options: argparse.Namespace) -> Table:
    items, events, root = (options.folder / name for name in ("items.parquet", "events.parquet", "workspace"))
    if (root / "CURRENT").exists():
        return {"reused": True}
    write_items(items, options.items, options.seed)
    write_events(events, options.events, options.items, options.seed)
    workspace = Workspace.create(root)
    return {"ingest_s": round(ingest(workspace, items=[items], interactions=[events]).seconds, 1)}


def _fitted(options: argparse.Namespace) -> Table:
    catalogue = Workspace.open(options.folder / "workspace").catalogue()
    data = training_data(catalogue, choices(catalogue), (), encoder=RandomEncoder(), seed=options.seed)
    table: Table = {}
    for name in options.tools.split(","):
        folder = options.folder / "tools" / name
        if (folder / "fitted").exists():
            continue
        folder.mkdir(parents=True, exist_ok=True)
        tool, began = tool_class(name)(), time.perf_counter()
        tool.fit(data)
        fitted = time.perf_counter()
        tool.save(folder)
        (folder / "fitted").touch()
        table[name] = {"fit_s": round(fitted - began, 1), "save_s": round(time.perf_counter() - fitted, 1)}
        table[name] |= {"note": tool.note} if tool.note else {}
    return table


def _served(options: argparse.Namespace) -> Table:
    began = time.perf_counter()
    toolbox = _toolbox(options)
    opened = time.perf_counter() - began
    rng = np.random.default_rng(options.seed + 1)
    asked = [_request(rng, options.items) for _ in range(options.queries)]
    toolbox.recommend(Request(text="word1", history={"i0": 1.0}))  # what is built at the first use is no query's time
    lines, times, worked = [], [], []
    for document, request in asked:
        began, before = time.perf_counter(), time.process_time()
        found = toolbox.recommend(request)
        times.append((time.perf_counter() - began) * 1000)
        worked.append((time.process_time() - before) * 1000)
        ids = [item.id for item in found.items]
        steps = {f"{step.tool} {step.arguments.get('aspect', '')}".strip(): step.ms for step in found.steps}
        lines.append(
            {"filter": document, "history": list(request.history), "ids": ids, "ms": times[-1], "steps": steps}
        )
    answers = "".join(json.dumps(line) + "\n" for line in lines)
    (options.folder / "answers.jsonl").write_text(answers, encoding="utf-8")
    spread = {f"p{p}_ms": round(float(np.percentile(times, p)), 1) for p in (50, 95, 100)}
    spread |= {f"p{p}_cpu_ms": round(float(np.percentile(worked, p)), 1) for p in (50, 95, 100)}  # of all threads
    return {"open_s": round(opened, 1), **spread, **_by_step(lines), **_agreement(toolbox, options)}


def _toolbox(options: argparse.Namespace) -> Toolbox:
    workspace = Workspace.open(options.folder / "workspace")
    catalogue = workspace.catalogue()
    tools: dict[str, Tool] = {
        name: tool_class(name).load(options.folder / "tools" / name, catalogue) for name in options.tools.split(",")
    }
    return Toolbox(catalogue, tools, encoder=RandomEncoder(), diversity=workspace.settings.retrieval.diversity)


def _request(rng: np.random.Generator, n_items: int) -> tuple[Table, Request]:
    """Returns a filter and a request with it: one to four words, and in half of them a history."""
    document = random_filter(rng, n_items)
    liked = (n_items * rng.random(int(rng.integers(0, 4)) * int(rng.integers(0, 2))) ** 4).astype(np.int64)
    text = " ".join(words(rng, int(rng.integers(1, 5))))
    return document, Request(
        text=text, history={f"i{row}": 1.0 for row in liked.tolist()}, filter=parse_predicate(document)
    )


def _by_step(lines: list[Table]) -> Table:
    """Returns each step's 95th percentile in ms; `rest` is what no step says."""
    every: dict[str, list[float]] = {}
    for line in lines:
        for name, ms in (line["steps"] | {"rest": line["ms"] - sum(line["steps"].values())}).items():
            every.setdefault(name, []).append(ms)
    return {"step_p95_ms": {name: round(float(np.percentile(ms, 95)), 1) for name, ms in every.items()}}


def _agreement(toolbox: Toolbox, options: argparse.Namespace, k: int = 200) -> Table:
    """Returns the share of the exact product's ids that the dense tool finds without a filter."""
    dense = toolbox.tools.get("dense")
    if not isinstance(dense, Dense):
        return {}
    shares = []
    for vector in RandomEncoder().encode([f"agreement {n}" for n in range(20)]):
        query = Query(text="asked", vector=vector, k=min(k, options.items))
        scores = dense.scores(query)
        assert scores is not None
        exact = np.argsort(-scores, kind="stable")[: query.k]
        shares.append(float(np.isin(exact, dense.retrieve(query).rows).mean()))
    return {"dense_agreement": round(float(np.mean(shares)), 4)}


def _checked(options: argparse.Namespace) -> Table:
    """Checks every answer item by item, and every empty one against all items."""
    import pyarrow.parquet as pq

    items = pq.read_table(options.folder / "items.parquet")
    answers = (options.folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    violations, needless, empty = 0, 0, 0
    for answer in map(json.loads, answers):
        for item_id in answer["ids"]:
            facts = items.slice(int(item_id[1:]), 1).to_pylist()[0]
            violations += holds(facts, answer["filter"]) is not True
        empty += not answer["ids"]
        needless += not answer["ids"] and _any_holds(items, answer)
    return {"answers": len(answers), "violations": violations, "empty": empty, "needless_empty": needless}


def _any_holds(items: Any, answer: Table) -> bool:
    known = set(answer["history"])
    rows = (row for batch in items.to_batches(max_chunksize=10_000) for row in batch.to_pylist())
    return any(row["id"] not in known and holds(row, answer["filter"]) is True for row in rows)


if __name__ == "__main__":
    main()
