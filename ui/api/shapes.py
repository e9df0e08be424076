"""What requests look like, with examples for the OpenAPI document."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from convrec.core.text import Text


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class Message(_Body):
    """One message of a conversation."""

    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Text | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Returns its words; of several parts, those that are text."""
        if isinstance(self.content, list):
            return "\n".join(str(part.get("text", "")) for part in self.content if part.get("type") == "text")
        return self.content or ""


class Said(_Body):
    """One message of a conversation that somebody else leads."""

    role: Literal["user", "assistant"]
    content: Text


class ChatBody(_Body):
    """One message of a person in a thread."""

    model_config = _example(text="like Heat, but funnier", user_id="ana", thread_id="t1", stream=False)

    text: Text = Field(max_length=200_000)
    user_id: Text | None = Field(None, description="the key's own user where it is left out")
    thread_id: Text = "main"
    stream: bool = False


class CompletionBody(_Body):
    """A request of OpenAI's chat completions; what is not named here is passed over."""

    model_config = _example(model="convrec", messages=[{"role": "user", "content": "a funny western"}], user="ana")

    model: str
    messages: list[Message] = Field(min_length=1, max_length=2_000)
    stream: bool = False
    stream_options: dict[str, Any] | None = None
    user: Text | None = Field(None, description="the user id; the key's own user where it is left out")
    thread_id: Text | None = Field(None, description="goes on with this thread; a fresh one where it is left out")
    n: int | None = Field(None, ge=1, le=1)


class RecommendBody(_Body):
    """Any of a conversation, liked item ids and a user, and what bounds the answer."""

    model_config = _example(messages=[{"role": "user", "content": "loved Heat, want something funnier"}], k=5)

    messages: list[Said] = Field(default=[], max_length=2_000)
    history: list[Text] = Field(default=[], max_length=10_000)
    user_id: Text | None = None
    filter: dict[str, Any] | None = None
    exclude: list[Text] = Field(default=[], max_length=100_000)
    k: int = Field(10, ge=1, le=1_000)
    tools: list[Text] | None = None


class SearchBody(_Body):
    """Words, and what bounds the answer."""

    model_config = _example(query="heist in a casino", filter={"field": "year", "op": "ge", "value": 1990}, k=5)

    query: Text = Field(max_length=20_000)
    filter: dict[str, Any] | None = None
    k: int = Field(10, ge=1, le=1_000)


class CompareBody(_Body):
    """Items to put side by side."""

    model_config = _example(item_ids=["6", "50"])

    item_ids: list[Text] = Field(min_length=2, max_length=10)


class FeedbackBody(_Body):
    """A click on an item."""

    model_config = _example(item_id="6", event="like", thread_id="t1", turn=1, user_id="ana")

    user_id: Text | None = None
    item_id: Text
    event: Text
    thread_id: Text = "main"
    turn: int | None = Field(None, ge=1, le=1_000_000_000)


class ProfilePatch(_Body):
    """Entries to add (without id), to change (with id) and to remove (ids)."""

    model_config = _example(add=[{"facet": "genres", "value": "Comedy", "polarity": 1}], update=[], remove=[])

    add: list[dict[str, Any]] = Field(default=[], max_length=1_000)
    update: list[dict[str, Any]] = Field(default=[], max_length=1_000)
    remove: list[Text] = Field(default=[], max_length=1_000)


def _named(name: str) -> Any:
    """Lets a bare list stand for the one key that a body has."""
    return model_validator(mode="before")(lambda given: {name: given} if isinstance(given, list) else given)


class ItemsBody(_Body):
    """Items, each with its `id`; a bare list will do."""

    model_config = _example(items=[{"id": "6", "price": 12.5, "in_stock": True}])

    items: list[dict[str, Any]] = Field(max_length=10_000)
    _bare = _named("items")


class ItemIdsBody(_Body):
    """Ids of items; a bare list will do."""

    model_config = _example(ids=["6", "50"])

    ids: list[Text] = Field(max_length=10_000)
    _bare = _named("ids")


class InteractionsBody(_Body):
    """Events; a bare list will do."""

    model_config = _example(
        interactions=[{"user_id": "ana", "item_id": "6", "event": "purchase", "timestamp": "2026-01-05T12:00:00+00:00"}]
    )

    interactions: list[dict[str, Any]] = Field(max_length=10_000)
    _bare = _named("interactions")
