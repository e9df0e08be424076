"""What all routes share: the agent, the threads that work for it, and what a request tells about whoever asks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast
from urllib.parse import unquote

from fastapi import Depends, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel

from convrec.core.clock import Clock
from convrec.ui.api.metrics import Metrics
from convrec.ui.api.pool import Pool
from convrec.ui.api.problems import Problem, ProblemError
from convrec.ui.api.telemetry import Tracing, Untraced
from convrec.ui.keys import Caller

if TYPE_CHECKING:
    from convrec.agent.agent import Agent
    from convrec.ui.api.tokens import Tokens

Result = TypeVar("Result")


@dataclass
class Service:
    """One agent, its threads, what is counted, the time, who gives tokens, who traces, and whether it takes requests at all."""

    agent: "Agent"
    pool: Pool
    metrics: Metrics
    clock: Clock
    tokens: "Tokens"
    tracing: Tracing = field(default_factory=Untraced)
    ready: bool = True

    async def run(self, work: Callable[[], Result]) -> Result:
        """Returns what the work returns; it raises what `Pool.run` does."""
        return await self.pool.run(work)


def _service(request: Request) -> Service:
    return cast("Service", request.app.state.service)


def _caller(request: Request) -> Caller:
    return cast("Caller", request.state.caller)


def keeper(request: Request) -> Caller:
    """Returns who asks, who may change the catalogue.

    Raises:
        ProblemError: they may not.
    """
    caller = _caller(request)
    if not caller.keeps_shop:
        raise ProblemError(403, "This key may not change the catalogue: it takes one of a tenant or an administrator.")
    return caller


def administrator(request: Request) -> Caller:
    """Returns who asks, who may see and do everything.

    Raises:
        ProblemError: they may not.
    """
    caller = _caller(request)
    if not caller.admin:
        raise ProblemError(403, "This takes an administrator's key.")
    return caller


def decoded(part: str) -> str:
    """Returns an id as it was before it became a part of an address.

    Raises:
        ProblemError: it is no UTF-8.
    """
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise ProblemError(400, "An id in the address is not UTF-8.") from error


def _user(user_id: Annotated[str, Path(description="the user's id")], request: Request) -> str:
    return _caller(request).user_id(decoded(user_id))


def _request_id(request: Request) -> str | None:
    """Returns the request's Idempotency-Key."""
    return request.headers.get("idempotency-key")


ServiceOf = Annotated[Service, Depends(_service)]
CallerOf = Annotated[Caller, Depends(_caller)]
KeeperOf = Annotated[Caller, Depends(keeper)]
UserOf = Annotated[str, Depends(_user)]
RequestIdOf = Annotated[str | None, Depends(_request_id)]


def document(value: BaseModel, headers: Mapping[str, str] | None = None) -> Response:
    """Returns a shape of ours as a response, which is written once and not checked again."""
    return Response(value.model_dump_json(), media_type="application/json", headers=headers)


_CAUSES = {
    400: "the body is not JSON or not UTF-8", 401: "no key, or none of this server's", 403: "another's user, or more than the key may",
    404: "unknown", 408: "the body did not arrive in time", 413: "the body is too long", 422: "a value is not right", 429: "too many ask",
    503: "something that the server needs is away",
}  # fmt: skip


def problems(*also: int) -> dict[int | str, dict[str, Any]]:
    """Returns the problems of a route for the OpenAPI document: those that every one has, and others."""
    return {
        status: {"description": _CAUSES[status], "content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
        for status in sorted({400, 401, 403, 408, 413, 422, 429, 503, *also})
    }  # fmt: skip
