"""Measures the memory: recall among many people, what is stored, how fast a long thread goes on and a person is forgotten.

python benchmarks/memory.py                                       # 10,000 people with 100 entries each, a thread of 1,000 turns
python benchmarks/memory.py --users 500 --turns 100               # smaller
python benchmarks/memory.py --workspace shop                      # on a fitted workspace, in a state of its own
"""

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import numpy as np
import yaml

from convrec.agent.agent import Agent
from convrec.agent.stores.ledger import TABLES, Ledger
from convrec.agent.stores.opening import open_database
from convrec.agent.stores.records import Vector
from convrec.catalogue.demo.shipped import ingest_shipped
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.core.profile import ProfileEntry
from convrec.tools.fitting import fit

Result = TypeVar("Result")
CONVERSATIONS = Path(__file__).parents[1] / "tests" / "conversations"
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
SEED = 7
ABOUT = ("home", "job", "pet", "hobby", "language", "allergy", "dog's name", "sister's job")


def main() -> None:
    """Prints one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state.sqlite"
        os.environ["CONVREC_STATE_URL"] = f"sqlite:///{state}"
        workspace = _workspace(options.workspace, Path(folder) / "workspace")
        report = {"users": options.users, "entries_a_user": options.entries, "seed": SEED}
        report |= _filled(workspace, options.users, options.entries)
        with Agent.open(workspace, clock=FixedClock(START, timedelta(minutes=1)), new_id=counted_ids("e")) as agent:
            report |= _recalled(agent, options.users, state)
            report |= _long_thread(agent, options.turns)
        report |= _resumed(workspace, options.turns) | _sizes(state, options.turns)
        report |= _forgotten(workspace, state)
    json.dump(report, sys.stdout, indent=2)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures recall, storage, long threads and forgetting.")
    parser.add_argument("--workspace", type=Path, help="a fitted workspace; its own state is left alone")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--entries", type=int, default=100, help="of each user")
    parser.add_argument("--turns", type=int, default=1_000, help="of the long thread")
    return parser.parse_args()


def _workspace(given: Path | None, root: Path) -> Workspace:
    if given is not None:
        return Workspace.open(given)
    ingest_shipped(root)
    workspace = Workspace.open(root)
    fit(workspace)
    return workspace


def _filled(workspace: Workspace, users: int, entries: int) -> dict[str, float]:
    """Writes a profile with vectors for each user: tastes of the catalogue's values and facts in made-up words."""
    catalogue, chance, noise = workspace.catalogue(), random.Random(SEED), np.random.default_rng(SEED)
    values = [(field.name, value) for field in catalogue.schema.fields if field.type in ("category", "tags") for value in catalogue.values(field.name).values[:200]]  # fmt: skip
    words = sorted({word for title in catalogue.titles[:2000] for word in title.split()})
    from convrec.tools.encoder import TextEncoder

    encoder = TextEncoder.open(workspace.settings.models.encoder)
    ledger = Ledger(open_database(workspace.state_url()))
    began = time.perf_counter()
    for user in range(users):
        made = [_entry(number, chance, values, words) for number in range(entries)]
        vectors = noise.standard_normal((entries, encoder.width)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        of = [Vector("entry", entry.id, encoder.revision, vector) for entry, vector in zip(made, vectors, strict=True)]
        ledger.patch_profile(f"user {user}", made, (), 0, of)
    ledger.close()
    return {"fill_s": round(time.perf_counter() - began, 1)}


def _entry(number: int, chance: random.Random, values: list[tuple[str, str]], words: list[str]) -> ProfileEntry:
    at = START - timedelta(hours=number)
    place = {
        "id": f"{chance.getrandbits(64):016x}",
        "thread_id": f"t{number % 9}",
        "turn": number,
        "created": at,
        "updated": at,
        "scope": "lasting",
    }
    if number % 2:
        facet, value = chance.choice(values)
        return ProfileEntry(
            facet=facet, value=value, polarity=chance.choice((1, -1)), quote=f"I like {value} a lot", **place
        )
    value = " ".join(chance.sample(words, 3))
    return ProfileEntry(
        facet="text", value=value, about=chance.choice(ABOUT), polarity=1, quote=f"mine is {value}, you know", **place
    )


def _lines() -> Iterator[str]:
    """Yields what the people of the scripted conversations say, over and over."""
    said = [
        turn["say"]
        for path in sorted(CONVERSATIONS.glob("*.yaml"))
        for turn in yaml.safe_load(path.read_text(encoding="utf-8"))["turns"]
    ]
    return itertools.cycle(said)


def _recalled(agent: Agent, users: int, state: Path) -> dict[str, float]:
    """Measures recall given the message's embedding, for people who come by at random."""
    memory, encoder, chance = agent._house.memory, agent.toolbox.encoder, random.Random(SEED)
    asked = [line for line, _ in zip(_lines(), range(200), strict=False)]
    vectors = encoder.encode(asked, 64)
    ms, cpu = [], []
    for _ in range(min(2_000, 10 * users)):
        place, user, spent = chance.randrange(len(asked)), f"user {chance.randrange(users)}", time.thread_time()
        seconds, _found = _timed(lambda p=place, u=user: memory.recall(u, asked[p], 5, vectors[p]))
        ms.append(seconds * 1000)
        cpu.append((time.thread_time() - spent) * 1000)
    return {**_spread("recall", ms), **_spread("recall_cpu", cpu), "database_mb": round(_bytes(state) / 1e6, 1)}


def _long_thread(agent: Agent, turns: int) -> dict[str, float]:
    lines, ms, before = _lines(), [], _pages(agent)
    for _ in range(turns):
        line = next(lines)
        seconds, _reply = _timed(lambda said=line: agent.chat(said, user_id="long", thread_id="long"))
        ms.append(seconds * 1000)
    tenth = max(turns // 10, 1)
    return {
        "long_turns": turns, "file_bytes_a_turn": round((_pages(agent) - before) / turns), "first_tenth_turn_p50_ms": round(float(np.median(ms[:tenth])), 1),
        "last_tenth_turn_p50_ms": round(float(np.median(ms[-tenth:])), 1),
    }  # fmt: skip


def _pages(agent: Agent) -> int:
    """Returns the bytes of the database's pages."""
    query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return int(agent._house.ledger.database.rows(query)[0][0])


def _resumed(workspace: Workspace, turns: int) -> dict[str, float]:
    """Measures what comes first after a restart: the thread as a page shows it, recall by its owner, the next turn."""
    with Agent.open(
        workspace, clock=FixedClock(START + timedelta(days=9), timedelta(minutes=1)), new_id=counted_ids("f")
    ) as agent:
        agent.chat("hello", user_id="warm-up")
        read, shown = _timed(lambda: agent.thread("long", "long"))
        assert len(shown) == turns
        loaded, _state = _timed(lambda: agent._house.ledger.state("long", "long"))
        vector = agent.toolbox.encoder.encode(["what did I say about westerns?"], 64)[0]
        recall = [
            _timed(lambda: agent._house.memory.recall("long", "what did I say about westerns?", 5, vector))[0]
            for _ in range(9)
        ]
        goes_on, _reply = _timed(lambda: agent.chat("hello again", user_id="long", thread_id="long"))
        why, _reply = _timed(lambda: agent.chat("why the first one?", user_id="long", thread_id="long"))
    return {
        "thread_read_ms": round(read * 1000, 1), "state_read_ms": round(loaded * 1000, 1), "next_turn_ms": round(goes_on * 1000, 1),
        "why_turn_ms": round(why * 1000, 1), "recall_of_long_p50_ms": round(float(np.median(recall)) * 1000, 1),
    }  # fmt: skip


def _sizes(state: Path, turns: int) -> dict[str, object]:
    """Returns of what a turn of the long thread consists, in bytes, and all of it."""
    ledger = Ledger(open_database(f"sqlite:///{state}"))
    parts: dict[str, int] = {}
    for table in (*TABLES, *ledger.database.checkpoint_tables):
        key, pattern = ("thread_id", "long\x1f%") if table in ledger.database.checkpoint_tables else ("user_id", "long")
        for column in [row[1] for row in ledger.database.rows(f"PRAGMA table_info({table})")]:
            query = f"SELECT coalesce(sum(length(CAST({column} AS BLOB))), 0) FROM {table} WHERE {key} LIKE ?"  # noqa: S608
            parts[f"{table}.{column}"] = ledger.database.rows(query, (pattern,))[0][0]
    ledger.close()
    most = sorted(parts.items(), key=lambda part: -part[1])[:8]
    return {
        "bytes_a_turn": round(sum(parts.values()) / turns),
        "of_which": {name: round(size / turns) for name, size in most},
    }


def _forgotten(workspace: Workspace, state: Path) -> dict[str, float]:
    """Forgets the person of the long thread, and measures it."""
    with Agent.open(workspace) as agent:
        before = _bytes(state)
        seconds, receipt = _timed(lambda: agent.forget("long"))
        assert receipt.verified
        return {
            "forget_s": round(seconds, 2),
            "forget_database_mb": round(before / 1e6, 1),
            "forgotten_turns": receipt.deleted["turns"],
        }


def _bytes(state: Path) -> int:
    return sum(file.stat().st_size for file in state.parent.glob(f"{state.name}*"))


def _spread(what: str, ms: list[float]) -> dict[str, float]:
    return {f"{what}_p{p}_ms": round(float(np.percentile(ms, p)), 2) for p in (50, 95)}


def _timed(work: Callable[[], Result]) -> tuple[float, Result]:
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
