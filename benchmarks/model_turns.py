"""What a turn with a chat model costs beside the model: the engine's own time, and how soon the first sentence is seen.

python benchmarks/model_turns.py --workspace DIR               # a fitted workspace; the model is a script behind a real server

The server takes 300 ms before its first token and 20 ms a token, as a 7B model on a GPU does. The engine's own time of a turn is its whole time less the
time that the server took; what it adds is that less the time of the same turn without a model, said right before it. Each text is said once before that
is counted, for what is made once a process (an index, loaded weights) is no turn's.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convrec.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.garbage import settled
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
    server = ChatServer(before_token_s=lambda n: _FIRST_S if n == 0 else _TOKEN_S)
    with tempfile.TemporaryDirectory() as folder, serving(server):
        model = Llm(base_url=server.url, model="m", timeout_s=60)
        with _opened(options.workspace, Llm(), folder) as alone, _opened(options.workspace, model, folder) as told:
            for text in SAID:
                alone.chat(text, user_id="warm")
                told.chat(text, user_id="warm")
            settled()  # as a server's worker does before it says that it is ready
            pairs = [(_turn(alone, n, None), _turn(told, n, server)) for n in range(options.turns)]
    _tell("without a model, ms", [alone.own for alone, _ in pairs])
    _tell("with a model, its own time left out, ms", [told.own for _, told in pairs])
    _tell("what the engine adds, ms", [told.own - alone.own for alone, told in pairs])
    _tell("what the engine adds, ms of processor time", [told.busy - alone.busy for alone, told in pairs])
    _tell("first sentence, as a multiple of the model's own time to it", [told.first for _, told in pairs])


@dataclass(frozen=True)
class _Turn:
    """What a turn took beside the model: ms by the clock and of processor time; how soon its first sentence was seen, the model's own time to it being 1."""

    own: float
    busy: float
    first: float


def _opened(path: Path, llm: Llm, folder: str) -> Agent:
    """Returns an agent over the workspace, with that model and a state of its own."""
    workspace = Workspace.open(path)
    state = State(url=f"sqlite:///{folder}/{'told' if llm.configured else 'alone'}.sqlite")
    workspace.settings = workspace.settings.model_copy(update={"llm": llm, "state": state})
    return Agent.open(workspace)


def _turn(agent: Agent, number: int, server: ChatServer | None) -> _Turn:
    answered, busy = (len(server.spent), server.busy_s) if server else (0, 0.0)
    began, worked, seen = time.monotonic(), time.process_time(), 0.0
    for event in agent.stream(SAID[number % len(SAID)], user_id=f"u{number}"):
        seen = seen or (time.monotonic() - began if event.type == "token" else 0.0)
    spent, worked = time.monotonic() - began, time.process_time() - worked
    if server is None:
        return _Turn(1000 * spent, 1000 * worked, 1.0)
    calls = server.spent[answered:]
    to_first = sum(end - start for start, _, end in calls[:-1]) + calls[-1][1] - calls[-1][0]
    model = sum(end - start for start, _, end in calls)
    return _Turn(1000 * (spent - model), 1000 * (worked - server.busy_s + busy), seen / to_first)


def _tell(what: str, values: Sequence[float]) -> None:
    p50, p95 = np.percentile(values, (50, 95))
    sys.stdout.write(f"{what}: p50 {p50:.2f}, p95 {p95:.2f} ({len(values)} turns)\n")


if __name__ == "__main__":
    main()
