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

from convrec.core.errors import InputError
from convrec.core.settings import Server
from convrec.ui.api.metrics import SHARED_FOLDER

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


def listening(host: str, port: int) -> socket.socket:
    """Returns a bound socket; port 0 takes a free one.

    Raises:
        InputError: the port is taken, or the host is none of this machine's.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise InputError(
            f"{host} port {port} can't be listened on: {error.strerror}.",
            "Name another port, or 0 for any that is free.",
        ) from error
    found.set_inheritable(True)
    return found


def address_of(bound: socket.socket) -> str:
    """Returns the address that a bound socket answers at."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


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
        _Server(config, on_ready).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="convrec-metrics-") as folder:
        os.environ[SHARED_FOLDER] = folder
        _Workers(config, bound, on_ready).run()


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()


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
