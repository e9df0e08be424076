"""An item as the lines that a description can be held against: its name, its facts, the sentences written about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field

MOST_LINES = 48
_LINE_WORDS = 40
_SHORTEST = 20  # characters below which a sentence joins the next, for most such are abbreviations
_SENTENCE = re.compile(r"(?<=[a-z0-9)\]\"”’'%][.!?])[\"”’)]*\s+(?=[\"“‘'(\[]?[A-Za-z0-9])")


def lines_of(catalogue: Catalogue, row: int) -> tuple[str, ...]:
    """Returns at most `MOST_LINES` lines about an item: its title, "label: value" for each fact, then sentences, each once."""
    facts = catalogue.item(row).facts
    fields = [field for field in catalogue.schema.fields if field.name in facts and field.type not in ("url", "image")]
    told = [line for field in fields if field.type != "text" for line in _fact(field, facts[field.name])]
    texts = [field for field in fields if field.type == "text" and field.name != "title"]
    written = [line for field in texts for line in sentences(str(facts[field.name]))]
    lines = {line.casefold(): line for line in reversed((str(facts["title"]), *told, *written))}
    return tuple(reversed(lines.values()))[:MOST_LINES]


def _fact(field: Field, value: Any) -> Iterator[str]:
    if field.type == "bool":
        if value:
            yield field.label
    elif value not in (None, "", []):
        yield f"{field.label}: {', '.join(map(str, value)) if isinstance(value, list) else value}"


def sentences(text: str) -> Iterator[str]:
    """Yields the sentences of a text, those of a few characters with the next, long ones in pieces."""
    for paragraph in text.split("\n"):
        pending = ""
        for part in _SENTENCE.split(paragraph):
            pending = " ".join(f"{pending} {part}".split())
            if len(pending) >= _SHORTEST:
                yield from _pieces(pending)
                pending = ""
        if pending:
            yield pending


def _pieces(sentence: str) -> Iterator[str]:
    words = sentence.split(" ")
    for start in range(0, len(words), _LINE_WORDS):
        yield " ".join(words[start : start + _LINE_WORDS])
