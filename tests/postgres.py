"""A PostgreSQL server of one's own for tests, or the reason why there is none."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

import pytest

_REQUIRED = "CONVREC_REQUIRE_POSTGRES"  # set where its absence is a failure, as in continuous integration
_SETTINGS = ("listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=200", "shared_buffers=64MB")


class Server:
    """A running server on a socket in its own folder; `database()` makes an empty database and returns its address."""

    def __init__(self, binaries, folder, settings=_SETTINGS):
        self._binaries, self.folder, self._settings = binaries, folder, settings
        self._owner = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._running = None

    def make(self):
        """Makes the cluster."""
        if self._owner:
            shutil.chown(self.folder, "postgres", "postgres")
        command = [f"{self._binaries}/initdb", "-D", f"{self.folder}/data", "-A", "trust", "-U", "convrec", "-E", "UTF8", "--no-sync"]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._owner)

    def start(self):
        """Starts the server and waits until it answers."""
        command = [f"{self._binaries}/postgres", "-D", f"{self.folder}/data", "-k", str(self.folder)]
        command += [word for setting in self._settings for word in ("-c", setting)]
        log = (self.folder / "log").open("ab")
        self._running = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, **self._owner)
        for _ in range(600):
            if not subprocess.run(
                [f"{self._binaries}/pg_isready", "-q", "-h", str(self.folder)], check=False
            ).returncode:
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def stop(self, sign="immediate"):
        """Ends the server: at once and without a farewell, or `fast`, telling its clients."""
        self._running.send_signal({"immediate": 3, "fast": 2}[sign])  # SIGQUIT, SIGINT
        self._running.wait(30)

    def url(self, name="postgres"):
        """The address of a database."""
        return f"postgresql://convrec@/{name}?host={self.folder}"

    def database(self):
        """The address of a new, empty database."""
        import psycopg

        name = f"db{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self.url(name)


def _binaries():
    """The folder of PostgreSQL's programs; a sentence why there is none."""
    folders = [Path(found).resolve().parent for found in [shutil.which("postgres")] if found]
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    folder = next(
        (folder for folder in folders if (folder / "initdb").exists() and (folder / "postgres").exists()), None
    )
    if folder is None:
        return None, "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    try:
        import langgraph.checkpoint.postgres  # noqa: F401
        import psycopg_pool  # noqa: F401
    except ImportError:
        return None, "the extra `postgres` is not installed"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return None, "PostgreSQL refuses to run as root, and there is no user postgres"
    return folder, ""


@contextmanager
def serving(settings=_SETTINGS):
    """Runs a server; skips the test with the reason, or fails it where a server is required, if there can be none."""
    binaries, reason = _binaries()
    if binaries is None:
        (pytest.fail if os.environ.get(_REQUIRED) else pytest.skip)(reason)
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path must be short
    server = Server(binaries, folder, settings)
    try:
        server.make()
        server.start()
        yield server
    finally:
        if server._running is not None and server._running.poll() is None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
