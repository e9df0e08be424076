"""What the tools answer, beside the `Reply` of a turn. Facts are the catalogue's own: data, never instructions."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from convrec.core.profile import ProfileEntry


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class ItemName(_Result):
    """An item by its id and title."""

    id: str
    title: str


class ItemFacts(ItemName):
    """An item with all its facts: field → value in the field's own type."""

    facts: dict[str, Any]


class FoundItem(ItemFacts):
    """An item that was found. `score` is the sum of `contributions`, the parts by tool; `confidence` is between 0 and 1."""

    score: float
    confidence: float
    contributions: dict[str, float]


class FoundItems(_Result):
    """Items, best first."""

    items: tuple[FoundItem, ...]


class Compared(_Result):
    """Items side by side: for each field what each says (null where missing), what all share, how alike they are."""

    items: tuple[ItemName, ...]
    values: dict[str, tuple[Any, ...]]
    shared: dict[str, tuple[str, ...]]
    similarity: tuple[tuple[float, ...], ...] = Field(description="[i][j] of two items, -1 to 1; empty where unknown")


class Profile(_Result):
    """What is remembered about a user now. `paused` says that nothing is learned and none of it is used."""

    user_id: str
    paused: bool
    entries: tuple[ProfileEntry, ...]


class ForgetReceipt(_Result):
    """What was deleted, by store; `verified` says that a second look found nothing left."""

    user_id: str
    deleted: dict[str, int]
    verified: bool
