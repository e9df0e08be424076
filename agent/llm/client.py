"""The one way to a chat model: guided JSON where a server offers it, one repair, the next server where one is down, all within a turn's budget."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from convrec.agent.llm.answers import Answer, json_schema, parsed, without_thoughts
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.failures import ModelFailure

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

Message = tuple[str, str]
"""`(role, text)`, the role one of `system`, `user`, `assistant`."""

_TRIES = 2  # requests a step: one, and one repair or retry
_PAUSE_S = (0.1, 0.5)  # before the same place is asked again
_ELSEWHERE = frozenset({"unreachable", "busy", "error", "malformed"})  # after which another place may do better
_SHOWN_AGAIN = 2_000  # characters of a wrong answer that the repair quotes


class ChatClient:
    """Asks the first of several places that does not rest. Safe to use from several threads."""

    def __init__(
        self,
        endpoints: Sequence[Endpoint],
        *,
        seed: int = 0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoints = tuple(endpoints)
        self._rng, self._now, self._sleep = random.Random(seed), now, sleep

    def ask(self, messages: Sequence[Message], schema: type[Answer], budget: Budget, *, max_tokens: int) -> Answer:
        """Returns the model's answer as an object of the schema, after at most one repair or retry.

        Raises:
            ModelFailure: no such answer came.
        """
        failed: ModelFailure | None = None
        endpoint: Endpoint | None = None
        said = list(messages)
        for _ in range(_TRIES):
            endpoint = self._place(failed, endpoint, budget)
            budget.repeated += failed is not None and budget.calls_left() > 0
            options = {"response_format": json_schema(schema), "temperature": 0.0} if endpoint.guided else {}
            answer = ""
            try:
                answer, whole = endpoint.answer(_messages(said), budget, max_tokens=max_tokens, **options)
                found = parsed(answer, schema, whole=whole)
            except ModelFailure as failure:
                failed = self._noted(endpoint, failure, bool(options))
                budget.malformed += failure.unreadable
                said = _repaired(messages, answer, failure)
            else:
                endpoint.fared(None, self._now())
                return found
        assert failed is not None
        raise failed

    def stream(self, messages: Sequence[Message], budget: Budget, *, max_tokens: int) -> Iterator[str]:
        """Yields the model's text as it comes, without what it thinks first; another try only while nothing came.

        Raises:
            ModelFailure: nothing came, or it broke off.
        """
        failed: ModelFailure | None = None
        endpoint: Endpoint | None = None
        for _ in range(_TRIES):
            endpoint, began = self._place(failed, endpoint, budget), False
            budget.repeated += failed is not None and budget.calls_left() > 0
            try:
                for piece in _thoughtless(self._pieces(endpoint, messages, budget, max_tokens)):
                    began = began or bool(piece.strip())
                    yield piece
                if not began:
                    raise ModelFailure("empty")
            except ModelFailure as failure:
                failed = self._noted(endpoint, failure, endpoint.guided)
                if began:
                    raise
                endpoint.streams = endpoint.streams and failure.kind != "malformed"
            else:
                endpoint.fared(None, self._now())
                return
        assert failed is not None
        raise failed

    @staticmethod
    def _pieces(endpoint: Endpoint, messages: Sequence[Message], budget: Budget, max_tokens: int) -> Iterator[str]:
        """Yields the answer piece by piece where the server streams, else whole."""
        options: dict[str, Any] = {"max_tokens": max_tokens} | ({"temperature": 0.0} if endpoint.guided else {})
        if endpoint.streams:
            yield from endpoint.pieces(_messages(messages), budget, **options)
        else:
            yield endpoint.answer(_messages(messages), budget, **options).text

    def _place(self, failed: ModelFailure | None, last: Endpoint | None, budget: Budget) -> Endpoint:
        """Returns where to ask: the first place that does not rest, after a failure another one if there is; the same one only after a pause."""
        if failed is not None and not (failed.mendable or failed.kind == "unreachable"):
            raise failed
        awake = [endpoint for endpoint in self.endpoints if not endpoint.rests(self._now())]
        if failed is None or failed.kind not in _ELSEWHERE:
            if not awake:
                raise failed or ModelFailure("resting")
            return last if last in awake else awake[0]
        others = [endpoint for endpoint in awake if endpoint is not last]
        if others:
            return others[0]
        pause = self._rng.uniform(*_PAUSE_S)
        if last not in awake or budget.calls_left() <= 0 or pause > budget.left_s:
            raise failed
        self._sleep(pause)
        return last

    def _noted(self, endpoint: Endpoint, failure: ModelFailure, guided: bool) -> ModelFailure:
        """Notes a failure with its place; one that refuses a guided request is asked unguided from now on."""
        if failure.kind not in ("spent", "banned"):
            endpoint.fared(failure, self._now())
        if failure.kind == "refused" and guided:
            endpoint.guided = False
        return failure


def _messages(said: Sequence[Message]) -> list[BaseMessage]:
    from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

    kinds: dict[str, type[BaseMessage]] = {"system": SystemMessage, "user": HumanMessage, "assistant": AIMessage}
    return [kinds[role](content=text) for role, text in said]


def _repaired(messages: Sequence[Message], answer: str, failure: ModelFailure) -> list[Message]:
    """Returns the messages with the wrong answer and what is wrong with it, where there was one."""
    if not answer.strip() or not failure.detail:
        return list(messages)
    again = f"That answer can't be used: {failure.detail}. Answer again with one JSON object of the schema, and nothing else."
    return [*messages, ("assistant", answer[:_SHOWN_AGAIN]), ("user", again)]


def _thoughtless(pieces: Iterator[str]) -> Iterator[str]:
    """Yields the pieces, a thought in `<think>` at the beginning left out."""
    held, open_ = "", True
    for piece in pieces:
        if not open_:
            yield piece
            continue
        held += piece
        start = held.lstrip()
        if (start.startswith("<think>") and "</think>" not in start) or (
            len(start) < len("<think>") and "<think>".startswith(start)
        ):
            continue
        open_ = False
        if text := without_thoughts(held):
            yield text
    if open_ and (text := without_thoughts(held)):
        yield text
