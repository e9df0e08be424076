"""What the pages of docs/ and the README show: their fenced blocks, and a way to run those in order, as a reader would."""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FENCED = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
CONVREC = "import sys; from convrec.ui.cli import main; sys.exit(main())"
OFFLINE = """
import socket
connect = socket.socket.connect
def guarded(self, address):
    if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(("127.", "::1", "localhost")):
        raise OSError(f"an example tried to reach {address[0]}")
    return connect(self, address)
socket.socket.connect = guarded
"""


@dataclass(frozen=True)
class Block:
    """A fenced block: its page, as a path from the root, the line of its first row, its language and its text."""

    page: str
    line: int
    language: str
    text: str


def pages() -> list[Path]:
    """Returns the README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Returns a page's fenced blocks, in order."""
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [
        Block(name, text.count("\n", 0, found.start()) + 2, found["language"], found["text"])
        for found in FENCED.finditer(text)
    ]


class Reader:
    """Somebody who follows a page in a folder of their own, with a user's data folder, and can reach nothing but this machine."""

    def __init__(self, folder: Path, demo_home: Path) -> None:
        self.folder = folder
        (folder / "sitecustomize.py").write_text(OFFLINE)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "convrec").write_text(f"#!/bin/sh\nexec {sys.executable} -c '{CONVREC}' \"$@\"\n")
        (programs / "convrec").chmod(0o755)
        self.environment = os.environ | {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", "")))),
            "BROWSER": "true",
            "XDG_DATA_HOME": str(demo_home),
        }

    def run(self, language: str, text: str) -> str:
        """Runs a block of shell or Python to its end, and returns what it printed."""
        command = (
            ["bash", "-euo", "pipefail", "-c", text] if language in ("sh", "bash") else [sys.executable, "-c", text]
        )
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, command: str) -> str:
        """Starts a server, waits for the address that it prints, stops it, and returns what it printed."""
        server = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.environment, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        printed = ""
        end = time.monotonic() + 600  # the demo is indexed on first use
        try:
            while "http://127.0.0.1:" not in printed:
                line = server.stdout.readline()
                assert line, f"{command} ended: {printed}"
                assert time.monotonic() < end, f"{command} says no address: {printed}"
                printed += line
        finally:
            os.killpg(server.pid, signal.SIGINT)
            server.wait(timeout=60)
            server.stdout.close()
        return printed
