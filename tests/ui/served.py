"""`convrec serve` as a process of its own, for tests."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

COMMAND = [sys.executable, "-c", "from convrec.ui.cli import main; main()"]
ADMIN, TENANT, PERSON = "key-of-the-admin", "key-of-the-shop", "key-of-ben"
KEYS = json.dumps(
    [{"key": ADMIN, "admin": True}, {"key": TENANT, "tenant": "shop"}, {"key": PERSON, "user": "ben"}], indent=None
)


class Served:
    """A running server: its address, its process, and what it has written to its log."""

    def __init__(self, address, process, log):
        self.address, self.process, self.log = address, process, log

    def ask(self, method, path, body=None, key=ADMIN, **headers):
        """Sends a request, and returns status, document and headers."""
        return asked(f"{self.address}{path}", method, body, {"Authorization": f"Bearer {key}", **headers} if key else headers)  # fmt: skip

    def chat(self, text, user="shop/ana", thread="t1", **more):
        """Sends one message, and returns status, document and headers."""
        return self.ask("POST", "/v1/chat", {"text": text, "user_id": user, "thread_id": thread}, **more)


def asked(url, method="GET", body=None, headers=()):
    """Sends a request, and returns status, document and headers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **dict(headers)}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, _read(response.read()), response.headers
    except urllib.error.HTTPError as error:
        return error.code, _read(error.read()), error.headers


def _read(raw):
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()


@contextmanager
def serving(workspace, log, *options, keys=KEYS, **environment):
    """Runs the command until the block ends; the address is the one it prints once it answers."""
    told = {**os.environ, "CONVREC_API_KEYS": keys, "OMP_NUM_THREADS": "1", **environment}
    command = [*COMMAND, "serve", "-w", str(workspace), "--port", "0", *options]
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=written)
    try:
        line = process.stdout.readline().decode()
        found = re.search(r"http://\S+", line)
        assert found, line + log.read_text()
        yield Served(found[0], process, log)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def until(true, seconds=20.0):
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.05)
