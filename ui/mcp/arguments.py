"""What the tools are given. Tools that an agent's own toolbox has too take the same arguments (`tools/langchain.py`)."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from convrec.core.text import well_formed
from convrec.core.understanding import Polarity, Strength
from convrec.tools.langchain import FILTER, CompareItems, GetItem, SearchItems

__all__ = [
    "Chat",
    "CompareItems",
    "ForgetUser",
    "GetItem",
    "GetProfile",
    "Recommend",
    "SearchItems",
    "SimilarItems",
    "UpdateProfile",
]  # fmt: skip
_K = Field(10, ge=1, le=200, description="how many items to return")


class _Arguments(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Recommend(_Arguments):
    """Arguments of `recommend`."""

    query: str = Field("", description="what the person wants now, in plain words; empty for none")
    history: list[str] = Field(default_factory=list, description="ids of items that the person liked")
    user_id: str | None = Field(None, description="a user whose remembered tastes count too; left out, nobody's")
    filter: dict[str, Any] | None = Field(None, description=FILTER)
    exclude: list[str] = Field(default_factory=list, description="ids of items that must not be returned")
    k: int = _K


class SimilarItems(GetItem):
    """Arguments of `similar_items`."""

    k: int = _K


class Chat(_Arguments):
    """Arguments of `chat`."""

    text: Annotated[str, AfterValidator(well_formed)] = Field(description="what the person says, in their own words")
    user_id: str | None = Field(
        None, description="who says it: one id a person; left out, the key's own user, else `guest`"
    )
    thread_id: str = Field("main", description="which conversation it belongs to; a new id begins a new one")


class _AboutUser(_Arguments):
    user_id: str = Field(description="whose")


class GetProfile(_AboutUser):
    """Arguments of `get_profile`."""


class ForgetUser(_AboutUser):
    """Arguments of `forget_user`."""


class NewEntry(_Arguments):
    """A taste or a fact to remember."""

    facet: str = Field(
        description="a field of the catalogue, `item` (then `item_id` says which), or `text` for free words"
    )
    value: str = Field("", description="what is liked or disliked; for `item` it is taken from the catalogue")
    item_id: str | None = Field(None, description="the item's id, where the facet is `item`")
    polarity: Polarity = Field(1, description="1 for liked, -1 for disliked")
    strength: Strength = Field("soft", description="`hard` for what must or must never be, `soft` for a leaning")
    weight: float = Field(1.0, gt=0, le=1, description="how much it counts")
    about: str = Field(
        "", description="blank for a taste; for a fact what it tells, as `home` or `job`, with the facet `text`"
    )
    expires: datetime | None = Field(None, description="when it ends to hold; left out, never")


class EntryChange(_Arguments):
    """What changes of an entry; what is left out stays."""

    id: str = Field(description="the entry's id, as `get_profile` gives it")
    value: str = Field("", description="the new value")
    polarity: Polarity = Field(1, description="1 for liked, -1 for disliked")
    strength: Strength = Field("soft", description="`hard` or `soft`")
    weight: float = Field(1.0, gt=0, le=1, description="how much it counts")
    paused: bool = Field(False, description="true keeps it without using it")
    about: str = Field("", description="what a fact tells")
    expires: datetime | None = Field(None, description="when it ends to hold")


class UpdateProfile(_AboutUser):
    """Arguments of `update_profile`."""

    add: list[NewEntry] = Field(default_factory=list, description="entries to add")
    update: list[EntryChange] = Field(default_factory=list, description="entries to change, by id")
    remove: list[str] = Field(default_factory=list, description="ids of entries to take out")
