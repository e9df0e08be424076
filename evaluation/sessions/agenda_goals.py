"""What an agenda person could say of their target: a stack of goals, one a value; none gives the target away."""

from __future__ import annotations

import functools
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import yaml

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.people import Item, Person, Statement, View

_LONGEST = 60  # characters of a value that a person would say


@functools.cache
def words() -> dict[str, Any]:
    """Returns `agenda_words.yaml`, to be read only."""
    text = resources.files("convrec.evaluation.sessions").joinpath("agenda_words.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@functools.lru_cache(maxsize=1 << 16)
def fold(text: str) -> str:
    """Returns the text's words in one case, without accents, apostrophes and punctuation, one space apart."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    return " ".join(re.sub(r"[^\w]+|_", " ", re.sub(r"['’]", "", plain)).split())


def has_words(text: str, sought: str) -> bool:
    """Tells whether one folded text occurs in another as whole words; anywhere where the script has no spaces."""
    if not sought:
        return False
    return f" {sought} " in f" {text} " or (not sought.isascii() and sought in text)


@dataclass(frozen=True)
class Secret:
    """The target's title and id, which nobody hears from the person."""

    title: str
    id: str

    @classmethod
    def of(cls, target: Item) -> Secret:
        """Returns the secret of a target."""
        return cls(fold(target.title), fold(target.id))

    def gives_away(self, text: str) -> bool:
        """Tells whether an utterance has the title or the id in it, as whole words."""
        folded = fold(text)
        return has_words(folded, self.title) or has_words(folded, self.id)

    def hides(self, value: str) -> bool:
        """Tells whether a value must not be said: it has the title or the id in it, or is a part of the title."""
        folded = fold(value)
        if self.gives_away(value) or has_words(self.title, folded):
            return True
        joined, title = folded.replace(" ", ""), self.title.replace(" ", "")
        return (len(title) > 3 and title in joined) or (len(joined) > 2 and joined in title)


@dataclass(frozen=True)
class Goal:
    """One value of one field that the target has and the person may ask for."""

    field: Field
    value: Any


def terms_of(*names: str) -> list[str]:
    """Returns the words of names, as they are and in the singular."""
    found = " ".join(fold(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)) for name in names).split()
    return found + [singular(term) for term in found]


def singular(term: str) -> str:
    """Returns a word without the ending of a plural."""
    if term.endswith("ies"):
        return term[:-3] + "y"
    return term[:-1] if term.endswith("s") and not term.endswith("ss") else term


@functools.lru_cache(maxsize=1024)
def role_of(about: Field) -> str:
    """Returns the key in `roles` under which a field is spoken of."""
    if about.type == "date":
        return "year"
    if about.type == "bool":
        return "flag"
    names = list(words()["roles"])
    start = names.index("count")
    fitting, default = (names[start:], "number") if about.type == "number" else (names[:start], "other")
    terms = terms_of(about.name, about.label)
    return next((n for n in fitting if set(terms) & set(words()["roles"][n]["words"])), default)


def label_of(about: Field) -> str:
    """Returns what a person calls a field: without brackets, "is" and "has"; in the singular where it is of tags."""
    label = re.sub(r"\s*[(\[].*?[)\]]", "", about.label).strip() or about.name
    label = re.sub(r"^(is|has)\s+", "", label, flags=re.IGNORECASE)
    return singular(label) if about.type == "tags" else label


def values_of(about: Field, item: Item) -> tuple[Any, ...]:
    """Returns an item's values of a field: strings, one finite number, one bool, or a date's year; text, url and image have none."""
    fact = item.facts.get(about.name)
    if fact is None or about.name == "title":
        return ()
    if about.type in ("category", "tags"):
        many = fact if isinstance(fact, list | tuple) else [fact]
        return tuple(dict.fromkeys(str(value) for value in many if str(value).strip()))
    if about.type == "bool":
        return (fact,) if isinstance(fact, bool) else ()
    if about.type == "number":
        return (fact,) if _plain_number(fact) else ()
    year = re.match(r"\d{4}(?!\d)", str(fact)) if about.type == "date" else None
    return (int(year[0]),) if year else ()


def _plain_number(fact: Any) -> bool:
    return isinstance(fact, int | float) and not isinstance(fact, bool) and (fact == 0 or 1e-6 <= abs(fact) <= 1e12)


def holds(statement: Statement, about: Field, target: Item) -> bool:
    """Tells whether a statement about a field is true of the target; one about a field that it lacks is not."""
    facts = values_of(about, target)
    if not facts:
        return False
    if isinstance(statement.value, tuple):
        low, high = (_year(end) if isinstance(end, str) else end for end in statement.value)
        found = (low is None or facts[0] >= low) and (high is None or facts[0] <= high)
    else:
        found = statement.value in facts
    return bool(found) == (statement.polarity > 0)


def _year(date: str) -> int:
    return int(date[:4])


class Agenda:
    """What may be said of the target, and the stack of it that is still unsaid, the next at the end.

    A field's values come in a weighted random order (Efraimidis & Spirakis 2006): people name a genre before a publisher.
    """

    def __init__(self, person: Person, view: View, rng: random.Random) -> None:
        self.secret = Secret.of(person.target)
        self._view, self._target = view, person.target
        texts = (
            person.target.facts.get(f.name) for f in view.schema.of_type("text", "url", "image") if f.name != "title"
        )
        self._texts = tuple(folded for text in texts if (folded := fold(str(text or ""))))
        self._counts = {name: dict(values) for name, values in view.common.items()}
        goals = [goal for about in view.schema.fields for goal in self.goals(about)]
        self.stack = [goal for _, goal in sorted(self._ordered(goals, rng), key=lambda pair: pair[0])]

    def goals(self, about: Field) -> tuple[Goal, ...]:
        """Returns the goals that the target gives in a field."""
        if "title" in about.name.casefold():
            return ()
        return tuple(Goal(about, value) for value in values_of(about, self._target) if self.sayable(about, value))

    def sayable(self, about: Field, value: Any) -> bool:
        """Tells whether a person would say a value: it is short, no item's alone, no whole text, and gives the target away in no way."""
        if not isinstance(value, str):
            return not self.secret.gives_away(label_of(about))
        single = self._counts.get(about.name, {}).get(value) == 1
        short = len(value) <= _LONGEST and len(value.splitlines()) == 1
        text = any(has_words(fold(value), text) for text in self._texts)
        return short and not single and not text and not self.secret.hides(value)

    def foreign(self, about: Field) -> Iterator[str]:
        """Yields the common values of a field that the target does not have, the most frequent first."""
        own = {fold(value) for value in map(str, values_of(about, self._target))}
        common = self._view.common.get(about.name, ())
        return (v for v, _ in common if v.strip() and fold(v) not in own and self.sayable(about, v))

    def drop(self, goal: Goal) -> None:
        """Takes a goal off the stack, since it was said."""
        self.stack = [other for other in self.stack if other != goal]

    def _ordered(self, goals: list[Goal], rng: random.Random) -> Iterable[tuple[float, Goal]]:
        year = self._view.schema.year_field()
        dated = year is not None and bool(values_of(year, self._target))
        for goal in goals:
            weight = float(words()["roles"][role_of(goal.field)]["weight"])
            weight /= sum(other.field == goal.field for other in goals)
            if weight and not (dated and goal.field.type == "date") and goal.value is not False:
                yield rng.random() ** (1 / weight), goal


def field_for(schema: Schema, facet: str) -> Field | None:
    """Returns the field that a question's facet means: its name or label, singular or plural alike."""
    sought = singular(fold(facet))
    return next((f for f in schema.fields if sought in (singular(fold(f.name)), singular(fold(f.label)))), None)
