"""Errors as RFC 9457 problem documents, on every route. The sentence is for people; nothing of a key, a path or a traceback is in it."""

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from convrec.core.errors import BusyError, ConvrecError, InputError, NotFittedError, UnknownItemError, WorkspaceError
from convrec.core.text import well_formed
from convrec.ui.keys import ForbiddenError

_log = logging.getLogger(__name__)
_AGAIN_S = 2


class Problem(BaseModel):
    """What went wrong, as RFC 9457 has it. `error` says the same to clients that expect OpenAI's shape."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | None = None


class ProblemError(Exception):
    """An answer with that status; `after_s` says when to try again."""

    def __init__(
        self, status: int, detail: str, *, after_s: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.status, self.detail = status, detail
        self.headers = {**(headers or {}), **({"Retry-After": str(after_s)} if after_s is not None else {})}
        super().__init__(detail)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """Returns the response of a problem."""
    title, detail = HTTPStatus(status).phrase, well_formed(detail)
    kind = "invalid_request_error" if status < 500 else "server_error"
    document = {
        "type": "about:blank", "title": title, "status": status, "detail": detail,
        "error": {"message": detail, "type": kind, "code": status, "param": None}, **more,
    }  # fmt: skip
    return JSONResponse(document, status, headers, media_type="application/problem+json")


def status_of(error: ConvrecError) -> int:
    """Returns the status that an error of ours is answered with."""
    match error:
        case ForbiddenError():
            return 403
        case UnknownItemError():
            return 404
        case InputError():
            return 422
        case BusyError() | WorkspaceError() | NotFittedError():
            return 503
        case _:
            return 500


def of_error(error: ConvrecError) -> Response:
    """Returns the response of an error of ours."""
    status = status_of(error)
    return problem(status, str(error), {"Retry-After": str(_AGAIN_S)} if status == 503 else None)


def said(error: Exception) -> str:
    """Returns the sentence for whatever went wrong in the middle of a stream, where no status can be sent any more."""
    if isinstance(error, ConvrecError):
        return well_formed(str(error))
    if isinstance(error, ProblemError):
        return error.detail
    _log.exception("a turn failed", exc_info=error)
    return UNEXPECTED


UNEXPECTED = "Something went wrong on the server's side, and nothing of the request was kept."


def install(app: FastAPI) -> None:
    """Makes every error of the app a problem document."""

    @app.exception_handler(ProblemError)
    async def _problem(_: Request, error: ProblemError) -> Response:
        return problem(error.status, error.detail, error.headers)

    @app.exception_handler(ConvrecError)
    async def _ours(_: Request, error: ConvrecError) -> Response:
        return of_error(error)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        words = {404: "There is no such route.", 405: "The route has no such method."}
        return problem(error.status_code, words.get(error.status_code, str(error.detail)), dict(error.headers or {}))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        broken = first["type"] == "json_invalid"
        place = ".".join(str(part) for part in first["loc"] if part != "body")
        words = (
            "The body is not JSON." if broken else f"`{place or 'body'}`: {first['msg'].removeprefix('Value error, ')}."
        )
        return problem(400 if broken else 422, words)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> Response:
        route = getattr(request.scope.get("route"), "path", "none")  # the address holds ids of people
        _log.error("%s %s failed", request.method, route, exc_info=error)
        return problem(500, UNEXPECTED)
