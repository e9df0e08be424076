"""Prints whether critiques ("like Heat, but funnier") move slates the way they say; for those who make it better.

python scripts/critiques.py [-w WORKSPACE] [-n 500] [--seed 0] [-v]
"""

import argparse
from pathlib import Path

from convrec.agent import Agent
from convrec.evaluation.critiques import critiques, measured, summary


def main() -> None:
    """Holds the conversations in the workspace, the demo's by default, and prints a line a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-w", "--workspace", type=Path)
    parser.add_argument("-n", type=int, default=500, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-v", "--verbose", action="store_true", help="say which failed")
    args = parser.parse_args()
    agent = Agent.open(args.workspace) if args.workspace else Agent.demo()
    moved = list(measured(agent, list(critiques(agent.toolbox, args.n, args.seed))))
    for line in summary(moved):
        print(line)
    for one in moved if args.verbose else ():
        if one.gain <= 0 or one.nearness <= one.by_chance:
            print(f"{one.kind}: {one.said}: moved {one.gain:.3f}, near {one.nearness:.3f}")


if __name__ == "__main__":
    main()
