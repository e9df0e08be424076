"""Prints how well the agent does in the wide conversations over four catalogues, and how well it listens; for those who make it better.

python scripts/conversations_wide.py                 # all
python scripts/conversations_wide.py plants 066 -v   # those whose catalogue or file name has one of the words; -v says what failed
python scripts/conversations_wide.py --unseen        # those that nobody who mends has read: what the agent is worth
"""

import argparse
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the tests' checker is no part of the package

from convrec.agent import Agent
from tests.agent.conversation import Conversation, load, scripts
from tests.agent.facts import Items
from tests.agent.listening import Score
from tests.agent.wide import UNSEEN, WIDE, held, opened


def chosen(folder: Path, wanted: list[str]) -> Iterator[Conversation]:
    """Yields the conversations of a folder whose catalogue or file name has one of the words."""
    for path in scripts(folder):
        conversation = load(path)
        if not wanted or any(word in (conversation.catalogue, *path.stem.split("-")) for word in wanted):
            yield conversation


def main() -> None:
    """Prints a line a conversation, and the totals by catalogue."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("words", nargs="*", help="catalogues, or parts of file names")
    arguments.add_argument("-v", "--verbose", action="store_true", help="say what failed")
    arguments.add_argument("--unseen", action="store_true", help="those of the folder that nobody who mends reads")
    asked = arguments.parse_args()
    right, turns, scores = Counter[str](), Counter[str](), defaultdict[str, Score](Score)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        agents: dict[str, tuple[Agent, Items]] = {}
        for conversation in chosen(UNSEEN if asked.unseen else WIDE, asked.words):
            if conversation.catalogue not in agents:
                agents[conversation.catalogue] = opened(conversation.catalogue, Path(folder))
                stack.enter_context(agents[conversation.catalogue][0])
            broken, score, n = held(conversation, *agents[conversation.catalogue])
            print(f"{conversation.file:46}{len(broken):4} wrong   heard {score.f1:.2f}", flush=True)
            if asked.verbose:
                print("".join(f"    {what}\n" for what in broken), end="")
            for name in (conversation.catalogue, "all"):
                right[name] += n
                turns[name] += len(conversation.lines)
                scores[name] += score
    for name in sorted(turns):
        share, score = right[name] / turns[name], scores[name]
        print(
            f"{name:14} turns without a fault {share:.3f} of {turns[name]:4}   wishes heard, F1 {score.f1:.3f} of {score.said}"
        )


if __name__ == "__main__":
    main()
