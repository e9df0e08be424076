"""The items in play, and mentions of them."""

import bisect
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from convrec.agent.checking.facts import Facts
from convrec.agent.compact.message import Message

Run = tuple[int, int]
"""Tokens `[start, end)`."""


@dataclass(frozen=True)
class Mention:
    """Tokens `[start, end)` that stand for items: for `every` one, or for any one of them.

    `named` by a title, not pointed at; `oblique` where another is spoken of by it: "like Heat", "older than Heat".
    """

    start: int
    end: int
    items: tuple[Facts, ...]
    every: bool = False
    named: bool = True
    oblique: bool = False


@dataclass(frozen=True, eq=False)
class Table:
    """The items in play: those of the slate in order, then those that the thread knows, by every form of their titles."""

    slate: tuple[Facts, ...]
    known: tuple[Facts, ...]
    said: str
    forms: dict[str, list[tuple[Facts, float, int]]] = field(default_factory=dict)
    longest: int = 1
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, slate: Iterable[Facts], known: Iterable[Facts], said: str) -> "Table":
        """Returns the table of the items; `said` is what a sentence may echo."""
        table = cls(tuple(slate), tuple(known), " ".join(token.norm for token in Message(said).tokens))
        for facts in table.items:
            for key, (quality, length) in facts.forms.items():
                table.forms.setdefault(key, []).append((facts, quality, length))
        longest = max((n for forms in table.forms.values() for *_, n in forms), default=1)
        return replace(table, longest=longest, keys=tuple(sorted(table.forms)))

    @cached_property
    def long_titles(self) -> tuple[tuple[int, str], ...]:
        """The titles of several words: how many, and the title without case."""
        return tuple((len(f.title.split()), f.title.casefold()) for f in self.items if " " in f.title)

    def begins(self, key: str) -> bool:
        """Tells whether a form of a title begins with those words run together."""
        place = bisect.bisect_left(self.keys, key)
        return place < len(self.keys) and self.keys[place].startswith(key)

    @property
    def items(self) -> tuple[Facts, ...]:
        """All items in play."""
        return (*self.slate, *self.known)

    def echoes(self, words: str) -> bool:
        """Tells whether the person said the words, or a demand in force does."""
        return f" {words} " in f" {self.said} "
