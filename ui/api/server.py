"""The server process: the app on a socket, one worker or several, up until it is told to stop, down when turns have ended."""

import logging
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
from convrec.ui.api.page import SOCKET, PageProcess
from convrec.ui.listening import Announcing

_HEADERS_S = 10.0
_BACKLOG = 2048
_HUNG_S = 60  # a worker that loads its models on a busy machine answers nothing for a while
_log = logging.getLogger(__name__)


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
    """Returns how uvicorn serves the app, or what `app` names. Proxies on this machine, or named in FORWARDED_ALLOW_IPS, say for whom they ask."""
    return uvicorn.Config(
        app, http=PunctualProtocol, log_config=None, access_log=False, server_header=False, backlog=_BACKLOG, lifespan="on",
        timeout_graceful_shutdown=round(settings.shutdown_s) + 1, timeout_keep_alive=15,
        timeout_worker_healthcheck=_HUNG_S, **more,
    )  # fmt: skip


def run(app: str, bound: socket.socket, settings: Server, workers: int, on_ready: Callable[[], None], *, page: bool = False) -> None:  # fmt: skip
    """Serves until it is told to stop. `app` names a function of no arguments that makes the app, in every worker anew; `page` is whether several of them have a chat page beside them."""
    config = configured(app, settings, factory=True, workers=workers)
    if workers == 1:
        Announcing(config, on_ready).run(sockets=[bound])
        return
    with tempfile.TemporaryDirectory(prefix="convrec-") as folder:  # of this user alone
        os.environ[SHARED_FOLDER] = os.path.join(folder, "metrics")
        os.mkdir(os.environ[SHARED_FOLDER])
        beside = None
        if page:
            os.environ[SOCKET] = os.path.join(folder, "page")
            beside = PageProcess(os.environ[SOCKET], settings.shutdown_s)
        try:
            _Workers(config, bound, on_ready, beside).run()
        finally:
            if beside is not None:
                beside.terminate()
                beside.join()


class _Workers(Multiprocess):
    """Several workers on one socket, and the chat page's process beside them. One that dies is replaced."""

    def __init__(
        self, config: uvicorn.Config, bound: socket.socket, on_ready: Callable[[], None], page: PageProcess | None
    ) -> None:
        super().__init__(config, [bound])
        self._on_ready, self._told, self._page = on_ready, False, page
        if page is not None:
            page.keep()

    def keep_subprocess_alive(self) -> None:
        """Looks after the workers, and says once when all answer."""
        before = {process.pid for process in self.processes}
        super().keep_subprocess_alive()
        for gone in before - {process.pid for process in self.processes}:
            mark_process_dead(gone)  # type: ignore[no-untyped-call]
        if self._page is not None and not self.should_exit.is_set() and not self._page.keep():
            _log.error("The chat page could not be started.")
            self.should_exit.set()
        page_answers = self._page is None or self._page.answers
        if not self._told and page_answers and all(process.is_ready() for process in self.processes):
            self._told = True
            self._on_ready()

    def terminate_all(self) -> None:
        """Ends the page, whose listeners the workers wait for, then the workers."""
        if self._page is not None:
            self._page.terminate()
        super().terminate_all()
