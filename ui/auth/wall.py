"""What stands around the chat page: who asks is known before Gradio hears of it, and Gradio is asked only for what the page needs."""

import asyncio
import re
from collections.abc import Awaitable
from contextlib import suppress

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from convrec.core.errors import ConvrecError
from convrec.core.settings import Auth
from convrec.ui.auth.crossing import is_crossing
from convrec.ui.auth.proxy import UnprovenError
from convrec.ui.auth.visitors import SESSION, Visitor, Visitors, drop_cookie

_OPEN = re.compile(
    r"/(theme\.css|favicon\.ico|robots\.txt|manifest\.json|(assets|static|svelte)/[!-~]{1,200}|gradio_api/theme\.css)"
)
"""What says nothing of anybody. No file of the page's has a longer name, at which Gradio would fail."""
_OF_THE_PAGE = re.compile(
    r"/(config/?|gradio_api/(info/?|app_id/?|startup-events|queue/(join|data)/?|heartbeat/\w+|cancel|reset/?|file=.+))?"
)
_HEARTBEAT = re.compile("/gradio_api/heartbeat/")
"""What a tab listens to as long as it is open, and hears nothing in."""
_POLICY = b"frame-ancestors 'none'"


class Wall:
    """An ASGI app around the page. `request.state.visitor` is who asks, in every request that reaches the page's own routes."""

    def __init__(self, app: ASGIApp, visitors: Visitors, settings: Auth, max_body_bytes: int) -> None:
        self._app, self._visitors, self._settings, self._most = app, visitors, settings, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request through to the page, or answers it."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        answer = None if _OPEN.fullmatch(request.url.path) else await self._answer(request)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        scope.setdefault("state", {})["visitor"] = answer
        leaving = scope["state"].get("leaving")
        answering = self._app(scope, receive, self._sending(request, answer, send))
        if leaving is not None and _HEARTBEAT.match(request.url.path):
            await _until(leaving, answering)
        else:
            await answering

    async def _answer(self, request: Request) -> Response | Visitor | None:
        """Returns who asks, None for somebody who comes to the page for the first time, or what they are told instead."""
        if not _OF_THE_PAGE.fullmatch(request.url.path):
            return _refused(404, "There is nothing here.")
        if is_crossing(request):
            return _refused(403, "This was sent by another site's page.")
        length = request.headers.get("content-length", "")
        if request.method == "POST" and not (length.isdigit() and int(length) <= self._most):
            return _refused(413, "That is too long.")
        try:
            visitor = await run_in_threadpool(self._visitors.of, request)
        except UnprovenError as error:
            return self._unproven(request, error)
        except ConvrecError as error:
            return _refused(503, str(error))
        if visitor is None and request.url.path != "/":
            return _refused(401, "This needs the page's cookie. Reload the page, and let it keep one.")
        return RedirectResponse("/sign-in", 303) if visitor is None and not self._settings.guests else visitor

    def _unproven(self, request: Request, error: UnprovenError) -> Response:
        if request.url.path != "/" or self._settings.proxy_header in request.headers:
            return _refused(401, str(error))
        response = RedirectResponse("/sign-in" if not self._settings.guests else "/", 303)
        drop_cookie(request, response, SESSION)
        return response

    def _sending(self, request: Request, visitor: Visitor | None, send: Send) -> Send:
        """Returns what sends a response with a word to browsers that it stands in nobody's frame, and a newcomer a guest's cookie."""
        more = [(b"content-security-policy", _POLICY)]
        if request.url.path == "/":
            cookies = Response(headers={"cache-control": "no-store"})
            if visitor is None:
                self._visitors.welcome(request, cookies)
            more += [(name, value) for name, value in cookies.raw_headers if name in (b"set-cookie", b"cache-control")]

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *more]
            await send(message)

        return sent


def _refused(status: int, detail: str) -> Response:
    return JSONResponse({"detail": detail}, status)


async def _until(leaving: asyncio.Event, answering: Awaitable[None]) -> None:
    """Answers a request until it is answered, or the server goes down."""
    answer, end = asyncio.ensure_future(answering), asyncio.ensure_future(leaving.wait())
    try:
        await asyncio.wait({answer, end}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        answer.cancel()
        end.cancel()
    with suppress(asyncio.CancelledError):
        await answer
