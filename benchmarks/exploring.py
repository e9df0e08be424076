"""Whether exploring pays on a catalogue: the controller's loop of three rounds against one request, the same number of items looked at.

Nothing of the people or dialogues asked was learned from, and none of them is of a test part: MovieLens people are drawn among those that the
reported splits learn from, ReDial dialogues are of the published training file's validation part.

    python benchmarks/exploring.py WORKSPACE --work DIR --draws 3                # people, three draws of them; the fits are kept in DIR
    python benchmarks/exploring.py WORKSPACE --dialogues redial/valid.jsonl.gz   # a workspace fitted without these dialogues
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.agent.controller import MostPromising
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics import ranking as per_case
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.core.progress import Lines
from convrec.core.settings import Policy
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.dialogue import moments
from convrec.evaluation.dialogue_files import read_test_dialogues
from convrec.evaluation.exploring import EACH, ROUNDS, at_once, final_list, in_rounds
from convrec.evaluation.leaks import refuse_overlap
from convrec.evaluation.run import spread
from convrec.evaluation.scratch import trained
from convrec.evaluation.splits import splits
from convrec.tools.threads import one_thread
from convrec.tools.toolbox import Request

REPORTED = 0  # the seed of the reported split of people
SPOKEN = "2018-06-01"  # about when ReDial's people talked
WAYS = ("never", "auto", "always")


Row = tuple[str, dict[str, float]]
"""Whom a request is drawn with, and its figures by name."""


@dataclass(frozen=True)
class Asked:
    """One request, whom it is drawn with, and what is to be found."""

    group: str
    request: Request
    targets: tuple[str, ...]


def main() -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workspace", type=Path)
    parser.add_argument("--work", type=Path, help="a folder for the fit, kept between runs")
    parser.add_argument("--draws", type=int, default=1, help="draws of people to pool")
    parser.add_argument("--tools", default="", help="fit these alone, with commas between them; all by default")
    parser.add_argument("--dialogues", type=Path, help="ask what was named next in these")
    parser.add_argument("--limit", type=int, help="so many requests at most, evenly spread")
    options = parser.parse_args()
    workspace = Workspace.open(options.workspace)
    with one_thread():
        if options.dialogues:
            with Agent.open(workspace, clock=fixed_clock(SPOKEN)) as agent:
                found = [_row(agent, each) for each in talks(agent, options.dialogues, options.limit)]
        else:
            only = [name for name in options.tools.split(",") if name]
            work = options.work or options.workspace / "evaluations"
            found = [row for seed in range(1, options.draws + 1) for row in drawn(workspace, work, only, options, seed)]
    sys.stdout.write(json.dumps(report(found), indent=2) + "\n")


def drawn(workspace: Workspace, work: Path, only: list[str], options: argparse.Namespace, seed: int) -> list[Row]:
    """Returns the figures of one draw of people."""
    fitted, asked = people(workspace, work, only, options.limit, seed)
    with Agent.open(fitted, clock=fixed_clock()) as agent:
        return [_row(agent, each) for each in asked]


def people(
    workspace: Workspace, work: Path, only: list[str], limit: int | None, seed: int
) -> tuple[Workspace, list[Asked]]:
    """Returns the workspace fitted without the people who are asked for, and their requests."""
    catalogue = workspace.catalogue()
    reported = {held.user for held in splits(catalogue, "strong", seed=REPORTED)[0].held}
    split = splits(catalogue, "strong", seed=seed)[0]
    held = [each for each in split.held if each.user not in reported and each.history]
    ids = catalogue.ids
    asked = [
        Asked(
            each.user,
            Request(
                history={ids[row]: 1.0 for row in each.history}, exclude=frozenset(ids[row] for row in each.known), diversity=0.0
            ),
            tuple(ids[row] for row in each.targets),
        )
        for each in held
    ]  # fmt: skip
    progress = Lines(lambda text: sys.stderr.write(text + "\n"))
    return trained(workspace, split, work, progress, only), spread(asked, limit)


def talks(agent: Agent, source: Path, limit: int | None) -> Iterator[Asked]:
    """Yields what stands before turns that name something new, of at most `limit` those where anything liked was named."""
    dialogues = read_test_dialogues(source, None).dialogues
    refuse_overlap(dialogues, agent.toolbox.catalogue.dialogues(), allow=False)
    for moment in spread([moment for moment in moments(dialogues) if moment.novel], limit):
        request = agent.requested(messages=moment.messages)
        if any(weight > 0 for weight in request.history.values()):
            yield Asked(moment.dialogue, request, moment.novel)


def report(found: list[Row]) -> dict[str, object]:
    """Returns the figures with paired 95 % intervals over a request that is not explored by."""
    values = {name: [row[name] for _, row in found] for name in found[0][1]}
    draws = Resampling([group for group, _ in found])
    pairs = {f"recall@{ROUNDS * EACH} in rounds": f"recall@{ROUNDS * EACH} at once"}
    pairs |= {f"{m} {way}": f"{m} never" for m in ("recall@20", "ndcg@10") for way in WAYS[1:]}
    return {
        "requests": len(found),
        "figures": {name: vars(draws.estimate(mean(each))) for name, each in values.items()},
        "gains": {f"{a} over {b}": vars(draws.gain(mean(values[a]), mean(values[b]))) for a, b in pairs.items()},
    }


def _row(agent: Agent, asked: Asked) -> Row:
    toolbox, row = agent.toolbox, _ways(agent, asked)
    looked = {
        "in rounds": in_rounds(toolbox, asked.request, MostPromising(toolbox.catalogue)),
        "at once": at_once(toolbox, asked.request),
    }
    row |= {f"recall@{ROUNDS * EACH} {n}": per_case.recall(i, asked.targets, ROUNDS * EACH) for n, i in looked.items()}
    sys.stderr.write(f"{asked.group}\n")
    return asked.group, row


def _ways(agent: Agent, asked: Asked) -> dict[str, float]:
    request = replace(asked.request, k=agent.workspace.settings.retrieval.candidates)
    row = {}
    for way in WAYS:
        ids, moves = final_list(agent.toolbox, request, Policy(explore=way, max_rounds=ROUNDS))
        row[f"recall@20 {way}"] = per_case.recall(ids, asked.targets, 20)
        row[f"ndcg@10 {way}"] = per_case.ndcg(ids, asked.targets, 10)
        row[f"rounds {way}"] = 1.0 + moves
    return row


if __name__ == "__main__":
    main()
