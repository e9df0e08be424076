"""What a model answers to the task `rate`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Rating(BaseModel):
    """What a person would give an item."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rating: float = Field(allow_inf_nan=False, description="a number between the scale's ends")
