"""What a model answers to the task `profile`: the values that a person's taste turns on."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Leaning(_Shape):
    """A value that a person comes back to, or turns away from."""

    field: str = Field(max_length=80)
    value: str = Field(max_length=120)
    weight: int = Field(ge=-3, le=3)


class Taste(_Shape):
    """A person's taste, the strongest first."""

    tastes: list[Leaning] = Field(max_length=6)
