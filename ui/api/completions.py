"""The agent as a model behind OpenAI's chat completions. The Reply rides along under `convrec`."""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse

from convrec.core.clock import random_id
from convrec.core.reply import DoneEvent, ErrorEvent, Reply, TokenEvent, TurnEvent
from convrec.ui.api.chat import EVENT, STREAM, STREAM_HEADERS, replied, started, turn
from convrec.ui.api.problems import ProblemError
from convrec.ui.api.service import CallerOf, RequestIdOf, ServiceOf, problems
from convrec.ui.api.shapes import CompletionBody

router = APIRouter(tags=["openai"])
MODEL = "convrec"


@router.get("/v1/models", responses=problems())
async def models(service: ServiceOf) -> dict[str, Any]:
    """Lists the one model there is: the agent."""
    return {"object": "list", "data": [await model(MODEL, service)]}


@router.get("/v1/models/{name}", responses=problems(404))
async def model(name: str, service: ServiceOf) -> dict[str, Any]:
    """Describes the agent as a model."""
    _check(name)
    created = int(datetime.fromisoformat(service.agent.workspace.current().created).timestamp())
    return {"id": MODEL, "object": "model", "created": created, "owned_by": MODEL}


@router.post("/v1/chat/completions", responses={**problems(404), 200: {"content": {STREAM: {"schema": EVENT}}}})
async def completions(body: CompletionBody, service: ServiceOf, caller: CallerOf, request_id: RequestIdOf) -> Response:
    """Answers the last message of a conversation. `messages` is all of it, in a thread of its own unless `thread_id` names one."""
    _check(body.model)
    said = [{"role": m.role, "content": m.text} for m in body.messages if m.role in ("user", "assistant")]
    if not said or said[-1]["role"] != "user":
        raise ProblemError(422, "`messages`: the last one is not the user's.")
    user_id = caller.user_id(body.user)
    completion = _Completion(f"chatcmpl-{random_id()}", int(service.clock.now().timestamp()))
    thread_id = body.thread_id or completion.id
    history = () if body.thread_id else said[:-1]
    events = turn(service, said[-1]["content"], user_id, thread_id, request_id, history)
    if not body.stream:
        return completion.whole(*await replied(service, events))
    usage = bool((body.stream_options or {}).get("include_usage"))
    return StreamingResponse(
        completion.pieces(await started(service.pool.stream(events)), usage), media_type=STREAM, headers=STREAM_HEADERS
    )


def _check(name: str) -> None:
    if name != MODEL:
        raise ProblemError(404, f"There is no model of that name: the one here is {MODEL!r}.")


@dataclass(frozen=True)
class _Completion:
    """One answer in OpenAI's shapes."""

    id: str
    created: int

    def whole(self, reply: Reply, headers: Mapping[str, str]) -> Response:
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": reply.text},
            "finish_reason": "stop",
            "logprobs": None,
        }
        return JSONResponse(
            {
                **self._head("chat.completion"),
                "choices": [choice],
                "usage": _usage(reply),
                "convrec": reply.model_dump(mode="json"),
            },
            headers=headers,
        )

    async def pieces(self, events: AsyncIterator[TurnEvent], usage: bool) -> AsyncIterator[bytes]:
        yield self._chunk({"role": "assistant", "content": ""})
        async for event in events:
            match event:
                case TokenEvent():
                    yield self._chunk({"content": event.text})
                case ErrorEvent():
                    yield _line(json.dumps({"error": {"message": event.message, "type": "server_error", "code": 500}}))
                case DoneEvent():
                    yield self._chunk({}, finish_reason="stop", convrec=event.reply.model_dump(mode="json"))
                    if usage:
                        yield _line(json.dumps({**self._head(_CHUNK), "choices": [], "usage": _usage(event.reply)}))
        yield _line("[DONE]")

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None, **more: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return _line(json.dumps({**self._head(_CHUNK), "choices": [choice], **more}))


_CHUNK = "chat.completion.chunk"


def _line(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def _usage(reply: Reply) -> dict[str, int]:
    """Returns what a configured model's server counted; the agent's own words cost no tokens."""
    spent = reply.usage
    return {
        "prompt_tokens": spent.prompt_tokens, "completion_tokens": spent.completion_tokens,
        "total_tokens": spent.prompt_tokens + spent.completion_tokens,
    }  # fmt: skip
