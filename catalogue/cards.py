"""An item in words: short for encoders, whole for lexical search."""

from collections.abc import Mapping
from typing import Any

from convrec.catalogue.schema import VALUED, Schema

CARD_VALUES = 4
"""How many values of one tags field a card names."""

CARD_TEXT = 400
"""How many characters of one text field a card quotes."""

SOURCE_TITLE = "source_title"
"""The field in which importers keep a title as its source spells it; searched, but on no card."""


def card_of(facts: Mapping[str, Any], schema: Schema) -> str:
    """Returns "Title (year). Genre, Genre. Person, Person. The text…": what says most, first."""
    year = schema.year_field()
    known_year = f" ({facts[year.name]})" if year is not None and year.name in facts else ""
    parts = [f"{facts['title']}{known_year}"]
    for field in schema.valued:
        value = facts.get(field.name)
        if value and field.searchable:
            parts.append(", ".join(value[:CARD_VALUES]) if isinstance(value, list) else str(value))
    for field in schema.of_type("text"):
        text = facts.get(field.name)
        if text and field.searchable and field.name not in ("title", SOURCE_TITLE):
            parts.append(str(text)[:CARD_TEXT])
    return ". ".join(part.strip().rstrip(".") for part in parts) + "."


def text_of(facts: Mapping[str, Any], schema: Schema) -> str:
    """Returns everything searchable, a line a field, the title first and the year by its side."""
    year = schema.year_field()
    known_year = f" {facts[year.name]}" if year is not None and year.name in facts else ""
    lines = [f"{facts['title']}{known_year}"]
    for field in schema.of_type("text", *VALUED):
        value = facts.get(field.name)
        if value and field.searchable and field.name != "title":
            lines.append(", ".join(value) if isinstance(value, list) else str(value))
    return "\n".join(lines)


def spoken_fields(schema: Schema) -> frozenset[str]:
    """Returns the names of the fields whose values may stand in a card or text, or name an item or a kind of item."""
    year = schema.year_field()
    spoken = {field.name for field in schema.of_type("text", *VALUED) if field.searchable or field.type != "text"}
    return frozenset(spoken | {"title"} | ({year.name} if year is not None else set()))
