"""What a model's server can do, found out by trying it: each ability with what was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.failures import ModelFailure, failure_of
from convrec.core.settings import Llm

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

_TOKENS = 60
_LIST_S = 5.0


@dataclass(frozen=True)
class Ability:
    """One thing that a place was tried for, and what was seen."""

    place: str
    name: str
    able: bool
    seen: str


class Colour(BaseModel):
    """An answer that only a guided model gives to a question about something else."""

    colour: Literal["red", "green"]
    shade: Literal["light", "dark"]


def abilities(client: ChatClient, settings: Llm, key: str = "") -> Iterator[Ability]:
    """Yields what each place is able to do: answer, stream, keep to a JSON schema, call tools, serve the adapter, and how much it reads.

    A few short requests are sent to each.
    """
    for endpoint, url in zip(client.endpoints, settings.urls or ("",), strict=True):
        answered = _tried(endpoint, "answers", lambda one: _answers(one, settings))
        yield answered
        if not answered.able:
            continue
        yield _tried(endpoint, "streams", lambda one: _streams(one, settings))
        yield _tried(endpoint, "JSON schema", lambda one: _guided(one, settings))
        yield _tried(endpoint, "tool calls", _calls_tools)
        if url:
            yield from _listed(endpoint, url, settings, key)


def _tried(endpoint: Endpoint, name: str, attempt: Callable[[Endpoint], str]) -> Ability:
    try:
        return Ability(endpoint.name, name, True, attempt(endpoint))
    except ModelFailure as failure:
        return Ability(endpoint.name, name, False, failure.kind)


def _answers(endpoint: Endpoint, settings: Llm) -> str:
    budget = Budget(settings)
    endpoint.answer(_said("Say hello."), budget, max_tokens=_TOKENS)
    return f"in {settings.timeout_s - budget.left_s:.1f} s"


def _streams(endpoint: Endpoint, settings: Llm) -> str:
    pieces = list(endpoint.pieces(_said("Count from one to five in words."), Budget(settings), max_tokens=_TOKENS))
    if not pieces:
        raise ModelFailure("empty")
    return f"{len(pieces)} pieces"


def _guided(endpoint: Endpoint, settings: Llm) -> str:
    """Asks for something else than the schema admits: only a guided answer keeps to it."""
    one = ChatClient([endpoint])
    asked = [("system", "Answer in one JSON object."), ("user", "What is the capital of France?")]
    one.ask(asked, Colour, Budget(settings.model_copy(update={"max_calls_per_turn": 1})), max_tokens=_TOKENS)
    return "kept to" if endpoint.guided else "not guided, but answered so when asked"


def _calls_tools(endpoint: Endpoint) -> str:
    tool = {
        "type": "function",
        "function": {
            "name": "look_up", "description": "Looks up an item by its name.",
            "parameters": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        },
    }  # fmt: skip
    model: BaseChatModel = endpoint.model
    try:
        answer = model.invoke(_said("Look up the item called Heat. Use the tool."), tools=[tool], max_tokens=_TOKENS)
    except Exception as error:  # noqa: BLE001  (a server can fail in any way)
        raise failure_of(error) from None
    calls = getattr(answer, "tool_calls", [])
    if not calls or calls[0]["name"] != "look_up" or "name" not in calls[0]["args"]:
        raise ModelFailure("schema")
    return "sound"


def _listed(endpoint: Endpoint, url: str, settings: Llm, key: str) -> Iterator[Ability]:
    """Yields what the server's list of models says: whether it serves the adapter, and how long a prompt may be."""
    import httpx2

    try:
        with httpx2.Client(timeout=_LIST_S) as http:
            rows = http.get(f"{url.rstrip('/')}/models", headers={"Authorization": f"Bearer {key or 'none'}"}).json()[
                "data"
            ]
        models = {str(row["id"]): row for row in rows}
    except Exception as error:  # noqa: BLE001  (as above)
        yield Ability(endpoint.name, "list of models", False, failure_of(error).kind)
        return
    if settings.adapter:
        yield Ability(endpoint.name, "LoRA adapter", settings.adapter in models, settings.adapter)
    length = models.get(settings.model, {}).get("max_model_len")
    yield Ability(endpoint.name, "context length", bool(length), f"{length:,} tokens" if length else "not told")


def _said(text: str) -> list[BaseMessage]:
    from langchain_core.messages import HumanMessage

    return [HumanMessage(content=text)]
