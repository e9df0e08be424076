"""What is remembered about a person: typed entries, each with the words it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from convrec.core.understanding import Polarity, Strength


class ProfileEntry(BaseModel):
    """One taste, or one fact about the person. `weight` is in (0, 1]; `quote` is the user's own words in `thread_id`, turn `turn`; times are UTC.

    `about` is blank for a taste, and says what a fact tells: `home`, `job`, `dog's name`; a fact's facet is `text`. A fact with polarity -1 holds no more.
    One that is `paused` is kept and not used.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    facet: str
    value: str
    item_id: str | None = None
    polarity: Polarity
    strength: Strength = "soft"
    weight: float = Field(1.0, gt=0.0, le=1.0)
    scope: Literal["session", "lasting"] = "session"
    about: str = ""
    paused: bool = False
    quote: str = ""
    thread_id: str = ""
    turn: int = 0
    created: datetime
    updated: datetime
    expires: datetime | None = None
    superseded_by: str | None = None
