"""Measures what memory costs: bytes a turn, how long a long conversation takes to resume, and a commit.

    python benchmarks/state.py                                            # SQLite, in a temporary folder
    python benchmarks/state.py --to postgresql://convrec@localhost/empty  # an empty database; what is written there stays

The scripted conversations are held on the demo films (or on `--workspace`), each in a thread of its own; what their turns leave is then
written again and again, as one conversation of 1,000 turns. Bytes a turn are those of the whole database, indexes and checkpoints
included, over all turns that were talked. To resume is to read a thread's turns and its state, by an agent opened anew.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from convrec.agent.agent import Agent
from convrec.agent.stores.database import Database
from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import SQLITE, open_database
from convrec.agent.stores.records import Commit, StoredTurn
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import SystemClock

CONVERSATIONS = Path(__file__).parents[1] / "tests" / "conversations"
LONG = 1000


def main() -> None:
    """Prints one JSON document."""
    parser = argparse.ArgumentParser(description="Measures bytes a turn, resuming a long conversation, and a commit.")
    parser.add_argument("--workspace", type=Path, help="a fitted workspace; the demo films by default")
    parser.add_argument(
        "--to", help="the empty state database to write into; a SQLite file in a temporary folder by default"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ["CONVREC_STATE_URL"] = options.to or f"{SQLITE}{folder}/state.sqlite"
        if options.workspace is None:
            Agent.demo().close()  # fitted where it was not
        document = measured(Workspace.resolve(options.workspace), url)
    json.dump(document, sys.stdout, indent=2)
    print()


def measured(workspace: Workspace, url: str) -> dict[str, object]:
    """Returns what was measured, in bytes and milliseconds."""
    empty = open_database(url)
    bytes_empty = _size(empty, url)
    empty.close()
    with Agent.open(workspace) as agent:
        talked = [turn for thread in _talk(agent) for turn in agent.thread("talker", thread)]
    database = open_database(url)
    ledger = Ledger(database)
    database.purge()
    size, parts = _size(database, url), _parts(talked)
    latencies = _one_long_conversation(ledger, talked)
    database.close()
    with Agent.open(workspace) as agent:
        seconds = [_timed_resume(agent) for _ in range(5)]
    return {
        "database": "SQLite" if url.startswith(SQLITE) else "PostgreSQL", "bytes_when_empty": bytes_empty, "turns": len(talked), "bytes_a_turn": round(size / len(talked)),
        "reply_bytes": parts, "commit_ms_p50": _ms(latencies, 50), "commit_ms_p95": _ms(latencies, 95),
        "resume_turns": LONG, "resume_ms": round(float(np.median(seconds)) * 1000, 1),
    }  # fmt: skip


def _talk(agent: Agent) -> Iterator[str]:
    """Holds every scripted conversation and yields its thread."""
    for path in sorted(CONVERSATIONS.glob("*.yaml")):
        for turn in yaml.safe_load(path.read_text(encoding="utf-8"))["turns"]:
            agent.chat(turn["say"], user_id="talker", thread_id=path.stem)
        yield path.stem


def _size(database: Database, url: str) -> int:
    """Returns how many bytes the whole database takes."""
    if not url.startswith(SQLITE):
        return int(database.rows("SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c WHERE relkind='r' AND relnamespace=current_schema()::regnamespace")[0][0])  # fmt: skip
    return int(database.rows("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")[0][0])


def _parts(turns: list[StoredTurn]) -> dict[str, int]:
    """Returns the mean bytes of a stored reply by field, the largest first."""
    total: Counter[str] = Counter()
    for turn in turns:
        whole = json.loads(turn.reply.model_dump_json())
        total.update({field: len(json.dumps(value, ensure_ascii=False)) for field, value in whole.items()})
        for item in whole["items"]:
            total.update(
                {f"items.{field}": len(json.dumps(value, ensure_ascii=False)) for field, value in item.items()}
            )
        total["whole"] += len(turn.reply.model_dump_json().encode())
    return {field: round(size / len(turns)) for field, size in total.most_common(12)}


def _one_long_conversation(ledger: Ledger, talked: list[StoredTurn]) -> list[float]:
    """Writes a conversation of many turns and returns the seconds of each commit."""
    states = [ledger.state("talker", turn.thread_id) for turn in talked]
    seconds = []
    for number in range(1, LONG + 1):
        turn, state = talked[number % len(talked)], states[number % len(talked)]
        reply = turn.reply.model_copy(update={"user_id": "long", "thread_id": "long", "turn": number})
        commit = Commit(
            turn.text, reply, state.model_copy(update={"turn": number}), None, 0, (), (), SystemClock().now()
        )
        began = time.perf_counter()
        ledger.commit(commit)
        seconds.append(time.perf_counter() - began)
    return seconds


def _timed_resume(agent: Agent) -> float:
    began = time.perf_counter()
    turns = agent.thread("long", "long")
    state = agent.graph.get_state({"configurable": {"thread_id": "long\x1flong"}})
    seconds = time.perf_counter() - began
    assert len(turns) == state.values["dialogue"]["turn"] == LONG
    return seconds


def _ms(seconds: list[float], percent: int) -> float:
    return round(float(np.percentile(seconds, percent)) * 1000, 2)


if __name__ == "__main__":
    main()
