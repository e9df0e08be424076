"""Measures what a person waits for: the import, the fit, the opening, and each turn of the scripted conversations.

make bench-turns                                                      # on the demo films
make bench-turns BENCH="--layout wikipedia-movies --data DIR"            # on a dataset that lies in DIR
make bench-turns BENCH="--workspace shop"                                # on a fitted workspace
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import yaml

from convrec.agent.agent import Agent
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.importers import import_layout
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit

Result = TypeVar("Result")
CONVERSATIONS = Path(__file__).parents[1] / "tests" / "conversations"


def main() -> None:
    """Prints one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        if options.workspace:
            measured, workspace = {}, Workspace.open(options.workspace)
        else:
            measured, workspace = _made(Path(folder) / "workspace", options.layout, options.data)
        seconds, agent = _timed(lambda: Agent.open(workspace))
        with agent:
            agent.chat("hello", user_id="warm-up")
            turns = list(_turns(agent, options.rounds))
            n_items = len(agent.toolbox.catalogue)
    report = {"items": n_items, **measured, "open_s": round(seconds, 2), "turns": len(turns), **_spread(turns)}
    json.dump(report, sys.stdout, indent=2)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Measures an import, a fit and the turns of the scripted conversations."
    )
    parser.add_argument("--workspace", type=Path, help="a fitted workspace; its state database is written to")
    parser.add_argument("--layout", help="the layout of --data, as `convrec import --list` names it")
    parser.add_argument("--data", type=Path, help="the folder of a dataset")
    parser.add_argument("--rounds", type=int, default=1, help="how often the conversations are gone through")
    return parser.parse_args()


def _made(root: Path, layout: str | None, data: Path | None) -> tuple[dict[str, float], Workspace]:
    """Returns a fitted workspace and how long its making took."""
    if layout and data:
        workspace = Workspace.create(root)
        imported, _ = _timed(lambda: import_layout(layout, data, workspace))
    else:
        imported, _ = _timed(lambda: ingest_shipped(root))
        workspace = Workspace.open(root)
    fitted, _ = _timed(lambda: fit(workspace))
    return {"import_s": round(imported, 2), "fit_s": round(fitted, 2)}, workspace


def _turns(agent: Agent, rounds: int) -> Iterator[float]:
    """Yields the milliseconds of each turn, from the call to the committed reply."""
    for number in range(rounds):
        for path in sorted(CONVERSATIONS.glob("*.yaml")):
            for turn in yaml.safe_load(path.read_text(encoding="utf-8"))["turns"]:
                seconds, _ = _timed(partial(agent.chat, turn["say"], user_id=f"bench-{number}-{path.stem}"))
                yield seconds * 1000


def _spread(turns: list[float]) -> dict[str, float]:
    return {f"turn_p{p}_ms": round(float(np.percentile(turns, p)), 1) for p in (50, 95, 99)}


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
