"""Chats as tokens: what the template writes, with a mark on each token that the assistant says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convrec.core.errors import ModelError
from convrec.finetune.sets.rows import ChatMessage

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True)
class Encoded:
    """A chat as token ids `(n,)`, and which of them are learned: those that the assistant says, the one that ends its turn included."""

    ids: tuple[int, ...]
    learned: tuple[bool, ...]


class Template:
    """A tokenizer's chat template, as servers use it: the prompt is written and tokenised by itself, the answer goes on from there."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        """Takes a tokenizer.

        Raises:
            ModelError: it has no chat template.
        """
        if not tokenizer.chat_template:
            raise ModelError(
                "The base has no chat template, so nothing says how a chat is written for it.",
                "Take its variant for chats, or put a chat_template.jinja beside its tokenizer.",
            )
        self.tokenizer = tokenizer

    def encode(self, messages: Sequence[ChatMessage]) -> Encoded:
        """Returns a chat whose last message is the assistant's; every message of the assistant is learned.

        Raises:
            ModelError: the template refuses the chat, or does not write what the assistant says.
        """
        ids: list[int] = []
        learned: list[bool] = []
        for text, said in self._segments(messages):
            found = self.tokens(text)
            ids += found
            learned += [said] * len(found)
        return Encoded(tuple(ids), tuple(learned))

    def prompt(self, messages: Sequence[ChatMessage]) -> list[int]:
        """Returns the token ids after which the assistant speaks.

        Raises:
            ModelError: the template refuses the chat.
        """
        return self.tokens(self._written(messages, speaks=True))

    def tokens(self, text: str) -> list[int]:
        """Returns the ids of a text that the template wrote, special tokens read as such, none added."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _segments(self, messages: Sequence[ChatMessage]) -> list[tuple[str, bool]]:
        """Returns the text that the template writes, in pieces that are learned and pieces that are not."""
        found: list[tuple[str, bool]] = []
        written = 0
        for place, message in enumerate(messages):
            if message.role != "assistant":
                continue
            before, whole = (
                self._written(messages[:place], speaks=True),
                self._written(messages[: place + 1], speaks=False),
            )
            start = len(before) if whole.startswith(before) else _common(before, whole)
            end = whole.find(message.content.strip(), start)
            if end < 0:
                raise ModelError(
                    "The base's chat template does not write what the assistant says as it was said, so its answers can't be learned.",
                    "Take a base whose template leaves messages as they are.",
                )
            end = self._closed(whole, end + len(message.content.strip()))
            found += [(whole[written:start], False), (whole[start:end], True)]
            written = end
        if not found:
            raise ModelError(
                "A chat without an answer can't be learned.", "Let it end with a message of the assistant."
            )
        return [piece for piece in found if piece[0]]

    def _closed(self, whole: str, end: int) -> int:
        """Returns where the assistant's turn ends: after the special token that stands next to its words, if there is one."""
        rest = whole[end:]
        marks = [mark for mark in self.tokenizer.all_special_tokens if rest.lstrip().startswith(mark)]
        return end + len(rest) - len(rest.lstrip()) + max(map(len, marks)) if marks else end

    def _written(self, messages: Sequence[ChatMessage], *, speaks: bool) -> str:
        from jinja2 import TemplateError

        chat = [message.model_dump() for message in messages]
        try:
            return str(self.tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=speaks))
        except TemplateError as error:
            raise ModelError(
                f"The base's chat template refuses the messages: {error}.",
                "Take a base whose template has a place for a system message.",
            ) from error


def _common(one: str, other: str) -> int:
    """Returns how many characters two texts begin with alike."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
