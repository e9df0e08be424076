"""Learns when the agent asks back from simulated people and writes it to agent/policy.json.

python scripts/learn_policy.py                       # 40 people a way of drawing targets, on the demo films
python scripts/learn_policy.py -w shop --print-only  # on one's own workspace, written nowhere
"""

import argparse
import tempfile
from pathlib import Path

from convrec.agent.learned import Learned, learned
from convrec.catalogue.workspace import Workspace
from convrec.evaluation.sessions.frozen import people_hash
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.learning import learn
from convrec.tools.threads import one_thread

SHIPPED = Path(__file__).resolve().parent.parent / "agent" / "policy.json"
SEED = 9000  # of the people who are learned from; tables are measured with others


def main() -> None:
    """Prints the parameters, and writes them unless told not to."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("-w", "--workspace", type=Path, help="a fitted workspace (default: the demo's)")
    arguments.add_argument("--users", type=int, default=40, help="people a way of drawing targets")
    arguments.add_argument("--seed", type=int, default=SEED, help="of the people")
    arguments.add_argument("--print-only", action="store_true", help="leave agent/policy.json as it is")
    asked = arguments.parse_args()
    workspace = Workspace.open(asked.workspace) if asked.workspace else Workspace.demo()
    found = _learned(workspace, SessionOptions(users=asked.users, seed=asked.seed))
    text = found.model_dump_json(indent=1) + "\n"
    print(text, end="")
    if not asked.print_only:
        SHIPPED.write_text(text, encoding="utf-8")


def _learned(workspace: Workspace, options: SessionOptions) -> Learned:
    with one_thread(), tempfile.TemporaryDirectory() as scratch:
        found = learn(workspace, options, workspace.root / "evaluations", Path(scratch), learned())
    told = f"{workspace.root.name}, {options.users} people, seed {options.seed}, simulators {people_hash()}"
    return found.model_copy(update={"learned_from": told})


if __name__ == "__main__":
    main()
