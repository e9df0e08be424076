"""Whether exploring pays on a catalogue: the controller's loop of three rounds against one request, the same number of items looked at.

Nothing of the people or dialogues asked was learned from, and none of them is of a test part: MovieLens people are drawn among those that the
reported splits learn from, ReDial dialogues are of the published training file's validation part.

    python benchmarks/exploring.py WORKSPACE --work DIR                          # people; the fit is kept in DIR
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

REPORTED, ASKED = 0, 1  # seeds of the reported split of people, and of the one asked here
SPOKEN = "2018-06-01"  # about when ReDial's people talked
WAYS = ("never", "auto", "always")


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
    parser.add_argument("--tools", default="", help="fit these alone, with commas between them; all by default")
    parser.add_argument("--dialogues", type=Path, help="ask what was named next in these")
    parser.add_argument("--limit", type=int, help="so many requests at most, evenly spread")
    options = parser.parse_args()
    workspace = Workspace.open(options.workspace)
    with one_thread():
        if options.dialogues:
            with Agent.open(workspace, clock=fixed_clock(SPOKEN)) as agent:
                report = measured(agent, list(talks(agent, options.dialogues, options.limit)))
        else:
            only = [name for name in options.tools.split(",") if name]
            work = options.work or options.workspace / "evaluations"
            fitted, asked = people(workspace, work, only, options.limit)
            with Agent.open(fitted, clock=fixed_clock()) as agent:
                report = measured(agent, asked)
    sys.stdout.write(json.dumps(report, indent=2) + "\n")


def people(workspace: Workspace, work: Path, only: list[str], limit: int | None) -> tuple[Workspace, list[Asked]]:
    """Returns the workspace fitted without the people who are asked for, and their requests."""
    catalogue = workspace.catalogue()
    reported = {held.user for held in splits(catalogue, "strong", seed=REPORTED)[0].held}
    split = splits(catalogue, "strong", seed=ASKED)[0]
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


def measured(agent: Agent, asked: list[Asked]) -> dict[str, object]:
    """Returns the figures with paired 95 % intervals over a request that is not explored by."""
    toolbox, found = agent.toolbox, {}
    for number, each in enumerate(asked, 1):
        row = _ways(agent, each)
        row |= {
            f"recall@{ROUNDS * EACH} {name}": per_case.recall(ids, each.targets, ROUNDS * EACH)
            for name, ids in (
                ("in rounds", in_rounds(toolbox, each.request, MostPromising(toolbox.catalogue))),
                ("at once", at_once(toolbox, each.request)),
            )
        }
        for name, value in row.items():
            found.setdefault(name, []).append(value)
        if number % 10 == 0:
            sys.stderr.write(f"{number} of {len(asked)}\n")
    draws = Resampling([each.group for each in asked])
    pairs = {f"recall@{ROUNDS * EACH} in rounds": f"recall@{ROUNDS * EACH} at once"}
    pairs |= {f"{m} {way}": f"{m} never" for m in ("recall@20", "ndcg@10") for way in WAYS[1:]}
    return {
        "requests": len(asked),
        "figures": {name: vars(draws.estimate(mean(values))) for name, values in found.items()},
        "gains": {f"{a} over {b}": vars(draws.gain(mean(found[a]), mean(found[b]))) for a, b in pairs.items()},
    }


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
