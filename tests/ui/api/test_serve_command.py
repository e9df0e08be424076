"""`convrec serve` as its user runs it: processes, signals, an address that answers."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from convrec.agent import Agent
from convrec.ui.api import logs, worker
from tests.ui.api.events import read

ADDRESS = re.compile(r"http://[\w.:\[\]]+")
CLI = [sys.executable, "-c", "from convrec.ui.cli import main; main()"]
KEYS = json.dumps([{"key": "key-of-ana", "user": "ana"}])


def environment(**more: str) -> dict[str, str]:
    return (
        {name: value for name, value in os.environ.items() if not name.startswith("CONVREC_")}
        | {"OMP_NUM_THREADS": "1"}
        | more
    )


@contextmanager
def served(workspace, *options: str, **variables: str):
    """Runs the command, and gives its address and its process."""
    process = subprocess.Popen(
        [*CLI, "serve", "-w", str(workspace), "--port", "0", *options],
        env=environment(**variables),
        stdout=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(180, process.kill)
    watchdog.start()
    try:
        found = ADDRESS.search(process.stdout.readline())
        assert found, "it ended before it answered"
        yield found[0], process
    finally:
        process.terminate()
        process.wait(timeout=40)
        watchdog.cancel()


def test_it_prints_an_address_that_answers_and_ends_at_a_signal(films):
    with served(films) as (url, process):
        assert httpx.post(f"{url}/v1/chat", json={"text": "a western"}, timeout=30).json()["items"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0


def test_a_worker_rehearses_before_it_answers(films, monkeypatch):
    """Nobody waits for what a process makes once; that of a rehearsal nothing stays is specified with the agent."""
    rehearsed = []
    monkeypatch.setattr(Agent, "rehearse", lambda agent: rehearsed.append(agent))  # noqa: PLW0108  (a method needs a function)
    monkeypatch.setattr(logs, "configure", lambda *_: None)
    monkeypatch.setenv(worker.WORKSPACE, str(films))
    with worker._agent() as agent:
        assert rehearsed == [agent]


@pytest.mark.ci
def test_several_workers_serve_one_state_and_count_together(films):
    with served(films, "--workers", "2", CONVREC_API_KEYS=KEYS) as (url, process):
        headers, answered = {"Authorization": "Bearer key-of-ana"}, []

        def ask(n: int) -> None:
            answered.append(
                httpx.post(
                    f"{url}/v1/chat", json={"text": "a western", "thread_id": f"t{n}"}, headers=headers, timeout=60
                )
            )

        asking = [threading.Thread(target=ask, args=(n,)) for n in range(8)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()
        assert [answer.status_code for answer in answered] == [200] * 8
        assert len(httpx.get(f"{url}/v1/users/ana/threads", headers=headers, timeout=30).json()["threads"]) == 8
        counted = httpx.get(f"{url}/metrics", timeout=30).text
        turns = sum(float(line.split()[-1]) for line in counted.splitlines() if line.startswith("convrec_turns_total"))
        assert turns == 8
        guests = {httpx.get(url, timeout=30).headers["set-cookie"].split(";")[0] for _ in range(4)}
        assert len(guests) == 4  # everybody who comes to the page is a guest of their own
        process.kill()
        end = time.monotonic() + 60
        while _answers(url):  # the workers end with the process that started them, however that went
            assert time.monotonic() < end
            time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_a_turn_under_way_is_ended_before_the_server_is(films):
    with served(films) as (url, process):
        with httpx.stream("POST", f"{url}/v1/chat", json={"text": "a western", "stream": True}, timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines) == "event: plan"
            process.terminate()
            names = [name for name, _ in read(lines)]
        assert names[-1] == "done"
        assert process.wait(timeout=40) in (0, -signal.SIGTERM)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_a_host_that_others_reach_takes_keys(films, host):
    done = subprocess.run(
        [*CLI, "serve", "-w", str(films), "--host", host], env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "CONVREC_API_KEYS" in done.stderr


def test_keys_that_are_no_keys_stop_it(films):
    done = subprocess.run(
        [*CLI, "serve", "-w", str(films)],
        env=environment(CONVREC_API_KEYS="secret-word"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "secret-word" not in done.stderr
