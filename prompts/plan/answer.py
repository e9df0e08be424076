"""What a model answers to the task `plan`: which tools to call next, or that enough was seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Explore(_Shape):
    """Retrieve and rank by one attribute: a field and one of its values."""

    tool: Literal["explore"]
    field: str = Field(max_length=80)
    value: str = Field(max_length=80)


class Search(_Shape):
    """Retrieve and rank by words."""

    tool: Literal["search_items"]
    query: str = Field(min_length=1, max_length=80)


class Similar(_Shape):
    """Retrieve and rank by likeness to one item that was seen."""

    tool: Literal["similar_items"]
    item_id: str = Field(max_length=300)


class Narrow(_Shape):
    """Look only at items that have a value, in this round."""

    tool: Literal["filter"]
    field: str = Field(max_length=80)
    value: str = Field(max_length=80)


Call = Annotated[Explore | Search | Similar | Narrow, Field(discriminator="tool")]


class Steps(_Shape):
    """The next round: calls that run together, or none to stop."""

    calls: list[Call] = Field(default_factory=list, max_length=4)
    stop: bool = False
