"""What a model answers to the task `rank`: an order of all, a score of one, or the better of two."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Order(_Shape):
    """All items, the best first, by their numbers."""

    order: list[int] = Field(max_length=100)


class Score(_Shape):
    """How well the one item fits."""

    score: float = Field(ge=0, le=10)


class Better(_Shape):
    """Which of two fits better."""

    better: Literal[1, 2]
