"""Facts and tastes of a person, and what is told of them when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from convrec.evaluation.memory.reading import holds

Kind = Literal["tell", "update", "drop"]
Part = Literal["dev", "heldout"]
PARTS: tuple[Part, ...] = ("dev", "heldout")


@dataclass(frozen=True)
class Value:
    """A value and every way of saying it; the first is its name."""

    forms: tuple[str, ...]

    @property
    def name(self) -> str:
        """Returns the first way of saying it."""
        return self.forms[0]

    def within(self, text: str) -> bool:
        """Tells whether a text has it."""
        return holds(text, self.forms)


@dataclass(frozen=True)
class Fact:
    """One thing that is true of a person. `key` names its wordings; `slots` are words that go with it ("dog"); `other` replaces its value.

    A taste has the field that it is about (`item` for an item, whose id is `item`) and its polarity; a fact of life has `text`.
    """

    key: str
    value: Value
    slots: Mapping[str, str] = field(default_factory=dict)
    other: Value | None = None
    facet: str = "text"
    polarity: int = 1
    item: str = ""


@dataclass(frozen=True)
class Telling:
    """A fact told in a message: its value from now on (None: it is no longer so), and which part of the wordings told it."""

    fact: Fact
    kind: Kind
    part: Part = "dev"

    @property
    def value(self) -> Value | None:
        """Returns the fact's value from now on."""
        return {"tell": self.fact.value, "update": self.fact.other, "drop": None}[self.kind]

    @property
    def old(self) -> Value | None:
        """Returns the value that is no longer so."""
        return None if self.kind == "tell" else self.fact.value


@dataclass(frozen=True)
class Known:
    """What is known of a fact after all that was told: its value now, the one before, and the part of all that told it."""

    fact: Fact
    value: Value | None
    old: Value | None
    part: Part


def known(tellings: Iterable[Telling]) -> dict[str, Known]:
    """Returns what is known after these tellings, in their order, by the fact's key."""
    found: dict[str, Known] = {}
    for each in tellings:
        before = found.get(each.fact.key)
        old = each.old or (before.old if before else None)
        part: Part = "heldout" if each.part == "heldout" or (before and before.part == "heldout") else "dev"
        found[each.fact.key] = Known(each.fact, each.value, old, part)
    return found


def joint(parts: Sequence[Part]) -> Part:
    """Returns the part of what is made from several: `dev` only where all are."""
    return "dev" if all(part == "dev" for part in parts) else "heldout"
