"""Talking over HTTP: one turn whole, or as server-sent events."""

import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from convrec.core.reply import DoneEvent, ErrorEvent, Reply, TurnEvent
from convrec.ui.api.problems import said
from convrec.ui.api.service import CallerOf, RequestIdOf, Service, ServiceOf, document, problems
from convrec.ui.api.shapes import ChatBody

router = APIRouter(tags=["chat"])
STREAM = "text/event-stream"
STREAM_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
EVENT: dict[str, Any] = {
    "type": "object", "properties": {"event": {"type": "string"}, "data": {"type": "string"}}, "required": ["data"],
}  # fmt: skip
"""What each event of a stream is, for the OpenAPI document; `data` is JSON."""
_EVENTS: dict[str, Any] = {
    "description": "The reply; with `stream`, server-sent events named plan, tool, candidates, token, item, question, profile, error and done.",
    "content": {STREAM: {"schema": EVENT}},
}


@router.post("/v1/chat", response_model=Reply, responses={**problems(), 200: _EVENTS})
async def chat(body: ChatBody, service: ServiceOf, caller: CallerOf, request_id: RequestIdOf) -> Response:
    """Answers one message of a person. The same Idempotency-Key again gets the answer that was stored."""
    events = turn(service, body.text, caller.user_id(body.user_id), body.thread_id, request_id)
    if not body.stream:
        return document(*await replied(service, events))
    sent = _sent(await started(service.pool.stream(events)))
    return StreamingResponse(sent, media_type=STREAM, headers=STREAM_HEADERS)


def turn(
    service: Service, text: str, user_id: str, thread_id: str, request_id: str | None, history: Sequence[dict[str, str]] = ()
) -> Callable[[], Iterator[TurnEvent]]:  # fmt: skip
    """Returns what yields the events of a turn."""
    follow = partial(
        service.agent.stream, text, user_id=user_id, thread_id=thread_id, request_id=request_id, history=history
    )
    return service.tracing.turn(follow, text)


async def replied(service: Service, events: Callable[[], Iterator[TurnEvent]]) -> tuple[Reply, dict[str, str]]:
    """Returns the reply of a turn whose events nobody asked for, and the header that tells how long the turn itself took (W3C Server Timing)."""

    def last() -> tuple[Reply, float]:
        began = time.perf_counter()
        reply = [event.reply for event in events() if isinstance(event, DoneEvent)][-1]
        return reply, time.perf_counter() - began

    reply, seconds = await service.run(last)
    return reply, {"Server-Timing": f"turn;dur={seconds * 1000:.2f}"}


async def started(events: AsyncIterator[TurnEvent]) -> AsyncIterator[TurnEvent]:
    """Returns the events once the first is there, so that what is refused is refused with a status; later failures become an `error` event.

    Raises:
        What a turn raises before its first event.
    """
    first = await anext(events)

    async def all_of_them() -> AsyncIterator[TurnEvent]:
        yield first
        try:
            async for event in events:
                yield event
        except Exception as error:  # noqa: BLE001  (the boundary: the status was sent)
            yield ErrorEvent(message=said(error))

    return all_of_them()


async def _sent(events: AsyncIterator[TurnEvent]) -> AsyncIterator[bytes]:
    async for event in events:
        yield f"event: {event.type}\ndata: {event.model_dump_json(exclude={'type'})}\n\n".encode()
