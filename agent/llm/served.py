"""LangChain's client for servers that speak OpenAI's protocol, as it is used here."""

from __future__ import annotations

from typing import Any

from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import BaseChatOpenAI

_AS_GIVEN = ("messages", "response_format")


class _AsGiven:
    """Sends messages and the JSON schema of an answer as they stand, and takes the answer as it comes.

    OpenAI's client otherwise walks through both value by value, and reads the answer by the schema, which takes longer than all else that a request
    costs here, though the messages are plain text and the answer is read by its schema where it is judged.
    """

    def _get_request_payload(self, *arguments: Any, **options: Any) -> dict[str, Any]:
        payload: dict[str, Any] = super()._get_request_payload(*arguments, **options)  # type: ignore[misc]  # of the class beside this one
        said = {name: payload.pop(name) for name in _AS_GIVEN if name in payload}
        return {**payload, "messages": [], "extra_body": {**(payload.get("extra_body") or {}), **said}}


class ServedModel(_AsGiven, BaseChatOpenAI):  # type: ignore[misc]
    """A model behind any address."""


class OpenAIModel(_AsGiven, ChatOpenAI):  # type: ignore[misc]
    """A model of OpenAI's own, where a limit of tokens has another name."""
