"""The browsing person's wording: `browser_phrases.yaml`, read and checked."""

from __future__ import annotations

import functools
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser_facts import fold


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(_Entry):
    """How a category or tags field's values are spoken of. `plain` values stand alone ("crime"); `text` goes after "something".

    `against` rules a value out; the text with "not" before it unless given.
    """

    words: tuple[str, ...] = ()
    plain: bool = False
    text: str = "{value}"
    against: str = ""


class Sense(_Entry):
    """The words for a number: `less` and `more` compare, `too_` complain, the others bound. An empty text is never said."""

    words: tuple[str, ...] = ()
    less: str
    more: str
    too_much: str
    too_little: str
    under: str
    over: str
    around: str


class Phrases(_Entry):
    """All wording: sentence templates by what they do, the words of roles and senses, and manners of speech."""

    says: dict[str, tuple[str, ...]]
    roles: tuple[Role, ...]
    other_role: Role
    senses: tuple[Sense, ...]
    year_sense: Sense
    other_sense: Sense
    units: tuple[str, ...]
    known: dict[str, tuple[str, ...]]
    things: tuple[str, ...]
    ordinals: tuple[str, ...]
    counts: tuple[str, ...]

    @classmethod
    @functools.cache
    def load(cls) -> Phrases:
        """Returns the wording that comes with the package, read once."""
        text = Path(__file__).with_name("browser_phrases.yaml").read_text(encoding="utf-8")
        return cls.model_validate(yaml.safe_load(text))

    def role(self, field: Field) -> Role:
        """Returns how a field's values are spoken of; tags of no known role stand alone."""
        named = next((role for role in self.roles if _about(field, role.words)), None)
        return named or (Role(plain=True) if field.type == "tags" else self.other_role)

    def sense(self, field: Field) -> Sense:
        """Returns the words for a field's numbers."""
        return next((sense for sense in self.senses if _about(field, sense.words)), self.other_sense)

    def unit(self, field: Field) -> str:
        """Returns what a field's numbers count, such as " minutes" with its leading blank; empty where it is not told."""
        words = fold(f"{field.name} {field.label} {field.description}").split()
        return next((f" {unit}" for unit in self.units if unit in words), "")

    def verb(self, schema: Schema) -> str:
        """Returns what people have done with an item that they know: "seen" for a film, "read" for a book."""
        noun = fold(schema.noun).split()
        return next((verb for verb, nouns in self.known.items() if set(nouns) & set(noun)), "known")


def _about(field: Field, words: tuple[str, ...]) -> bool:
    named = fold(f"{field.name} {field.label}").split()
    return any(word in named or word.removesuffix("s") in named for word in words)
