"""What finds the item that an expression means: the agent's own understanding, shared words, sentences that mean the same."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from convrec.agent.compact.lexicon import FUNCTION
from convrec.agent.engine import Engine
from convrec.agent.state import WHICH, DialogueState
from convrec.agent.wishes import absorb
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import Clock
from convrec.core.reply import Question
from convrec.core.text import words
from convrec.evaluation.understanding.alt_entities import AltCase, Choice, Resolver
from convrec.evaluation.understanding.similarity import Vectors
from convrec.evaluation.understanding.workspaces import cached
from convrec.tools.encoder import TextEncoder

_WHICH_ONE = "Which one do you mean?"
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_MOST_SENTENCES = 40
_YEAR = re.compile(r"\b(1[4-9]\d\d|20\d\d)\b")
_SPLIT = re.compile(r"\s*(?:,|;|\n| and )\s*")
_DATED = ("release_date", "released", "published", "pub_date")
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "author": ("tags", "author", "who wrote it"),
    "artist": ("tags", "artist", "who sings or plays it"),
    "writer": ("tags", "writer", "who wrote it"),
    "producer": ("tags", "producer", "who produced it"),
    "album": ("category", "album", "the record that it is on"),
    "label": ("tags", "label", "the house that brought it out"),
    "publisher": ("tags", "publisher", "the house that brought it out"),
    "illustrator": ("tags", "illustrator", "who drew the pictures in it"),
    "genre": ("tags", "genre", "what kind of thing it is"),
    "language": ("tags", "language", "the language that it is in"),
    "country": ("tags", "country", "where it comes from"),
    "region": ("tags", "region", "where in its country it comes from"),
    "course": ("tags", "course", "when in a meal it is served"),
    "type": ("tags", "type", "what kind of thing it is"),
    "main_ingredient": ("tags", "ingredient", "what it is made of"),
    "served": ("tags", "served", "how it is served"),
}
_FIELDS = (
    TITLE,
    Field(name="year", type="number", description="the year in which it came out"),
    Field(name="length", type="number", description="how long it is, in pages or minutes"),
    *(
        Field.model_validate({"name": name, "type": kind, "label": label, "description": said})
        for name, (kind, label, said) in _KINDS.items()
    ),
    Field(name="description", type="text", description="what is written about it"),
)


def choices_catalogue(cases: Iterable[AltCase], folder: Path, clock: Clock) -> Catalogue:
    """Returns a catalogue of all items that are in question, their infobox facts as fields, ingested into a workspace in `folder`."""
    choices = {choice.id: choice for case in cases for choice in case.choices}
    items = [_facts(choice) for choice in choices.values()]
    held = [field for field in _FIELDS if any(item.get(field.name) for item in items)]
    names = [field.name for field in held]
    rows = [{"id": item["id"]} | {name: item.get(name) for name in names} for item in items]
    return cached(folder, "altentities", rows, Schema(fields=tuple(held)), clock)


def _facts(choice: Choice) -> dict[str, Any]:
    name = re.sub(r" \(by .*\)$", "", choice.name)
    found: dict[str, Any] = {"id": choice.id, "title": name, "description": choice.text or None}
    year = next((match for key in _DATED if (match := _YEAR.search(choice.facts.get(key, "")))), None)
    found["year"] = int(year[0]) if year else None
    found["length"] = _length(choice.facts)
    for key, (kind, _, _) in _KINDS.items():
        value = choice.facts.get(key)
        parts = [part for part in _SPLIT.split(value) if part and len(part) <= 60] if value else []
        found[key] = (parts if kind == "tags" else value) or None
    return found


def _length(facts: Mapping[str, str]) -> float | None:
    """Returns the pages or minutes of an infobox: `335` → 335, `4:30 (album version)` → 4.5."""
    pages = re.match(r"\d+", facts.get("pages", ""))
    time = re.match(r"(\d+):([0-5]\d)", facts.get("length", ""))
    if time is None:
        return float(pages[0]) if pages else None
    return round(int(time[1]) + int(time[2]) / 60, 3)


class AgentResolver:
    """Resolves with an agent's understanding, as if it had just asked which of the choices is meant.

    A reference to a choice counts 1, one that turns it down -1. "It" is the item that is meant, whichever that is, and counts for none.
    """

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        self._engine, self._catalogue = engine, catalogue

    def __call__(self, expression: str, choices: Sequence[Choice]) -> list[float]:
        """Returns how much speaks for each choice."""
        ids = tuple(choice.id for choice in choices)
        asked = Question(facet=WHICH, text=_WHICH_ONE, options=tuple(self._catalogue.item(item).title for item in ids))
        state = DialogueState(turn=1, slates=(ids,), question=asked)
        heard = self._engine.understand(expression, state)
        aside = absorb(state, heard, expression, 2, self._catalogue.schema).rejected
        pointed = {item for reference in heard.references if reference.kind != "pronoun" for item in reference.item_ids}
        return [0.0 if item not in pointed else -1.0 if item in aside else 1.0 for item in ids]


def overlap(expression: str, choices: Sequence[Choice]) -> list[float]:
    """Returns the share of the expression's telling words that stand in each choice's name or text."""
    wanted = {word for word in words(expression) if word not in FUNCTION}
    return [len(wanted & _words(f"{choice.name} {choice.text}")) / max(1, len(wanted)) for choice in choices]


@lru_cache(maxsize=4096)
def _words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def sentence_similarity(encoder: TextEncoder) -> Resolver:
    """Returns, for each choice, the cosine of the expression with that of the choice's sentences which is nearest to it."""
    sentences, expressions = Vectors(encoder, 64), Vectors(encoder)

    def resolve(expression: str, choices: Sequence[Choice]) -> list[float]:
        wanted = expressions.of([expression])[0]
        return [float((sentences.of(_sentences(choice)) @ wanted).max()) for choice in choices]

    return resolve


def _sentences(choice: Choice) -> list[str]:
    found = [part.strip() for part in _SENTENCE.split(choice.text) if part.strip()]
    return [choice.name, *found][:_MOST_SENTENCES]
