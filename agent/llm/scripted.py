"""Chat models for tests: one that says what it was told to say, and one that says again what a real one said. Part of the product, for whoever builds on it."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from convrec.agent.llm.failures import ModelFailure

Script = Callable[[Sequence[BaseMessage]], str]


class _TellingModel(BaseChatModel):
    """A chat model whose whole answer is known when it is asked: `_said` gives it, streams give it word by word."""

    @abstractmethod
    def _said(self, messages: list[BaseMessage], **kwargs: Any) -> str:
        """Returns the whole answer."""

    def _generate(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> ChatResult:  # fmt: skip
        return _whole(self._said(messages, **kwargs), messages)

    def _stream(
        self, messages: list[BaseMessage], stop: list[str] | None = None, run_manager: CallbackManagerForLLMRun | None = None, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:  # fmt: skip
        for word in _pieces(self._said(messages, **kwargs)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))


class ScriptedChatModel(_TellingModel):
    """Answers what `script` returns for the messages, or what `answers` holds, one after the other; an exception among them is raised.

    `asked` holds the messages of every request, in order.
    """

    answers: tuple[Any, ...] = ()
    script: Script | None = None
    _asked: list[list[BaseMessage]] = PrivateAttr(default_factory=list)

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """The messages of each request so far."""
        return self._asked

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _said(self, messages: list[BaseMessage], **kwargs: Any) -> str:
        self._asked.append(messages)
        answer = (
            self.script(messages)
            if self.script is not None
            else self.answers[min(len(self._asked), len(self.answers)) - 1]
        )
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)


class RecordedChatModel(_TellingModel):
    """Says again what `model` said, from a file of JSON lines; without a model it asks nobody, and what was not recorded is an error.

    An answer is known again by the whole of what was asked.
    """

    path: Path
    model: BaseChatModel | None = None

    @property
    def _llm_type(self) -> str:
        return "recorded"

    def _said(self, messages: list[BaseMessage], **kwargs: Any) -> str:
        key = hashlib.sha256(
            json.dumps([[m.type, m.content] for m in messages], ensure_ascii=False).encode()
        ).hexdigest()
        known = self._rows()
        if key in known:
            return known[key]
        if self.model is None:
            raise ModelFailure("banned", "that was not recorded")
        answer = str(self.model.invoke(messages, **kwargs).text)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "answer": answer}, ensure_ascii=False) + "\n")
        return answer

    def _rows(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        rows = (json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines())
        return {row["key"]: row["answer"] for row in rows}


def _whole(text: str, messages: list[BaseMessage]) -> ChatResult:
    """Returns the answer with its tokens counted as words."""
    sent, came = sum(len(str(m.content).split()) for m in messages), len(text.split())
    usage: Any = {"input_tokens": sent, "output_tokens": came, "total_tokens": sent + came}
    return ChatResult(generations=[ChatGeneration(message=AIMessage(content=text, usage_metadata=usage))])


def _pieces(text: str) -> Iterator[str]:
    """Yields a text word by word, white space before each."""
    held = ""
    for char in text:
        if char.isspace() and held.strip():
            yield held
            held = ""
        held += char
    if held:
        yield held
