"""What every request passes before it reaches a route: a request id, a key, a rate, a body of limited size that arrives in time."""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi.responses import Response
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from convrec.core.settings import Server
from convrec.ui.api.problems import problem
from convrec.ui.api.tokens import TokenError, open_to_tokens
from convrec.ui.keys import LOCAL, Caller, Keys

GUARDED = "/v1/"
"""Where the API asks for keys."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_BODIES = ("POST", "PUT", "PATCH", "DELETE")
_HEADERS = {
    b"x-content-type-options": b"nosniff", b"referrer-policy": b"no-referrer", b"x-frame-options": b"DENY",
    b"cross-origin-opener-policy": b"same-origin",
}  # fmt: skip
_OF_ANSWERS = {b"cache-control": b"no-store", b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'"}
_log = logging.getLogger("convrec.access")


class _RefusedError(Exception):
    def __init__(self, response: Response) -> None:
        self.response = response


@dataclass
class _Passage:
    """What is known of a request while it is answered."""

    request_id: str
    began: float
    status: int = 0


class Door:
    """An ASGI app around the app, which asks for keys where paths begin with `guarded`. `done(method, route, status, seconds)` hears of every such request that was answered."""

    def __init__(
        self, app: ASGIApp, keys: Keys, settings: Server, new_id: Callable[[], str],
        done: Callable[[str, str, int, float], None] = lambda *_: None, workers: int = 1,
        token_caller: Callable[[str], Caller | None] = lambda _: None, guarded: str = GUARDED,
    ) -> None:  # fmt: skip
        self._app, self._keys, self._settings, self._new_id, self._done = app, keys, settings, new_id, done
        self._token_caller, self._guarded = token_caller, guarded
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        rate = settings.requests_per_minute
        self._rate = RateLimitItemPerMinute(max(1, -(-rate // workers))) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        headers = dict(scope["headers"])
        passage = _Passage(self._id_of(headers), time.monotonic())
        scope.setdefault("state", {})["request_id"] = passage.request_id
        guarded = scope["path"].startswith(self._guarded)
        speaking = self._speaking(send, passage, guarded)
        try:
            if guarded:
                scope["path"] = scope["raw_path"].decode(
                    "latin-1"
                )  # ids may hold slashes: routes see them as they were written
                scope["state"]["caller"] = self._caller(scope, headers)
                receive = await self._whole(scope, receive, headers)
            await self._app(scope, receive, speaking)
        except _RefusedError as refused:
            await refused.response(scope, receive, speaking)
        finally:
            if guarded:
                self._tell(scope, passage)

    def _id_of(self, headers: Mapping[bytes, bytes]) -> str:
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        return given if _REQUEST_ID.fullmatch(given) else self._new_id()

    def _caller(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        """Returns who asks; a preflight of a browser has no key and needs none."""
        kind, _, token = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
        token = token.strip() if kind.lower() == "bearer" else ""
        try:
            caller = self._keys.caller(token) or self._token_caller(token) if token else None
        except TokenError as error:
            told = {"WWW-Authenticate": 'Bearer realm="convrec", error="invalid_token"'}
            raise _RefusedError(problem(401, str(error), told)) from error
        caller = caller or (None if self._keys else LOCAL)
        if scope["method"] == "OPTIONS":
            return caller or Caller(name="preflight")
        if caller is None:
            words = "The key is not one of this server's." if token else "A key is needed: Authorization: Bearer …"
            raise _RefusedError(problem(401, words, {"WWW-Authenticate": 'Bearer realm="convrec"'}))
        if self._rate is not None and caller != LOCAL and not self._limiter.hit(self._rate, caller.name):
            wait_s = max(1, round(self._limiter.get_window_stats(self._rate, caller.name).reset_time - time.time()))
            raise _RefusedError(
                problem(429, "That was more than this key may ask in a minute.", {"Retry-After": str(wait_s)})
            )
        if caller.by_token and not open_to_tokens(scope["method"], scope["path"]):
            raise _RefusedError(problem(403, "A person's token opens the chat, clicks and the own profile alone."))
        return caller

    async def _whole(self, scope: Scope, receive: Receive, headers: Mapping[bytes, bytes]) -> Receive:
        """Returns what hands on the body, which has arrived whole."""
        most = self._settings.max_body_bytes
        declared = headers.get(b"content-length", b"0")
        if scope["method"] not in _BODIES:
            return receive
        if declared.isdigit() and int(declared) > most:
            raise _RefusedError(problem(413, f"The body is longer than {most:,} bytes.", {"Connection": "close"}))
        try:
            body = await asyncio.wait_for(_read(receive, most), self._settings.body_timeout_s)
        except TimeoutError as error:
            raise _RefusedError(problem(408, "The body did not arrive in time.", {"Connection": "close"})) from error
        if body is None:
            raise _RefusedError(problem(413, f"The body is longer than {most:,} bytes.", {"Connection": "close"}))
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise _RefusedError(problem(400, "The body is not UTF-8.")) from error
        told = False

        async def again() -> Message:
            nonlocal told
            if told:
                return await receive()  # whether the client is still there
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        return again

    def _speaking(self, send: Send, passage: _Passage, guarded: bool) -> Send:
        async def speaking(message: Message) -> None:
            if message["type"] == "http.response.start":
                passage.status = message["status"]
                known = {name.lower() for name, _ in message["headers"]}
                more = _HEADERS | (_OF_ANSWERS if guarded else {})
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in more.items() if name not in known),
                    (b"x-request-id", passage.request_id.encode()),
                ]
            await send(message)

        return speaking

    def _tell(self, scope: Scope, passage: _Passage) -> None:
        seconds = time.monotonic() - passage.began
        route = getattr(scope.get("route"), "path", "none")
        self._done(scope["method"], route, passage.status, seconds)
        caller = scope["state"].get("caller")
        _log.info(
            "request",
            extra={
                "request_id": passage.request_id, "method": scope["method"], "route": route, "status": passage.status,
                "ms": round(seconds * 1000, 1), "caller": caller.name if caller is not None else None,
            },
        )  # fmt: skip


async def _read(receive: Receive, most: int) -> bytes | None:
    """Returns the whole body, None where it is longer than it may be."""
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        length += len(message.get("body", b""))
        if length > most:
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)
