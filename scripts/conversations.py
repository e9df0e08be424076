"""Prints which scripted conversations the agent and the keyword bot get right; for those who add one.

python scripts/conversations.py            # all, on the demo workspace
python scripts/conversations.py heat 12    # those whose file name has one of the words; -v says what failed
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the tests' checker is no part of the package

from convrec.agent import Agent
from convrec.core.clock import random_id
from tests.agent.conversation import Conversation, failures, load, scripts
from tests.agent.facts import Items
from tests.agent.keyword_bot import KeywordBot


def agent_fails(agent: Agent, conversation: Conversation, items: Items) -> list[str]:
    """Returns what the agent gets wrong as a new user, who is forgotten afterwards."""
    user = f"script {random_id()}"
    found = failures(conversation, lambda say: agent.chat(say, user_id=user).model_dump(mode="json"), items)
    agent.forget(user)
    return found


def main() -> int:
    """Prints a line a conversation and the totals; returns 1 when the agent got one wrong."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("words", nargs="*", help="parts of file names")
    arguments.add_argument(
        "-w", "--workspace", type=Path, help="a workspace of the demo films (default: the demo's own)"
    )
    arguments.add_argument("-v", "--verbose", action="store_true", help="say what failed")
    asked = arguments.parse_args()
    items = Items.read()
    keyword = KeywordBot(items)
    chosen = [path for path in scripts() if not asked.words or any(word in path.stem for word in asked.words)]
    wrong = {"agent": 0, "keyword bot": 0}
    with Agent.open(asked.workspace) if asked.workspace else Agent.demo() as agent:
        print(f"{'conversation':42}{''.join(f'{name:>14}' for name in wrong)}")
        for path in chosen:
            conversation = load(path)
            broken = {
                "agent": agent_fails(agent, conversation, items),
                "keyword bot": failures(conversation, keyword.reply, items),
            }
            print(f"{path.stem:42}{''.join(f'{_verdict(found):>14}' for found in broken.values())}", flush=True)
            for name, found in broken.items():
                wrong[name] += bool(found)
            if asked.verbose:
                print("".join(f"    {what}\n" for what in broken["agent"]), end="")
    print(f"{'right':42}{''.join(f'{len(chosen) - n:>10} / {len(chosen)}' for n in wrong.values())}")
    return min(1, wrong["agent"])


def _verdict(found: list[str]) -> str:
    return f"{len(found)} wrong" if found else "right"


if __name__ == "__main__":
    sys.exit(main())
