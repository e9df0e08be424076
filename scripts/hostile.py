"""Holds conversations over the demo films with a chat model that lies and breaks, and counts what got through.

Run: `python scripts/hostile.py --conversations 300` (a quarter of an hour). Every third request or so is broken in one of the ways of
`tests/agent/chat_server.py`; the others answer soundly in form and put an untruth into every text. Prints one line a kind of damage, and exits 1 where there was any.
"""

from __future__ import annotations

import argparse
import random
import re
import statistics
import sys
import tempfile
from pathlib import Path

from convrec.agent import Agent
from convrec.agent.checking.titles import TitleChecker
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.reply import Reply
from convrec.core.settings import Llm, State
from convrec.tools.fitting import fit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.agent.chat_server import FAULTS, INVENTED, ChatServer, lying, serving

OPENINGS = (
    "something funny from the 90s", "a thriller, no horror please", "loved Heat, anything like it?", "a western under two hours", "sci-fi but nothing by Spielberg",
    "what should I watch tonight?", "a quiet drama about a family", "anything with Tom Hanks", "no comedies, I want to be scared", "a movie like Alien or The Thing",
)  # fmt: skip
NEXT = (
    "older please", "not that one, something else", "I've seen the first one", "actually no dramas", "why the second?", "who directed the first one?", "more like the third",
    "make it a comedy from the 80s", "thanks, another?", "compare the first two", "something with Meryl Streep", "nothing after 2000",
)  # fmt: skip
_YEAR = re.compile(r"\*\*([^*]+)\*\* \((\d{4})\)")


class Damage:
    """Counts, by kind, what must not be."""

    def __init__(self, agent: Agent) -> None:
        self.kinds = dict.fromkeys(
            ("invented titles", "false facts", "violated demands", "empty replies", "turns lost", "over the calls"), 0
        )
        self.calls: list[int] = []
        self._catalogue = agent.toolbox.catalogue
        self._checker = TitleChecker(self._catalogue)
        self._years: dict[str, set[str]] = {}
        for row, title in enumerate(self._catalogue.titles):
            self._years.setdefault(title, set()).add(str(self._catalogue.item(row).facts.get("year")).split(".")[0])

    def look(self, reply: Reply, sent: int, allowed: set[str], streamed: str) -> None:
        """Counts what one reply got wrong; `sent` are the requests that the server saw."""
        text = reply.text
        self.kinds["invented titles"] += any(title in text for title in INVENTED) or bool(
            self._checker.foreign(text, allowed)
        )
        wrong_year = any(year not in self._years.get(title, {year}) for title, year in _YEAR.findall(text))
        self.kinds["false facts"] += "Pellgrave" in text or "Oscars" in text or wrong_year
        mask = self._catalogue.mask(reply.understanding.filter)
        self.kinds["violated demands"] += any(not mask[self._catalogue.row(i.id) or 0] for i in reply.items)
        self.kinds["empty replies"] += not text.strip()
        self.kinds["turns lost"] += streamed != text
        self.kinds["over the calls"] += sent > 4 or sent != reply.usage.llm_calls
        self.calls.append(sent)


def main() -> None:
    """Runs the conversations and prints what they came to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=300)
    parser.add_argument("--broken", type=float, default=0.3, help="share of requests that are broken")
    parser.add_argument("--timeout", type=float, default=1.5, help="seconds that a turn waits for the model")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    server = ChatServer(
        answer=lying(rng),
        faults=lambda: rng.choice(FAULTS) if rng.random() < options.broken else None,
        stall_s=options.timeout + 0.5,
    )
    with serving(server), tempfile.TemporaryDirectory() as folder:
        workspace = _workspace(Path(folder), server.url, options.timeout)
        with Agent.open(workspace) as agent:
            damage, fallbacks, served = _converse(agent, server, rng, options.conversations)
    turns = len(damage.calls)
    print(
        f"{turns} turns, {len(server.requests)} requests, median {statistics.median(damage.calls):g} a turn, at most {max(damage.calls)}"
    )
    print(f"turns with something done without the model: {sum(fallbacks.values())}; turns the model served: {served}")
    print("  " + "; ".join(f"{kind} {n}" for kind, n in sorted(fallbacks.items(), key=lambda one: -one[1])[:12]))
    for kind, n in damage.kinds.items():
        print(f"{kind}: {n}")
    sys.exit(any(damage.kinds.values()))


def _workspace(folder: Path, url: str, timeout: float) -> Workspace:
    demo = Workspace.demo()
    if not demo.current().tools:
        fit(demo)
    ingest_shipped(demo.root)
    workspace = Workspace.open(demo.root)
    llm = Llm(base_url=url, model="hostile", timeout_s=timeout)
    workspace.settings = workspace.settings.model_copy(
        update={"llm": llm, "state": State(url=f"sqlite:///{folder}/state.sqlite")}
    )
    return workspace


def _converse(
    agent: Agent, server: ChatServer, rng: random.Random, conversations: int
) -> tuple[Damage, dict[str, int], int]:
    damage, fallbacks, served = Damage(agent), dict[str, int](), 0
    for number in range(conversations):
        allowed: set[str] = set()
        for place in range(3):
            said = rng.choice(NEXT if place else OPENINGS)
            before = len(server.requests)
            events = list(agent.stream(said, user_id=f"u{number}", thread_id="t"))
            reply = events[-1].reply
            allowed |= {item.title for item in reply.items} | set(_titles(agent, said))
            damage.look(
                reply, len(server.requests) - before, allowed, "".join(e.text for e in events if e.type == "token")
            )
            served += reply.engine == "llm"
            for part in (reply.fallback or "").split("; ") if reply.fallback else ():
                fallbacks[part] = fallbacks.get(part, 0) + 1
            if max(damage.kinds.values()) and sum(damage.kinds.values()) <= 3:
                print(
                    f"  turn {len(damage.calls)}: {said!r} → {reply.text!r} {reply.fallback} {damage.kinds}",
                    file=sys.stderr,
                )
    return damage, fallbacks, served


def _titles(agent: Agent, said: str) -> list[str]:
    catalogue = agent.toolbox.catalogue
    return [catalogue.item(i).title for m in agent._house.engine.link_titles(said) for i in m.item_ids]


if __name__ == "__main__":
    main()
