"""Why a model's answer was not used: one word each, which a reply's `fallback` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Failure = Literal[
    "unreachable", "timeout", "busy", "error", "refused", "malformed", "empty", "schema", "too_long", "context", "unchecked",
    "looped", "spent", "resting", "banned",
]  # fmt: skip
FAILURES: tuple[Failure, ...] = get_args(Failure)
_MENDABLE = frozenset({"busy", "error", "refused", "malformed", "empty", "schema", "too_long"})
_UNREADABLE = frozenset({"empty", "schema", "too_long"})


class ModelFailure(Exception):  # noqa: N818  (no defect: the step is done without the model)
    """A model's answer can't be used. `kind` is the word for it; `detail` is for the next prompt and never holds a key; `tokens` what it cost where that is known.

    `unreachable` no connection; `timeout` past the turn's time; `busy` 429 or 503; `error` another 5xx; `refused` another 4xx; `malformed` no chat
    completion; `empty` no text; `schema` outside its schema; `too_long` longer than asked for; `context` the prompt does not fit; `unchecked` nothing of
    it was true; `looped` the same again; `spent` no call left; `resting` the server failed often and rests; `banned` requests are switched off.
    """

    def __init__(self, kind: Failure, detail: str = "", tokens: Mapping[str, int] | None = None) -> None:
        super().__init__(kind)
        self.kind, self.detail, self.tokens = kind, detail, tokens

    @property
    def unreadable(self) -> bool:
        """Tells whether there was an answer, and it was not what was asked for."""
        return self.kind in _UNREADABLE

    @property
    def mendable(self) -> bool:
        """Tells whether asking once more can help."""
        return self.kind in _MENDABLE


def failure_of(error: BaseException) -> ModelFailure:
    """Returns what any exception of a chat model comes to; only its type and HTTP status are looked at, since its words may hold a key."""
    if isinstance(error, ModelFailure):
        return error
    names = {cls.__name__ for cls in type(error).__mro__}
    if "LengthFinishReasonError" in names:  # a guided answer that was cut off
        return ModelFailure("too_long", "it was cut off: be brief", tokens=_tokens_of(error))
    status = _status_of(error)
    if status is not None:
        return ModelFailure(_of_status(status, str(error)))
    if any("Timeout" in name for name in names):
        return ModelFailure("timeout")
    if any("Connect" in name or name in ("OSError", "NetworkError", "RemoteProtocolError") for name in names):
        return ModelFailure("unreachable")
    if any("ContextOverflow" in name or name == "ContextError" for name in names):
        return ModelFailure("context")
    return ModelFailure("malformed", type(error).__name__)


def _status_of(error: BaseException) -> int | None:
    """Returns the HTTP status that an error tells of: its own, as OpenAI's and Anthropic's, or its response's, as httpx's and requests'."""
    for told in (error, getattr(error, "response", None)):
        status = getattr(told, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def _tokens_of(error: BaseException) -> dict[str, int] | None:
    usage = getattr(getattr(error, "completion", None), "usage", None)
    return (
        {"input_tokens": usage.prompt_tokens, "output_tokens": usage.completion_tokens} if usage is not None else None
    )


def _of_status(status: int, words: str) -> Failure:
    if status in (429, 503):
        return "busy"
    if status == 408:
        return "timeout"
    if status >= 500:
        return "error"
    return "context" if "context" in words.casefold() and "length" in words.casefold() else "refused"
