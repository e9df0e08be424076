"""Conversations about items, as they were brought: who said what, naming which items, in which sense."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from convrec.catalogue.values import BadValueError, identifier

Relation = Literal["mentioned", "recommended", "liked", "disliked", "seen"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class TurnItem(_Shape):
    """One item named in a turn; `span` is `[start, end)` in characters of the turn's text, None where it has no words there."""

    id: str
    relation: Relation = "mentioned"
    span: tuple[int, int] | None = None

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        try:
            return identifier(value)
        except BadValueError as error:
            raise ValueError(str(error)) from error


class Turn(_Shape):
    """One message."""

    role: Literal["user", "assistant"]
    text: str
    items: tuple[TurnItem, ...] = ()

    @model_validator(mode="after")
    def _spans_lie_inside(self) -> "Turn":
        for item in self.items:
            if item.span is not None and not 0 <= item.span[0] <= item.span[1] <= len(self.text):
                raise ValueError(f"the span {list(item.span)} lies outside the text")
        return self


class Dialogue(_Shape):
    """One conversation, its turns in order."""

    id: str
    turns: tuple[Turn, ...]

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        try:
            return identifier(value)
        except BadValueError as error:
            raise ValueError(str(error)) from error


def read_dialogue(row: Any) -> Dialogue:
    """Returns the dialogue that a row spells.

    Raises:
        BadDialogueError: it spells none; the error says where in the row and why.
    """
    try:
        return Dialogue.model_validate(row)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadDialogueError(".".join(str(part) for part in first["loc"]) or None, first["msg"]) from error


class BadDialogueError(ValueError):
    """A row is no dialogue; `column` is the path to what is wrong in it."""

    def __init__(self, column: str | None, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(reason)
