"""Measures a server under people who talk and think: errors, times, memory, shedding, and what HTTP itself costs.

    python benchmarks/load.py --workspace films                        # 50 people for 5 minutes, then 500 for one (make test-load)
    python benchmarks/load.py --workspace films --people 5 --seconds 10 --crowd 40 --crowd-seconds 5

`convrec serve` runs with one worker, in a process of its own, on a copy of the workspace; whoever talks runs on the same machine. Each
person holds the scripted conversations, one after the other, each in a thread of its own, and waits 5 to 15 seconds (seeded) between
a reply and the next message. A crowd of ten times as many is then let in, and after it has gone one person asks until they are answered.
What HTTP costs ("overhead") is what one person waits beyond the turn's own time, which the server tells in its Server-Timing header.
A bare FastAPI route and a bare Gradio echo are asked in the same run. Prints one JSON document, times in milliseconds.
"""

import argparse
import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import yaml

CONVERSATIONS = Path(__file__).parents[1] / "tests" / "conversations"
WAITS_S = (5.0, 15.0)
_ADDRESS = re.compile(r"https?://[\w.:\[\]]+")
_START_S = 120
_PATIENCE_S = 60


@dataclass
class Tally:
    """What became of the requests: how many of each status, the milliseconds of those answered, and of their first events."""

    statuses: Counter[str] = field(default_factory=Counter)
    ms: list[float] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Returns it as printed."""
        return {"statuses": dict(self.statuses), "answered": len(self.ms), **spread(self.ms)}


def main() -> None:
    """Prints one JSON document."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(shutil.copytree(options.workspace, Path(folder) / "workspace"))
        (workspace / "state.sqlite").unlink(missing_ok=True)
        report = asyncio.run(_measured(options, workspace))
        report["in_process"] = _in_process(workspace, options.turns)
    json.dump(report, sys.stdout, indent=2)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measures a server under people who talk and think.")
    parser.add_argument("--workspace", type=Path, required=True, help="a fitted workspace; it is copied")
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--crowd", type=int, default=500)
    parser.add_argument("--crowd-seconds", type=float, default=60.0)
    parser.add_argument(
        "--turns", type=int, default=60, help="what whoever asks alone asks, to compare single paths by"
    )
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


async def _measured(options: argparse.Namespace, workspace: Path) -> dict[str, Any]:
    report: dict[str, Any] = {}
    with served([sys.executable, "-c", _CLI, "serve", "-w", str(workspace), "--port", "0"]) as (url, pid):
        async with _client(url) as client:
            await _ask(client, "hello", "warm-up", "t")
            report["one_person"], report["overhead"] = await _one_person(client, options.turns)
            report["first_event"] = await _first_events(client, options.turns)
            memory: list[float] = []
            watching = asyncio.create_task(_watch(pid, memory))
            tally = await _talk(url, options.people, options.seconds, options.seed)
            watching.cancel()
            report["people"] = {
                "n": options.people,
                "seconds": options.seconds,
                **tally.document(),
                "memory_mb": _flatness(memory),
            }
            began = time.monotonic()
            crowd = await _talk(url, options.crowd, options.crowd_seconds, options.seed + 1)
            rate = round(len(crowd.ms) / (time.monotonic() - began), 1)
            report["crowd"] = {
                "n": options.crowd,
                "seconds": options.crowd_seconds,
                **crowd.document(),
                "answered_a_second": rate,
            }
            report["recovered_after_s"] = await _recovered(client)
            report["memory_mb_after"] = round(_memory(pid), 1)
    for name, code in (("bare_fastapi", _BARE_FASTAPI), ("bare_gradio", _BARE_GRADIO)):
        with served([sys.executable, "-c", code]) as (url, _):
            async with _client(url) as client:
                report[name] = await (_bare if name == "bare_fastapi" else _bare_gradio)(client, options.turns)
    report["as_multiple_of_bare_fastapi"] = round(report["one_person"]["p50"] / report["bare_fastapi"]["p50"], 2)
    report["as_multiple_of_bare_gradio"] = round(report["one_person"]["p50"] / report["bare_gradio"]["p50"], 2)
    return report


@contextmanager
def served(command: list[str]) -> Iterator[tuple[str, int]]:
    """Runs a command that prints its address once it answers, and gives the address and the process's id."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "GRADIO_ANALYTICS_ENABLED": "False"},
    )
    try:
        assert process.stdout is not None
        end, found = time.monotonic() + _START_S, None
        while found is None and time.monotonic() < end:
            line = process.stdout.readline()
            if not line:
                raise SystemExit(f"{command[-1][:40]!r} ended before it answered")
            found = _ADDRESS.search(line)
        if found is None:
            raise SystemExit("no address was printed in time")
        yield found[0], process.pid
    finally:
        process.terminate()
        process.wait(timeout=60)


@cache
def turns() -> list[list[str]]:
    """Returns the messages of the scripted conversations."""
    paths = sorted(CONVERSATIONS.glob("*.yaml"))
    return [[turn["say"] for turn in yaml.safe_load(path.read_text(encoding="utf-8"))["turns"]] for path in paths]


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=url, timeout=_PATIENCE_S, verify=False, trust_env=False) as client:  # noqa: S501  (this machine)
        yield client


async def _ask(client: httpx.AsyncClient, text: str, user: str, thread: str) -> int:
    answer = await client.post("/v1/chat", json={"text": text, "user_id": user, "thread_id": thread})
    return answer.status_code


async def _talk(url: str, people: int, seconds: float, seed: int) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds

    async def person(number: int) -> None:
        async with _client(url) as client:  # of their own: one pool of all would be slower than the server
            await _person(client, number, random.Random(f"{seed}/{number}"), end, tally)

    await asyncio.gather(*(person(number) for number in range(people)))
    return tally


async def _person(client: httpx.AsyncClient, number: int, chance: random.Random, end: float, tally: Tally) -> None:
    """Talks until the end; who is told to come again waits for as long as they are told."""
    conversations, user = turns(), f"load-{chance.random()}-{number}"
    await _wait(chance.uniform(0, min(WAITS_S[1], (end - time.monotonic()) / 2)), end)
    for number_of_thread in range(1_000_000):
        for text in chance.choice(conversations):
            while True:
                if time.monotonic() >= end:
                    return
                wait_s = await _one(client, text, user, f"t{number_of_thread}", tally)
                if wait_s is None:
                    break
                await _wait(wait_s, end)
            await _wait(chance.uniform(*WAITS_S), end)


async def _wait(seconds: float, end: float) -> None:
    """Waits so long, but not beyond the end."""
    await asyncio.sleep(max(0.0, min(seconds, end - time.monotonic())))


async def _one(client: httpx.AsyncClient, text: str, user: str, thread: str, tally: Tally) -> float | None:
    """Sends a message and counts what became of it; returns after how long to send it again, None where it was answered or failed."""
    began = time.perf_counter()
    try:
        answer = await client.post("/v1/chat", json={"text": text, "user_id": user, "thread_id": thread})
    except httpx.HTTPError as error:
        tally.statuses[type(error).__name__] += 1
        return None
    tally.statuses[str(answer.status_code)] += 1
    if answer.status_code == 200:
        tally.ms.append((time.perf_counter() - began) * 1000)
        return None
    return float(answer.headers.get("retry-after", 1)) if answer.status_code == 429 else None


async def _recovered(client: httpx.AsyncClient) -> float:
    """Returns the seconds until one person is answered again."""
    began = time.monotonic()
    while await _ask(client, "a western", "after", "t") != 200:
        await asyncio.sleep(0.1)
    return round(time.monotonic() - began, 2)


def _alone(n: int) -> Iterator[tuple[str, str]]:
    """Yields messages, each with its thread, for whoever talks alone."""
    every = [(text, f"t{place}") for place, said in enumerate(turns()) for text in said]
    yield from every[:n]


async def _one_person(client: httpx.AsyncClient, n: int) -> tuple[dict[str, float], dict[str, float]]:
    """Returns how long the client waits for its answers, and how much of that is not the turn itself, which the server times."""
    ms, beside = [], []
    for text, thread in _alone(n):
        began = time.perf_counter()
        answer = await client.post("/v1/chat", json={"text": text, "user_id": "alone", "thread_id": thread})
        ms.append((time.perf_counter() - began) * 1000)
        beside.append(ms[-1] - float(answer.headers["server-timing"].removeprefix("turn;dur=")))
    return spread(ms), spread(beside)


async def _first_events(client: httpx.AsyncClient, n: int) -> dict[str, float]:
    ms = []
    for text, thread in _alone(n):
        began = time.perf_counter()
        body = {"text": text, "user_id": "streaming", "thread_id": thread, "stream": True}
        async with client.stream("POST", "/v1/chat", json=body) as answer:
            first = True
            async for _ in answer.aiter_lines():
                if first:
                    ms.append((time.perf_counter() - began) * 1000)
                first = False
    return spread(ms)


def _in_process(workspace: Path, n: int) -> dict[str, float]:
    """Returns the same turns' times by an agent in this process."""
    from convrec.agent.agent import Agent

    (workspace / "state.sqlite").unlink(missing_ok=True)
    ms = []
    with Agent.open(workspace) as agent:
        agent.chat("hello", user_id="warm-up")
        for text, thread in _alone(n):
            began = time.perf_counter()
            agent.chat(text, user_id="alone", thread_id=thread)
            ms.append((time.perf_counter() - began) * 1000)
    return spread(ms)


async def _bare(client: httpx.AsyncClient, n: int) -> dict[str, float]:
    ms = []
    for _ in range(n):
        began = time.perf_counter()
        await client.post("/echo", json={"text": "a western"})
        ms.append((time.perf_counter() - began) * 1000)
    return spread(ms)


async def _bare_gradio(client: httpx.AsyncClient, n: int) -> dict[str, float]:
    ms = []
    for _ in range(n):
        began = time.perf_counter()
        event = (await client.post("/gradio_api/call/echo", json={"data": ["a western"]})).json()["event_id"]
        await client.get(f"/gradio_api/call/echo/{event}")
        ms.append((time.perf_counter() - began) * 1000)
    return spread(ms)


def spread(ms: list[float]) -> dict[str, float]:
    """Returns the quantiles of times."""
    return {f"p{q}": round(float(np.percentile(ms, q)), 1) for q in (50, 95, 99)} if ms else {}


async def _watch(pid: int, memory: list[float]) -> None:
    while True:
        memory.append(_memory(pid))
        await asyncio.sleep(1)


def _memory(pid: int) -> float:
    """Returns the resident megabytes of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024


def _flatness(memory: list[float]) -> dict[str, float]:
    """Returns the memory after a third of the time and at the end: what is loaded at the first turns is no leak."""
    return {"after_a_third": round(memory[len(memory) // 3], 1), "at_the_end": round(memory[-1], 1)} if memory else {}


_CLI = "from convrec.ui.cli import main; main()"
_BARE_FASTAPI = """
import fastapi, pydantic
from convrec.ui.api.server import configured
from convrec.ui.listening import Announcing, address_of, listening
from convrec.core.settings import Server
app = fastapi.FastAPI()
class Said(pydantic.BaseModel):
    text: str
@app.post("/echo")
async def echo(said: Said) -> Said:
    return said
bound = listening("127.0.0.1", 0)
Announcing(configured(app, Server()), lambda: print(address_of(bound), flush=True)).run(sockets=[bound])
"""
_BARE_GRADIO = """
import time, gradio as gr
with gr.Blocks(analytics_enabled=False) as page:
    box = gr.Textbox()
    box.submit(lambda said: said, box, box, api_name="echo")
_, address, _ = page.launch(server_name="127.0.0.1", quiet=True, prevent_thread_lock=True, share=False, ssr_mode=False)
print(address, flush=True)
time.sleep(3600)
"""

if __name__ == "__main__":
    main()
