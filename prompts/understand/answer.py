"""What a model answers to the task `understand`: the agent's Understanding, with quotes where that has spans."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from convrec.core.understanding import Act, Scope, Strength

Quote = Annotated[str, Field(max_length=120, description="the words of the message, letter by letter")]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class QuotedPreference(_Shape):
    """One like, dislike or demand."""

    facet: str = Field(max_length=80, description="a field's name, `item`, or `text`")
    value: str = Field(
        max_length=120, description="a value of that field, a range as `1990..1999`, a title, or the words themselves"
    )
    polarity: Literal[1, -1] = Field(1, description="1 wanted or liked, -1 not")
    strength: Strength = Field("soft", description="hard: must hold")
    scope: Scope = Field("session", description="lasting: said of the person's taste in general")
    quote: Quote


class QuotedReference(_Shape):
    """Words that point at items."""

    kind: Literal["ordinal", "pronoun", "title", "description"]
    item_ids: list[str] = Field(default_factory=list, max_length=6, description="ids of shown items")
    quote: Quote


class Understood(_Shape):
    """What one message says."""

    acts: list[Act] = Field(max_length=8)
    preferences: list[QuotedPreference] = Field(default_factory=list, max_length=12)
    references: list[QuotedReference] = Field(default_factory=list, max_length=6)
