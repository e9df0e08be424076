"""What a person sets for a turn of their own, beside what the workspace's settings say."""

from pydantic import BaseModel, ConfigDict, Field


class Dials(BaseModel):
    """How one turn chooses: `diversity` and `exploration` as in `[retrieval]`, which holds where they are None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    diversity: float | None = Field(None, ge=0.0, le=1.0)
    exploration: float | None = Field(None, ge=0.0, le=1.0)


AS_SET = Dials()
"""Leaves everything as the workspace's settings say."""
