"""The chat page behind the API's routes. Gradio keeps a person's tab in its process, so beside several workers there is one for the page alone."""

import logging
import multiprocessing
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import uvicorn
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import STARTUP_FAILURE

from convrec.ui.api.door import GUARDED
from convrec.ui.api.problems import problem
from convrec.ui.listening import Announcing, end_with_parent

SOCKET = "CONVREC_PAGE_SOCKET"
"""The environment variable that tells the workers where the page's process listens."""
_OF_A_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"te", b"trailer", b"transfer-encoding", b"upgrade", b"forwarded"}
)  # fmt: skip
_CONNECT_S = 5.0
_log = logging.getLogger(__name__)
_END_S = 10.0


def put_behind(app: FastAPI, page: ASGIApp) -> None:
    """Lets the page answer whatever is no route of the app's, and nothing under `/v1`."""
    nowhere = app.router.default

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] != "http" or scope["path"].startswith(GUARDED)
        await (nowhere if ours else page)(scope, receive, send)

    app.router.default = answer


class Handover:
    """An ASGI app that hands requests on to the page's process, and its answers back as they come."""

    def __init__(self, place: str) -> None:
        unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=20)  # every tab holds one
        self._transport = httpx.AsyncHTTPTransport(
            uds=place, limits=unlimited
        )  # no client, which would keep people's cookies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hands a request on."""
        request = Request(scope, receive)
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = [(name, value) for name, value in scope["headers"] if name not in _OF_A_HOP and not name.startswith(b"x-forwarded-")]  # fmt: skip
        headers += [(b"x-forwarded-for", (request.client.host if request.client else "").encode()), (b"x-forwarded-proto", scope["scheme"].encode())]  # fmt: skip
        handed = httpx.Request(
            request.method, httpx.URL("http://page", raw_path=target), headers=headers, content=request.stream() if request.method == "POST" else None,
            extensions={"timeout": {"connect": _CONNECT_S}},
        )  # fmt: skip
        try:
            answer = await self._transport.handle_async_request(handed)
        except httpx.TransportError as error:
            _log.error("the chat page does not answer: %r", error)
            await problem(503, "The chat page is not there just now.", {"Retry-After": "5"})(scope, receive, send)
            return
        response = StreamingResponse(_pieces(answer), answer.status_code)
        response.raw_headers = [
            (name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _OF_A_HOP
        ]
        await response(scope, receive, send)

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.aclose()


async def _pieces(answer: httpx.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_raw():
            yield piece
    finally:
        await answer.aclose()


class PageProcess:
    """The process that has the page, on a socket in a folder of this user's alone. It ends with the one that started it."""

    def __init__(self, place: str, end_s: float) -> None:
        self._place, self._end_s = place, end_s
        self._process: multiprocessing.process.BaseProcess | None = None

    def keep(self) -> bool:
        """Starts the process where there is none, and tells whether there is hope: one that could not begin is not tried again."""
        if self._process is not None and self._process.exitcode == STARTUP_FAILURE:
            return False
        if self._process is None or not self._process.is_alive():
            if self._process is not None:
                _log.error("The chat page's process ended with %s; it is started anew.", self._process.exitcode)
            spawning = multiprocessing.get_context("spawn")
            self._process = spawning.Process(target=_serve, args=(self._place, self._end_s), daemon=True)
            self._process.start()
        return True

    @property
    def answers(self) -> bool:
        """Tells whether the page answers."""
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(self._place)
            return True
        return False

    def terminate(self) -> None:
        """Tells the process to end when its turns have ended."""
        if self._process is not None:
            self._process.terminate()

    def join(self) -> None:
        """Waits until the process has ended."""
        if self._process is not None:
            self._process.join(self._end_s + _END_S)


def _serve(place: str, end_s: float) -> None:
    config = uvicorn.Config(
        "convrec.ui.api.worker:page", factory=True, uds=place, log_config=None, access_log=False, server_header=False, lifespan="on",
        forwarded_allow_ips="*", timeout_graceful_shutdown=round(end_s) + 1,
    )  # fmt: skip
    server = Announcing(config, lambda: None)

    def end() -> None:
        server.should_exit = True

    end_with_parent(end)
    os.umask(0o077)
    server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)
