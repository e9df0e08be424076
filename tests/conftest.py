"""What all tests share: no network but this machine's own, a fixed clock, a small catalogue."""

import fcntl
import os
import shutil
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

from convrec.core.clock import FixedClock

settings.register_profile("patient", deadline=None)  # how long an example takes is no test's business
settings.load_profile("patient")

FILMS = Path(__file__).parent / "films"


@pytest.fixture(autouse=True)
def loopback_only(monkeypatch):
    """Refuses every connection that would leave this machine."""
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))


def _guarded(connect):
    def guarded(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(str(address[0])):
            raise OSError(f"a test tried to reach {address[0]}: tests stay on this machine")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    return host in ("localhost", "::1", "") or host.startswith("127.")


@pytest.fixture(autouse=True)
def no_model_requests(monkeypatch):
    """Bans requests to models; a test that runs a server of its own allows them."""
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "0")


@pytest.fixture
def clock() -> FixedClock:
    """A clock that starts on 5 January 2026 at noon and goes on by a second at each look."""
    return FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(seconds=1))


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of one's own."""
    from tests.postgres import serving

    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory) -> Path:
    """A user's data folder with the demo films in it, as their first command leaves them: made once for all tests, whichever processes they run in."""
    from convrec.agent.agent import Agent

    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "home"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock, pytest.MonkeyPatch.context() as patched:
        fcntl.flock(lock, fcntl.LOCK_EX)
        patched.setenv("XDG_DATA_HOME", str(home))
        Agent.demo().close()
    return home


@pytest.fixture(scope="session")
def fitted_films(tmp_path_factory) -> Path:
    """A workspace of twenty made-up films and thirty made-up viewers, every tool fitted. Read it; don't write to it."""
    from convrec.catalogue.ingest import ingest
    from convrec.catalogue.workspace import Workspace
    from convrec.tools.fitting import fit

    workspace = Workspace.create(tmp_path_factory.mktemp("films") / "workspace")
    ingest(workspace, items=[FILMS / "items.csv"], interactions=[FILMS / "ratings.csv"])
    fit(workspace)
    return workspace.root


@pytest.fixture
def films(fitted_films, tmp_path) -> Path:
    """A copy of the fitted films' workspace, to write to."""
    return Path(shutil.copytree(fitted_films, tmp_path / "films"))
