"""What is found of what human recommenders named, on a part of ReDial's training dialogues that nothing was learned from.

Two ways of holding out: the published validation part (most of its recommenders are known from training), and the latest dialogues of
training and validation together, whose recommenders are half unknown. Targets are items that nobody named before in the conversation, each a
case of its own; the system is asked with the words alone, so titles must be recognised in them.

    python benchmarks/dialogue.py --data DIR --work DIR --json dialogue.json      # DIR holds `redial`; the fits are kept in --work
"""

import argparse
import gzip
import json
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.dialogue import Moment, moments
from convrec.evaluation.dialogue_files import read_test_dialogues
from convrec.evaluation.ranked import listed
from convrec.tools.fitting import fit

CUTS = (1, 10, 50)
DEPTH = 300
PARTS = ("movies.jsonl", "movies_with_mentions.csv")
SPOKEN = "2018-06-01"  # about when people talked


def main() -> None:
    """Prints one JSON document, or writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds redial")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the workspaces, kept between runs")
    parser.add_argument("--limit", type=int, help="ask about so many turns at most, evenly drawn")
    parser.add_argument("--json", type=Path, help="where the document is written; else it is printed")
    options = parser.parse_args()
    source = options.data / "redial"
    report = {"validation": measured(source, options.work / "validation", options.limit)}
    report["latest"] = measured(by_time(source, options.work / "by-time"), options.work / "latest", options.limit)
    text = json.dumps(report, indent=2)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    else:
        sys.stdout.write(text + "\n")


def by_time(source: Path, folder: Path) -> Path:
    """Returns a copy of the data in which the validation part is the latest conversations, by their number."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        for path in source.glob(f"{name}*"):
            shutil.copyfile(path, folder / path.name)
    lines, n_held = [], 0
    for part in ("train", "valid"):
        with gzip.open(source / f"{part}.jsonl.gz", "rt", encoding="utf-8") as file:
            read = [line for line in file if line.strip()]
        lines, n_held = lines + read, len(read)
    lines.sort(key=lambda line: int(json.loads(line)["conversationId"]))
    for part, kept in (("train", lines[:-n_held]), ("valid", lines[-n_held:])):
        with gzip.open(folder / f"{part}.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(kept)
    return folder


def measured(source: Path, root: Path, limit: int | None) -> dict[str, object]:
    """Returns how long the fit took, what each tool and all together find, and how many turns a second are answered."""
    if not (root / "CURRENT").exists():
        import_layout("redial", source, Workspace.create(root))
    workspace = Workspace.open(root)
    fitted = fit(workspace)
    reports = [*fitted.tools, *([fitted.fusion] if fitted.fusion else [])]
    seconds = sum(report.seconds for report in reports)  # as they took when they were fitted
    asked = [m for m in moments(read_test_dialogues(next(source.glob("valid.jsonl*"))).dialogues) if m.novel]
    asked = asked[:: max(1, len(asked) // limit)] if limit else asked
    with Agent.open(workspace, clock=fixed_clock(SPOKEN)) as agent:
        lists = {"agent": [], "all tools": []} | {name: [] for name in agent.toolbox.tools}
        started = time.perf_counter()
        requests = [agent.requested(messages=m.messages, k=DEPTH) for m in asked]
        plain = [replace(request, wishes=(), filter=None) for request in requests]
        lists["agent"] = [listed(agent.toolbox, request) for request in requests]
        answered = time.perf_counter() - started
        lists["all tools"] = [listed(agent.toolbox, request) for request in plain]
        for name in agent.toolbox.tools:
            lists[name] = [listed(agent.toolbox, replace(request, tools=(name,))) for request in plain]
    gains = fitted.fusion.quality if fitted.fusion else {}
    return {
        "fit seconds, tool by tool": round(seconds, 1), "turns a second": round(len(asked) / answered, 1), "turns": len(asked),
        "targets": sum(len(m.novel) for m in asked), "ranker": fitted.fusion.note if fitted.fusion else "",
        "share of targets among 300": _recall(asked, lists["all tools"], DEPTH)["value"],
        "recall": {name: {f"@{cut}": _recall(asked, ranked, cut) for cut in CUTS} for name, ranked in lists.items()},
        "lost without, held out of the fit": {name.split("gain of ")[1]: v for name, v in gains.items() if "gain of " in name},
    }  # fmt: skip


def _recall(asked: Sequence[Moment], ranked: Sequence[Sequence[str]], cut: int) -> dict[str, float | None]:
    """Returns recall with its 95 % interval over dialogues."""
    pairs = [
        (float(len({*moment.novel} & {*items[:cut]})), float(len(moment.novel)))
        for moment, items in zip(asked, ranked, strict=True)
    ]
    estimate = Resampling([moment.dialogue for moment in asked]).estimate(Ratio.of(pairs))
    return {
        name: None if value is None else round(float(value), 4)
        for name, value in (("value", estimate.value), ("low", estimate.low), ("high", estimate.high))
    }


if __name__ == "__main__":
    main()
