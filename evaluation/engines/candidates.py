"""Who is compared: the compact engine, the model, and the model with its adapter, each serving one step at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.connect import connect
from convrec.agent.llm.failures import ModelFailure
from convrec.core.errors import ConvrecError, InputError
from convrec.core.reply import Reply, Usage
from convrec.core.settings import Llm, Step
from convrec.prompts.rendering import prompt

Job = Step | Literal["rank"]
"""What engines are compared in: the steps of a turn, and ordering what was found, which is asked for apart from them."""

COMPACT, MODEL, ADAPTED = "compact", "model", "model with adapter"
Connect = Callable[[Llm], ChatClient | None]
_AWAY = frozenset(
    {"unreachable", "refused", "busy", "error", "malformed", "timeout", "banned"}
)  # failures that are not about what a model says
_FEW = 16  # tokens of an answer to see whether there is any


@dataclass(frozen=True)
class Candidate:
    """One engine: its name in tables, the settings it is asked by, and the way to its model (None: the compact engine)."""

    name: str
    llm: Llm
    client: ChatClient | None

    def serving(self, step: Step) -> Llm:
        """Returns the settings by which it serves that step alone."""
        return self.llm.model_copy(update={"steps": (step,), "rank": "off"})


def candidates(llm: Llm, connected: Connect = connect) -> list[Candidate]:
    """Returns the compact engine, the model without an adapter, and the model with it where one is set.

    Raises:
        InputError: no model is named. ConvrecError: the model does not answer.
    """
    if not llm.configured:
        raise InputError(
            "No chat model is configured, so there is nothing to compare.",
            "Set `model` and `base_url` under [llm] in convrec.toml, or give --model and --base-url.",
        )
    found = [Candidate(COMPACT, Llm(), None), _asked(MODEL, llm.model_copy(update={"adapter": ""}), connected)]
    return [*found, _asked(ADAPTED, llm, connected)] if llm.adapter else found


def _asked(name: str, llm: Llm, connected: Connect) -> Candidate:
    client = connected(llm)
    assert client is not None  # it is configured
    tried = [("system", prompt("explain", "system", nouns="things")), ("user", '{"message": "hello", "items": []}')]
    try:
        list(client.stream(tried, Budget(llm), max_tokens=_FEW))
    except ModelFailure as failure:
        if failure.kind in _AWAY:
            called = llm.adapter or llm.model or "at the server"
            raise ConvrecError(
                f"The model {called} does not answer ({failure.kind}).",
                f"See that {llm.base_url or 'its folder'} serves it; a key is read from ${llm.api_key_env}.",
            ) from None
    return Candidate(name, llm, client)


def spent(usage: Usage, fallback: str | None, ms: float) -> dict[str, Any]:
    """Returns what one turn cost and why it fell back, as a row: requests, tokens, cost, milliseconds."""
    tokens = usage.prompt_tokens + usage.completion_tokens
    return {
        "requests": usage.llm_calls,
        "tokens": tokens,
        "cost": usage.cost,
        "ms": round(ms, 3),
        "fallback": fallback or "",
    }


def of_reply(reply: Reply) -> dict[str, Any]:
    """Returns what a reply cost, its text, and what became of the model's sentences, as a row."""
    claims = next((step for step in reply.trace if step.tool == "claims"), None)
    worded = {"written": claims.n_in, "passed": claims.n_out, "lines": claims.arguments["lines"]} if claims else {}
    row = {"text": reply.text, "items": [item.id for item in reply.items], **worded}
    return {**row, **spent(reply.usage, reply.fallback, reply.ms)}


def costs(turns: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """Returns what turns cost on average, as `(sum, turns)`."""
    n = float(len(turns))
    found = {f"{name} a turn": (float(sum(turn[name] for turn in turns)), n) for name in ("requests", "tokens", "cost")}
    return found | {"fell back": (float(sum(bool(turn["fallback"]) for turn in turns)), n)}
