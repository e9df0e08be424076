"""The rows that batches read."""

import functools
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from convrec.core.errors import InputError
from convrec.core.text import Text
from convrec.ui.cli.console import say

GUEST, MAIN = "guest", "main"
_UNION_TAGS = ("int", "str", "function-after[whole(), str]")
Shape = TypeVar("Shape", bound=BaseModel)


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    id: Text | int


class Message(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    role: str
    content: Text


class RecommendRow(_Row):
    """A row of `recommend --batch`: any of a conversation, liked item ids and a user, and what bounds the answer."""

    messages: list[Message] = []
    history: list[Text] = []
    user_id: Text | None = None
    filter: dict[str, Any] | None = None
    exclude: list[Text] = []
    k: int = Field(default=10, ge=1)
    tools: list[Text] | None = None


class UnderstandRow(_Row):
    """A row of `understand --batch`: a conversation whose last message is the user's."""

    messages: list[Message] = Field(min_length=1)


class ChatRow(_Row):
    """A row of `chat --batch`: one message of one person in one thread."""

    text: Text
    user_id: Text = GUEST
    thread_id: Text = MAIN
    request_id: Text | None = None


def checked_row(shape: type[Shape], row: dict[str, Any]) -> Shape:
    """Returns the row in its shape. Keys that the shape has not are passed over, which is said once.

    Raises:
        InputError: a key is missing or of the wrong type; the sentence names it.
    """
    for key in row.keys() - shape.model_fields.keys():
        _say_unused(key)
    try:
        return shape.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part not in _UNION_TAGS)
        raise InputError(
            f"`{key}`: {first['msg'].removeprefix('Value error, ')}." if key else f"{first['msg']}."
        ) from error


@functools.cache
def _say_unused(key: str) -> None:
    say(f"The key {key!r} is not one that these rows have; it is passed over.")
