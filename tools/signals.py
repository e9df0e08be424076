"""Signals: a tool asked about one aspect of a request, and what each signal weighs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from pydantic import BaseModel, ConfigDict

from convrec.tools.contract import Query, Tool
from convrec.tools.fusion import SMOOTHING

Aspect = Literal["text", "history", "context", "prior"]

_SHARES: dict[Aspect, float] = {"text": 1.0, "history": 0.6, "context": 0.4, "prior": 0.1}
"""What the tools of one aspect weigh together, where nothing was learned: what is asked for now goes before taste."""

_TALKING: dict[Aspect, float] = {**_SHARES, "text": 0.4, "context": 1.0}
"""The same in a conversation, whose last turns alone say less than the whole."""


_FEW = 3  # liked items up to which a history says little about what the same people chose
_CONTENT = 0.4  # what is then the least share of nearness in content


@dataclass(frozen=True)
class Signal:
    """One tool asked about one aspect: `dense/text`."""

    tool: str
    aspect: Aspect

    @property
    def name(self) -> str:
        """Returns `tool/aspect`."""
        return f"{self.tool}/{self.aspect}"

    def query(self, query: Query) -> Query | None:
        """Returns the query with this aspect alone; None where the query does not have it."""
        match self.aspect:
            case "text":
                return replace(query, history=(), context="") if query.text.strip() else None
            case "history":
                liked = any(weight > 0 for _, weight in query.history)
                return replace(query, text="", context="", vector=None) if liked else None
            case "context":
                return query if query.context.strip() else None
            case "prior":
                return replace(query, text="", context="", history=())


class Weights(BaseModel):
    """What signals weigh, by name, for conversations and for histories alone, as learned on held-out data; empty where nothing was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dialogue: dict[str, float] = {}
    history: dict[str, float] = {}
    smoothing: float = SMOOTHING


def signals(tools: Mapping[str, Tool], told: bool | None = None) -> Iterator[Signal]:
    """Yields every aspect about which each tool can be asked.

    Of a whole conversation tools are asked where one of them has learned from conversations: only then is it known what to make of it.
    `told` says so in place of the tools.
    """
    if told is None:
        told = any(tool.capabilities.context_query and "dialogues" in tool.needs for tool in tools.values())
    for name, tool in tools.items():
        can = tool.capabilities
        if can.text_query:
            yield Signal(name, "text")
        if can.fold_in:
            yield Signal(name, "history")
        if can.context_query and told:
            yield Signal(name, "context")
        if not (can.text_query or can.fold_in or can.context_query):
            yield Signal(name, "prior")


def weigh(asked: list[Signal], query: Query, learned: Weights) -> dict[Signal, float]:
    """Returns each signal's weight for this query.

    A conversation of several turns takes what was learned on dialogues; a history alone what was learned on histories. Else
    the tools of an aspect share its weight (within `history` in the proportions that were learned; of a few liked items,
    what they are counts for at least a fixed share).
    """
    if query.context and learned.dialogue:
        weights = {signal: learned.dialogue.get(signal.name, 0.0) for signal in asked}
        if any(weights.values()):
            return weights
    proportions = {
        signal: learned.history.get(signal.name, 0.0 if learned.history else 1.0) if signal.aspect == "history" else 1.0
        for signal in asked
    }
    if not any(share for signal, share in proportions.items() if signal.aspect == "history"):
        proportions = dict.fromkeys(asked, 1.0)
    liked = sum(weight > 0 for _, weight in query.history)
    content = next((s for s in asked if s.name == "dense/history"), None)
    if content is not None and 0 < liked <= _FEW:
        others = sum(share for signal, share in proportions.items() if signal.aspect == "history" and signal != content)
        proportions[content] = max(proportions[content], others * _CONTENT / (1 - _CONTENT))
    totals: dict[Aspect, float] = {}
    for signal, share in proportions.items():
        totals[signal.aspect] = totals.get(signal.aspect, 0.0) + share
    shares = _TALKING if query.context and "context" in totals else _SHARES
    return {signal: shares[signal.aspect] * share / totals[signal.aspect] for signal, share in proportions.items()}
