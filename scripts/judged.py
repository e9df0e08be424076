"""Lays the agent's replies beside a template's and a person's real ones, for judges; reads judged sheets; counts repeated openings.

python scripts/judged.py sheet DATA OUT -w WORKSPACE [-n 50] [--seed 0]    # OUT/sheet.txt, for a judge, and OUT/key.json, not for a judge
python scripts/judged.py read KEY NAME=SCORES [NAME=SCORES] [--rows FILE]  # SCORES: lines of number,letter,helpful,natural,specific (1 to 5)
python scripts/judged.py openings [-w WORKSPACE]                           # over the scripted conversations, on the demo's films

DATA is a folder of ReDial (`valid.jsonl.gz`, `movies_with_mentions.csv`). Its texts are in the sheet: keep the sheet to yourself.
"""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from convrec.agent import Agent
from convrec.agent.wording import listed
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.core.reply import Reply
from convrec.evaluation.judging import Case, Said, cases, repeated, rows, scores, sheet, summary, totals
from convrec.finetune.reader.films import dialogues_of, spelled, titles_of

SCRIPTS = Path(__file__).parents[1] / "tests" / "conversations"
NOW = datetime(2018, 1, 5, 20, tzinfo=UTC)
AGENT, TEMPLATE, PERSON = "agent", "template", "person"


def opened(workspace: Path | None) -> Agent:
    """Returns the agent over a workspace, the demo's by default, with a clock that stands still."""
    if workspace is None:
        with Agent.demo():
            pass  # the demo is indexed
    return Agent.open(workspace or Workspace.demo(), clock=FixedClock(NOW), new_id=counted_ids("e"))


def talks(folder: Path) -> dict[str, list[Said]]:
    """Returns the conversations by their id; what one person says in a row is one turn."""
    names = titles_of(folder)
    return {str(row["conversationId"]): list(_turns(row, names)) for row in dialogues_of(folder / "valid.jsonl.gz")}


def _turns(row: Mapping[str, Any], names: Mapping[str, str]) -> Iterator[Said]:
    for who, said in groupby(row["messages"], key=lambda message: message["senderWorkerId"]):
        texts = [message["text"] for message in said]
        spoken = [spelled(text, names) for text in texts]
        yield Said(who == row["initiatorWorkerId"], " / ".join(spoken), spoken != texts)


def answered(agent: Agent, case: Case) -> Reply:
    """Returns the agent's reply to the seeker's messages up to the case's place; it never saw what the other person said."""
    user = f"judged {case.dialogue}"
    agent.forget(user)
    replies = [agent.chat(turn.text.replace(" / ", "\n"), user_id=user) for turn in case.before if turn.seeker]
    agent.forget(user)
    return replies[-1]


def template(reply: Reply) -> str:
    """Returns one fixed sentence with the titles of the same slate."""
    titles = [item.title for item in reply.items]
    return f"I recommend {listed(titles)}." if titles else "What kind of film are you looking for?"


def write_sheet(args: argparse.Namespace) -> None:
    """Writes the sheet and its key."""
    chosen = cases(talks(args.data), args.n, args.seed)
    with opened(args.workspace) as agent:
        ours = [answered(agent, case) for case in chosen]
    replies = [
        {AGENT: one.text, TEMPLATE: template(one), PERSON: case.answer} for one, case in zip(ours, chosen, strict=True)
    ]
    text, key = sheet(chosen, replies, args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "sheet.txt").write_text(text, encoding="utf-8")
    (args.out / "key.json").write_text(json.dumps(key), encoding="utf-8")


def read_sheets(args: argparse.Namespace) -> None:
    """Prints what the judgements come to, and the dialogues in which the agent did worst."""
    key = json.loads(args.key.read_text(encoding="utf-8"))
    named = (one.partition("=") for one in args.scores)
    found = [score for judge, _, file in named for score in scores(Path(file).read_text(encoding="utf-8"), key, judge)]
    print("\n".join(summary(found)))
    worst = sorted(totals(found, AGENT).items(), key=lambda pair: pair[1])[:10]
    print("worst:", ", ".join(f"{dialogue} ({value:.2f})" for dialogue, value in worst))
    if args.rows:
        args.rows.write_text(rows(found), encoding="utf-8")


def print_openings(args: argparse.Namespace) -> None:
    """Prints the share of sentences that begin as an earlier one of their conversation does."""
    with opened(args.workspace) as agent:
        held = [
            _held(agent, path.stem, [turn["say"] for turn in yaml.safe_load(path.read_text(encoding="utf-8"))["turns"]])
            for path in sorted(SCRIPTS.glob("*.yaml"))
        ]
    again, total = repeated(held)
    print(
        f"{again} of {total} sentences in {len(held)} conversations begin as an earlier one does: {again / total:.1%}"
    )


def _held(agent: Agent, name: str, says: Sequence[str]) -> list[str]:
    agent.forget(name)
    said = [agent.chat(say, user_id=name).text for say in says]
    agent.forget(name)
    return said


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(required=True)
    laid = verbs.add_parser("sheet")
    laid.add_argument("data", type=Path)
    laid.add_argument("out", type=Path)
    laid.add_argument("-n", type=int, default=50)
    laid.add_argument("--seed", type=int, default=0)
    laid.set_defaults(run=write_sheet)
    read = verbs.add_parser("read")
    read.add_argument("key", type=Path)
    read.add_argument("scores", nargs="+")
    read.add_argument("--rows", type=Path)
    read.set_defaults(run=read_sheets)
    counted = verbs.add_parser("openings")
    counted.set_defaults(run=print_openings)
    for verb in (laid, counted):
        verb.add_argument("-w", "--workspace", type=Path)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
