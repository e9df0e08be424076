"""What is known of one item, and what of a catalogue as a whole, in the form in which statements are checked against it."""

import bisect
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from convrec.agent.compact.fields import Fields, described, fields_of, years_of
from convrec.agent.compact.lexicon import NOUNS
from convrec.agent.compact.measures import Measures
from convrec.agent.compact.message import words_of
from convrec.agent.compact.titles import forms_of
from convrec.agent.compact.values import Meaning, ValueIndex
from convrec.agent.compact.years import YearReader
from convrec.catalogue.catalogue import Catalogue, Item
from convrec.catalogue.laid import LaidCatalogue
from convrec.catalogue.schema import Field
from convrec.catalogue.values import ends

_STEM = 5  # letters in which two forms of a word agree
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Knowledge:
    """What a catalogue's fields are for, its kinds, its years' reader, its titles and its people's surnames."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.fields = fields_of(catalogue)
        self.kinds = ValueIndex(replace(self.fields, makers=(), players=()))
        self.measures = Measures(self.fields)
        self.currencies = {field.currency for field in catalogue.schema.fields}
        self.nouns = NOUNS | {catalogue.schema.noun.casefold(), catalogue.schema.nouns.casefold()}
        years = self.fields.years()
        known = years[~np.isnan(years)] if years is not None else np.array([])
        self.years = YearReader(self.fields, int(known.max()) if len(known) else 2000, frozenset(self.nouns))
        self.titles = {title.casefold() for title in catalogue.titles}
        self.texts = tuple(field for field in catalogue.schema.of_type("text") if not field.name.endswith("title"))
        self.names = {name.rstrip(".") for field in self.fields.people for name in catalogue.values(field.name).values}
        self.surnames = {name.rpartition(" ")[2].casefold() for name in self.names if " " in name}

    def over(self, catalogue: LaidCatalogue) -> "Knowledge":
        """Returns what is known of a catalogue laid over its own; titles and names that are gone are still known as such."""
        other, rows = copy(self), catalogue.change.spoken.tolist()
        other.__dict__.pop("_years", None)
        other.__dict__.pop("_kind_keys", None)
        other.catalogue, other.fields = catalogue, replace(self.fields, catalogue=catalogue)
        other.kinds = self.kinds.over(replace(self.kinds.fields, catalogue=catalogue), rows)
        other.measures = Measures(other.fields)
        people = [catalogue.values(field.name) for field in other.fields.people]
        names = {name.rstrip(".") for index in people for row in rows for name in index.of(row)}
        other.names = self.names | names
        other.surnames = self.surnames | {name.rpartition(" ")[2].casefold() for name in names if " " in name}
        other.titles = self.titles | {catalogue.titles[row].casefold() for row in rows}
        return other

    def year_of(self, row: int) -> float:
        """Returns the year of the item in a row, NaN where unknown."""
        return float(self._years[row])

    @cached_property
    def _years(self) -> np.ndarray:
        if self.fields.year is None:
            return np.full(len(self.catalogue), np.nan)
        return years_of(self.catalogue, self.fields.year)

    @cached_property
    def _kind_keys(self) -> list[str]:
        return sorted(self.kinds.meanings)

    def begins_kind(self, words: list[str]) -> bool:
        """Tells whether the words run together begin a form of a kind or another value."""
        key = "".join(words)
        place = bisect.bisect_left(self._kind_keys, key)
        return place < len(self._kind_keys) and self._kind_keys[place].startswith(key)

    def kind(self, words: list[str]) -> Meaning | None:
        """Returns the kind or other value that words name firmly, or None."""
        found = self.kinds.find(words)
        return None if found is None or found.soft else found


class Facts:
    """One item's facts; names and texts are held as folded words between spaces, so that a run of words is found in them."""

    def __init__(self, item: Item, knowledge: Knowledge) -> None:
        self.item, self._knowledge = item, knowledge
        self.id, self.title = item.id, item.title
        self.year = knowledge.year_of(item.row)
        self.forms = {
            key: (quality, length)
            for key, quality, length in forms_of(item.title, words_of(item.title))
            if not key.startswith("~")
        }

    @cached_property
    def text(self) -> str:
        """The title and the texts."""
        return _spaced(" ".join([self.title, *(str(self.item.facts.get(f.name, "")) for f in self._knowledge.texts)]))

    @cached_property
    def stems(self) -> frozenset[str]:
        """The beginnings of the words of the title and the texts."""
        return frozenset(word[:_STEM] for word in self.text.split())

    @cached_property
    def figures(self) -> frozenset[float]:
        """The numbers that stand in the title and the texts."""
        return frozenset(number(found) for found in _NUMBER.findall(self.text))

    @cached_property
    def people(self) -> dict[str, tuple[str, ...]]:
        """The names in each field of people."""
        return {f.name: tuple(_spaced(name) for name in self.values(f)) for f in self._knowledge.fields.people}

    def values(self, field: Field) -> list[str]:
        """Returns the item's values of a field, none where it is missing."""
        fact = self.item.facts.get(field.name)
        return [str(value) for value in fact] if isinstance(fact, list) else [] if fact is None else [str(fact)]

    def amount(self, field: Field) -> float | None:
        """Returns the item's number of a field, the year of a date."""
        if field == self._knowledge.fields.year:
            return None if np.isnan(self.year) else self.year
        fact = self.item.facts.get(field.name)
        return float(fact) if isinstance(fact, int | float) else None

    def ends(self, field: Field) -> tuple[float, float] | None:
        """Returns the least and the most of an item's range, the most infinite where there is none; None for what is none."""
        return ends(str(self.item.facts.get(field.name, ""))) if field.type == "range" else None

    def has(self, meaning: Meaning) -> bool:
        """Tells whether the item has what words mean: one of the values, or all of the parts (one, if they are alternatives)."""
        if meaning.parts:
            return (any if meaning.either else all)(self.has(part) for part in meaning.parts)
        held = any(value.value in self._flags(value.field) for value in meaning.values)
        return held != meaning.opposite

    def _flags(self, field: Field) -> list[str]:
        return [str(value).casefold() for value in self.values(field)] if field.type == "bool" else self.values(field)

    def named(self, words: list[str], fields: tuple[Field, ...]) -> bool:
        """Tells whether the words, or their first and last, are part of a name in one of the fields."""
        run, ends = f" {' '.join(words)} ", (f" {words[0]} ", f" {words[-1]} ")
        names = [name for field in fields for name in self.people.get(field.name, ())]
        return any(
            run in name or (len(words) > 1 and name.startswith(ends[0]) and name.endswith(ends[1])) for name in names
        )

    def is_person(self, words: list[str]) -> bool:
        """Tells whether the words are part of a name in any field of people."""
        return self.named(words, self._knowledge.fields.people)

    def tells(self, words: list[str]) -> bool:
        """Tells whether the words stand in the item's title, texts or values."""
        run = f" {' '.join(words)} "
        return run in self.text or any(run in value for value in self._others)

    @cached_property
    def _others(self) -> list[str]:
        fields = self._knowledge.fields
        return [_spaced(value) for field in (*fields.kinds, *fields.plain) for value in self.values(field)]

    def has_stem(self, word: str) -> bool:
        """Tells whether a word of the item's title or texts begins as this one does."""
        return word[:_STEM] in self.stems


@dataclass(frozen=True)
class Finding:
    """What a sentence says that the facts do not carry: its kind, the characters `[start, end)`, the words, and the right ones if known."""

    kind: str
    start: int
    end: int
    words: str
    fix: str | None = None


def number(said: str) -> float:
    """Returns the number that figures spell: `1,500` is 1500, `4,5` is 4.5."""
    whole, comma, rest = said.rpartition(",")
    return float(said.replace(",", "") if not comma or len(rest) == 3 or "." in rest else f"{whole}.{rest}")


def _spaced(text: str) -> str:
    return f" {' '.join(words_of(text.replace('’s', '').replace(chr(39) + 's', '')))} "


def fields_called(fields: Fields, words: list[str]) -> Iterator[Field]:
    """Yields the fields that one of the words names."""
    return (f for f in (*fields.valued, *fields.flags) if described(f) & {*words})
