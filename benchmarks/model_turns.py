"""What a turn with a chat model costs beside the model: the engine's own time, and how soon the first sentence is seen.

python benchmarks/model_turns.py --workspace DIR               # a fitted workspace; the model is a script behind a real server

The server takes 300 ms before its first token and 20 ms a token, as a 7B model on a GPU does. The engine's own time of a turn is its whole time less the
time that the server took; what it adds is that less the time of the same turn without a model.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from convrec.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.settings import Llm, State

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.agent.chat_server import ChatServer, serving

_TOKEN_S = 0.02
_FIRST_S = 0.3
SAID = (
    "something funny from the 90s", "a thriller, no horror please", "a western from the sixties", "science fiction about time travel", "a quiet drama about a family",
    "a heist film", "something with Tom Hanks", "a war film, not too old", "an animated film for kids", "a courtroom drama from before 1970",
)  # fmt: skip


def main() -> None:
    """Prints the quantiles of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=60)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone = [spent for spent, *_ in _turns(options, Llm(), Path(folder) / "a", None)]
        server = ChatServer(before_token_s=lambda n: _FIRST_S if n == 0 else _TOKEN_S)
        with serving(server):
            told = list(_turns(options, Llm(base_url=server.url, model="m", timeout_s=60), Path(folder) / "b", server))
    own = [spent - model for spent, model, *_ in told]
    added = np.array(own) - np.array(alone)
    ratios = [seen / first for _, _, seen, first in told]
    _tell("without a model, ms", 1000 * np.array(alone))
    _tell("with a model, its own time left out, ms", 1000 * np.array(own))
    _tell("what the engine adds, ms", 1000 * added)
    _tell("first sentence, as a multiple of the model's own time to it", np.array(ratios))


def _turns(
    options: argparse.Namespace, llm: Llm, folder: Path, server: ChatServer | None
) -> list[tuple[float, float, float, float]]:
    """Returns for each turn its seconds, the server's, and when the first sentence was seen and had been said, from the turn's beginning."""
    folder.mkdir()
    workspace = Workspace.open(options.workspace)
    workspace.settings = workspace.settings.model_copy(
        update={"llm": llm, "state": State(url=f"sqlite:///{folder}/state.sqlite")}
    )
    found = []
    with Agent.open(workspace) as agent:
        agent.chat("a comedy", user_id="warm")
        for number in range(options.turns):
            seen_before, began, seen = len(server.spent) if server else 0, time.monotonic(), 0.0
            for event in agent.stream(SAID[number % len(SAID)], user_id=f"u{number}"):
                seen = seen or (time.monotonic() - began if event.type == "token" else 0.0)
            spent = time.monotonic() - began
            calls = server.spent[seen_before:] if server else []
            before = sum(end - start for start, _, end in calls[:-1])
            to_first = before + (calls[-1][1] - calls[-1][0] if calls else 0.0)
            found.append((spent, sum(end - start for start, _, end in calls), seen, to_first))
    return found


def _tell(what: str, values: np.ndarray) -> None:
    p50, p95 = np.percentile(values, (50, 95))
    sys.stdout.write(f"{what}: p50 {p50:.2f}, p95 {p95:.2f} ({len(values)} turns)\n")


if __name__ == "__main__":
    main()
