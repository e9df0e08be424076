"""What one message was understood to say."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from convrec.core.predicate import Predicate

Act = Literal[
    "request", "state_preference", "critique", "answer", "ask_item", "ask_why", "compare", "accept", "reject", "already_seen",
    "edit_profile", "forget", "greet", "thank", "bye", "other",
]  # fmt: skip
Polarity = Literal[1, -1]
Strength = Literal["hard", "soft"]
Scope = Literal["turn", "session", "lasting"]
Span = tuple[int, int]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Preference(_Shape):
    """One like, dislike or demand. `facet` is a schema field, `item` (then `item_id` is set), or `text`.

    `span` is `[start, end)` in characters of the last message; `(0, 0)` where the wish has no words of its own there.
    """

    facet: str
    value: str
    item_id: str | None = None
    polarity: Polarity = 1
    strength: Strength = "soft"
    scope: Scope = "session"
    span: Span = (0, 0)


class Reference(_Shape):
    """Words that point at items: "the second one", "it", a title, "the one with the piano".

    `item_ids` is empty where the catalogue does not have what they point at. `span` is `(0, 0)` where the message speaks of an item without
    a word for it ("yes, I have").
    """

    kind: Literal["ordinal", "pronoun", "title", "description"]
    item_ids: tuple[str, ...]
    span: Span


class Ordering(_Shape):
    """The number or date field by which items are wanted in order: the least first, or the most where `descending`.

    `span` is where the message says so, `[start, end)` in its characters.
    """

    facet: str
    descending: bool = False
    span: Span = (0, 0)


class Understanding(_Shape):
    """Acts, wishes, references and the filter that one message carries; `query` is its wish as plain search text, `order` what a superlative asks for."""

    acts: tuple[Act, ...] = ("other",)
    preferences: tuple[Preference, ...] = ()
    references: tuple[Reference, ...] = ()
    filter: Predicate | None = None
    query: str = ""
    order: Ordering | None = None
