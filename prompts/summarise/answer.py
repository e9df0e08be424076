"""What a model answers to the task `summarise`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Summary(BaseModel):
    """What a conversation was about so far."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    summary: str = Field(min_length=1, max_length=800, description="at most five short sentences")
