"""What passes between a simulated person and whoever serves them. A simulator knows nothing of the one who serves."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from convrec.catalogue.schema import Schema

Mistake = Literal["wrong", "silence", "typo", "change_of_mind"]


@dataclass(frozen=True)
class Item:
    """An item as a person sees it: its facts by field, only those it has (`title` always).

    Text, category, date and url are str, tags a list of str, a number int or float, bool a bool.
    """

    id: str
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Returns the item's name."""
        return str(self.facts["title"])


@dataclass(frozen=True)
class Person:
    """One simulated person: the item that they would be happy with, and what they liked before, the latest last.

    `patience` is how many turns they stay; `mistakes` the share of their answers that go wrong (0.1 to 0.2).
    """

    id: str
    target: Item
    liked: tuple[Item, ...] = ()
    patience: int = 5
    mistakes: float = 0.15


@dataclass(frozen=True)
class Question:
    """What a person is asked: the facet (a field's name, or another word where it is about something else) and offered answers."""

    facet: str
    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """What a person gets to see in a turn: words, items in order, perhaps a question."""

    text: str
    items: tuple[Item, ...] = ()
    question: Question | None = None


@dataclass(frozen=True)
class Statement:
    """What an utterance means, for measuring and for the oracle only: never given to the one who serves.

    `value` is as the catalogue has it (for a number a pair of both ends); `polarity` -1 rules out. `facet` is a field, or `item`, whose value
    is an id. `true` is false where the person misspoke: the statement is not true of the target. `hard` is what must hold.
    """

    facet: str
    value: Any
    polarity: Literal[1, -1] = 1
    hard: bool = True
    true: bool = True


@dataclass(frozen=True)
class Utterance:
    """What a person says, what it means, and which mistakes are in it. Silence is an empty text or a word like "hm"."""

    text: str
    statements: tuple[Statement, ...] = ()
    retracted: tuple[Statement, ...] = ()
    mistakes: tuple[Mistake, ...] = ()
    done: bool = False  # they leave: their patience is at an end


class Conversation(Protocol):
    """One person in one conversation. The same seed and the same answers give the same words."""

    def opening(self) -> Utterance:
        """Returns what the person says first."""
        ...

    def respond(self, shown: Shown) -> Utterance:
        """Returns what the person says to what they are shown. It is not called once the target was shown."""
        ...


class Simulator(Protocol):
    """A way of behaving, over any catalogue. `name` stands in tables."""

    name: str

    def begin(self, person: Person, catalogue: View, rng: random.Random) -> Conversation:
        """Returns the person at the beginning of a conversation; everything left to chance is drawn from `rng`.

        A conversation can be copied with `copy.deepcopy`, and the copy goes on alike.
        """
        ...


@dataclass(frozen=True)
class View:
    """What people know of a catalogue: its schema, and for category and tags fields which values are common.

    `common` maps a field's name to its values with the number of items that carry each, the most frequent first.
    """

    schema: Schema
    common: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
