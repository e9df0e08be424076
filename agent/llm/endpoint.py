"""One place where a model answers, what it was found able to do, and whether it rests."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.failures import Failure, ModelFailure, failure_of
from convrec.agent.llm.switch import refuse_if_banned

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk, BaseMessage

_TRIES = 5  # failures in a row after which a place rests
_UNREACHABLE = 2  # the same, of nobody answering at all
_REST_S = 10.0
_DOWN: frozenset[Failure] = frozenset({"unreachable", "timeout", "busy", "error", "malformed"})
_END = object()


class Answered(NamedTuple):
    """What a model answered, and whether it came to its end."""

    text: str
    whole: bool


@dataclass
class Endpoint:
    """A chat model and how it has fared.

    `guided` says whether it takes a JSON schema and `streams` whether it answers piece by piece; it is taken to, until it is seen not to.
    A `real` one costs money or time, and is not asked where requests are banned. One in this process is `told_time`: how long it may take.
    """

    name: str
    model: BaseChatModel
    guided: bool = True
    streams: bool = True
    real: bool = True
    told_time: bool = False
    _failures: int = 0
    _unanswered: int = 0
    _rests_until: float = float("-inf")
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def rests(self, now: float) -> bool:
        """Tells whether it failed so often lately that it is left alone for a while."""
        return now < self._rests_until

    def fared(self, failure: ModelFailure | None, now: float) -> None:
        """Notes how a request went; a place that fails again and again rests, and after that has to fail but once more."""
        with self._guard:
            kind = failure.kind if failure is not None else None
            self._failures = self._failures + 1 if kind in _DOWN else 0
            self._unanswered = self._unanswered + 1 if kind == "unreachable" else 0
            if self._failures >= _TRIES or self._unanswered >= _UNREACHABLE:
                self._rests_until = now + _REST_S
                self._failures, self._unanswered = _TRIES - 1, _UNREACHABLE - 1

    def answer(self, messages: Sequence[BaseMessage], budget: Budget, **options: Any) -> Answered:
        """Returns the model's answer, not piece by piece.

        Raises:
            ModelFailure: whatever went wrong, the turn's time included.
        """
        options |= self._begin(budget)
        found = next(self._parts(budget, lambda stop: iter([self.model.invoke(list(messages), **options)])), None)
        if found is None:
            raise ModelFailure("empty")
        budget.count(_tokens(found))
        return Answered(str(found.text), found.response_metadata.get("finish_reason") != "length")

    def pieces(self, messages: Sequence[BaseMessage], budget: Budget, **options: Any) -> Iterator[str]:
        """Yields the model's answer as it comes.

        Raises:
            ModelFailure: whatever went wrong, also in mid-stream.
        """
        options |= self._begin(budget)

        def chunks(stop: threading.Event) -> Iterator[AIMessageChunk]:
            for chunk in self.model.stream(list(messages), **options):
                if stop.is_set():
                    return
                yield chunk

        for chunk in self._parts(budget, chunks):
            budget.count(_tokens(chunk))
            if text := str(chunk.text):
                yield text

    def _begin(self, budget: Budget) -> dict[str, float]:
        """Counts a request; returns what the model is told beside the messages."""
        if self.real:
            refuse_if_banned()
        budget.spend_call()
        return {"deadline_s": budget.left_s} if self.told_time else {}

    def _parts(self, budget: Budget, work: Callable[[threading.Event], Iterator[Any]]) -> Iterator[Any]:
        """Yields what the work yields, in a thread of its own, until the turn's time is over."""
        parts: queue.SimpleQueue[Any] = queue.SimpleQueue()
        stop = threading.Event()

        def run() -> None:
            try:
                for part in work(stop):
                    parts.put(part)
                parts.put(_END)
            except BaseException as error:  # noqa: BLE001  (a model can fail in any way, and each is the caller's to judge)
                parts.put(failure_of(error))

        # A server's answer may be left hanging when the process ends; a model inside it must come to its own end, which it does in time.
        threading.Thread(target=run, name=f"model {self.name}", daemon=not self.told_time).start()
        try:
            while (part := self._next(parts, budget)) is not _END:
                if isinstance(part, ModelFailure):
                    budget.count(part.tokens)
                    raise part
                yield part
        finally:
            stop.set()

    @staticmethod
    def _next(parts: queue.SimpleQueue[Any], budget: Budget) -> Any:
        try:
            return parts.get(timeout=max(budget.left_s, 0.0))
        except queue.Empty:
            raise ModelFailure("timeout") from None


def _tokens(message: Any) -> dict[str, int] | None:
    return getattr(message, "usage_metadata", None)
