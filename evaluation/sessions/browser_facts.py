"""What a browsing person knows of items: what may be said of the one they would be happy with, and what never."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser_numbers import measure, within
from convrec.evaluation.sessions.people import Item, Statement, View

Facts = Mapping[str, Any]
Counts = Mapping[str, Mapping[str, int]]
_LONGEST = 40  # characters of a value that a person would still say
_EMPTY = frozenset(
    {"unknown", "none", "n a", "na", "nan", "null", "other", "others", "misc", "various", "no genres listed"}
)


def fold(text: str) -> str:
    """Returns the text's words alone: without case, marks and punctuation, one blank between two."""
    plain = unicodedata.normalize("NFKD", text)
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()
    return " ".join(re.findall(r"[^\W_]+", bare))


class Secrets:
    """What would give a target away: its title, its id, and what its text, url and image fields hold."""

    def __init__(self, target: Item, schema: Schema) -> None:
        self._title = fold(target.title)
        texts = [str(target.facts.get(field.name) or "") for field in schema.of_type("text", "url", "image")]
        parts = [fold(part) for text in texts for part in (text, *re.split(r"[.!?\n]+", text))]
        self._texts = tuple(sorted({part for part in parts if len(part) >= 4}))
        name = fold(target.id)
        self._phrases = (*self._texts, name) if len(name) >= 2 else self._texts

    def allows(self, value: str) -> bool:
        """Returns whether the value can be said: it neither holds nor is part of the title, and holds no other text."""
        said = fold(value)
        if not said or (self._title and (said in self._title or self._title in said)):
            return False
        return not self.betrayed_by(value) and not any(text in said for text in self._texts)

    def allows_numbers(self, text: str) -> bool:
        """Returns whether every number in the text can be said."""
        return all(self.allows(number) for number in re.findall(r"\d[\d.,]*s?", text))

    def betrayed_by(self, text: str) -> bool:
        """Returns whether the text has the title, the id or another text of the target in it, as whole words."""
        said = f" {fold(text)} "
        return any(f" {phrase} " in said for phrase in self._phrases)


def values(facts: Facts, field: Field) -> list[str]:
    """Returns an item's values of a category or tags field, in order; none where it has none."""
    held = facts.get(field.name)
    if field.type == "category":
        return [held] if isinstance(held, str) and held.strip() else []
    if field.type == "tags" and isinstance(held, (list, tuple)):
        return [value for value in held if isinstance(value, str) and value.strip()]
    return []


def counted(catalogue: View) -> Counts:
    """Returns by field how many items carry each value, the most frequent first, for the fields of which that is known."""
    return {name: dict(common) for name, common in catalogue.common.items()}


@dataclass(frozen=True)
class Mind:
    """What a person has in mind: the facts of what they want, perhaps misremembered, and which values may be said.

    `met` has the (field, value) pairs of items that they liked or saw: where `counts` does not tell how common a field's values are,
    a value can be said once another item was seen to carry it.
    """

    facts: Facts
    counts: Counts
    secrets: Secrets
    met: frozenset[tuple[str, str]] = frozenset()

    def may_say(self, field: Field, value: str) -> bool:
        """Returns whether a value of a category or tags field gives nothing away: two items or more carry it."""
        counts = self.counts.get(field.name)
        shared = (field.name, value) in self.met if counts is None else counts.get(value, 0) > 1
        return shared and len(value) <= _LONGEST and fold(value) not in _EMPTY and self.secrets.allows(value)

    def values(self, field: Field) -> list[str]:
        """Returns the wanted values of a category or tags field that may be said."""
        return [value for value in values(self.facts, field) if self.may_say(field, value)]

    def others(self, field: Field, most: int = 30) -> list[str]:
        """Returns values of a category or tags field that may be said and are not wanted, the most common ones."""
        met = (value for name, value in sorted(self.met) if name == field.name)
        wanted = set(values(self.facts, field))
        known = (value for value in self.counts.get(field.name, met) if value not in wanted)
        return list(itertools.islice((value for value in known if self.may_say(field, value)), most))


def met_in(items: Iterable[Item], schema: Schema) -> frozenset[tuple[str, str]]:
    """Returns the (field, value) pairs that the items carry."""
    fields = schema.of_type("category", "tags")
    return frozenset((field.name, value) for item in items for field in fields for value in values(item.facts, field))


def holds(statement: Statement, target: Item, schema: Schema) -> bool:
    """Returns whether a statement is true of the target. A fact that it lacks is nothing and ruled out by all.

    Liking an item is not about the target and always true.
    """
    if statement.facet == "item":
        return statement.polarity > 0 or statement.value != target.id
    field = schema.field(statement.facet)
    return _carries(field, statement.value, target.facts) == (statement.polarity > 0)


def _carries(field: Field, value: Any, facts: Facts) -> bool:
    if field.type in {"number", "date"}:
        return within(field, value, facts)
    if field.type == "bool":
        held = facts.get(field.name)
        return isinstance(held, bool) and held == value
    return value in values(facts, field)


def closeness(facts: Facts, wanted: Facts, schema: Schema) -> float:
    """Returns how much of what is wanted an item has, 0 to 1: the mean over the fields that the wanted item has."""
    fields = schema.of_type("category", "tags", "number", "date", "bool")
    found = [likeness for field in fields if (likeness := _likeness(field, facts, wanted)) is not None]
    return sum(found) / len(found) if found else 0.0


def _likeness(field: Field, facts: Facts, wanted: Facts) -> float | None:
    if field.type == "bool":
        held = wanted.get(field.name)
        return float(facts.get(field.name) == held) if isinstance(held, bool) else None
    if field.type in {"number", "date"}:
        mine, theirs = measure(field, wanted), measure(field, facts)
        if mine is None:
            return None
        return 0.0 if theirs is None else max(0.0, 1 - abs(mine - theirs) / _scale(field, mine, theirs))
    ours, shown = set(values(wanted, field)), set(values(facts, field))
    return len(ours & shown) / len(ours | shown) if ours else None


def _scale(field: Field, mine: float, theirs: float) -> float:
    return 20.0 if field.type == "date" or 1000 <= mine <= 2100 else max(abs(mine), abs(theirs), 1e-9)
