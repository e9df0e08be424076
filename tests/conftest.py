"""What all tests share: no network but this machine's own, a fixed clock, two small catalogues."""

import os
import socket
from datetime import UTC, datetime, timedelta

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")

from convrec.core.clock import FixedClock


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


@pytest.fixture
def clock() -> FixedClock:
    """A clock that starts on 5 January 2026 at noon and goes on by a second at each look."""
    return FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(seconds=1))
