"""The server process: the app on a socket, one worker or several, up until it is told to stop, down when turns have ended."""

import os
import socket
import tempfile
from collections.abc import Callable
from typing import Any

import uvicorn
from prometheus_client.multiprocess import mark_process_dead
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.supervisors import Multiprocess

from convrec.core.settings import Server
from convrec.ui.api.metrics import SHARED_FOLDER
from convrec.ui.listening import Announcing

_HEADERS_S = 10.0
_BACKLOG = 2048


class PunctualProtocol(HttpToolsProtocol):
    """HTTP that hangs up on whoever takes too long to send a request's head."""

    def connection_made(self, transport: Any) -> None:
        """Starts the clock."""
        super().connection_made(transport)
        self._late = self.loop.call_later(_HEADERS_S, self._hang_up)

    def on_message_begin(self) -> None:
        """Starts the clock anew for the next request of a connection."""
        super().on_message_begin()
        self._late.cancel()
        self._late = self.loop.call_later(_HEADERS_S, self._hang_up)

    def on_headers_complete(self) -> None:
        """Stops the clock."""
        self._late.cancel()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stops the clock."""
        self._late.cancel()
        super().connection_lost(exc)

    def _hang_up(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()


def configured(app: Any, settings: Server, **more: Any) -> uvicorn.Config:
    """Returns how uvicorn serves the app, or what `app` names."""
    return uvicorn.Config(
        app, http=PunctualProtocol, log_config=None, access_log=False, server_header=False, backlog=_BACKLOG, lifespan="on",
        timeout_graceful_shutdown=round(settings.shutdown_s) + 1, timeout_keep_alive=15, proxy_headers=False, **more,
    )  # fmt: skip


def run(app: str, bound: socket.socket, settings: Server, workers: int, on_ready: Callable[[], None]) -> None:
    """Serves until it is told to stop. `app` names a function of no arguments that makes the app, in every worker anew."""
    config = configured(app, settings, factory=True, workers=workers)
    if workers == 1:
        Announcing(config, on_ready).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="convrec-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        _Workers(config, bound, on_ready).run()


class _Workers(Multiprocess):
    """Several workers on one socket. One that dies is replaced."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket, on_ready: Callable[[], None]) -> None:
        super().__init__(config, [bound])
        self._on_ready, self._told = on_ready, False

    def keep_subprocess_alive(self) -> None:
        """Looks after the workers, and says once when all answer."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for gone in before - {process.pid for process in self.processes}:
            mark_process_dead(gone)  # type: ignore[no-untyped-call]
        if not self._told and all(process.is_ready() for process in self.processes):
            self._told = True
            self._on_ready()
