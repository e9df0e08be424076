"""What is remembered about a person: typed entries, each with the words it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from convrec.core.understanding import Polarity, Strength


class ProfileEntry(BaseModel):
    """One taste. `weight` is in (0, 1]; `quote` is the user's own words in `thread_id`, turn `turn`; times are UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    facet: str
    value: str
    item_id: str | None = None
    polarity: Polarity
    strength: Strength = "soft"
    weight: float = 1.0
    scope: Literal["session", "lasting"] = "session"
    quote: str = ""
    thread_id: str = ""
    turn: int = 0
    created: datetime
    updated: datetime
    expires: datetime | None = None
    superseded_by: str | None = None
