"""Bounds that no field of a catalogue can hold: "under two hours" where nothing tells how long items are, "for 4 players" where players are told in words."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from convrec.agent.compact.fields import measured, plain_name
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.wording import PEOPLE_COUNTED, field_words
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field, Schema
from convrec.core.text import fold
from convrec.tools.lexicon import singular

_MUCH = r"(?:an?|one|two|three|four|half an|\d+(?:[.,]\d+)?)"
_ASKED: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "length": re.compile(
            rf"\b(?:under|over|below|within|up to|less than|more than|shorter than|longer than|at most|at least|max(?:imum)?) {_MUCH}(?: and a half)? ?(?:hours?|hrs?|h|minutes?|mins?)\b"
            rf"|\b{_MUCH}[ -]?(?:hours?|minutes?|mins?) (?:or (?:less|more)|max|tops|at most|long)\b|\bnot (?:too?|so|that|very) long\b(?! ago\b)|\b(?:nothing|none) (?:too |so )?long\b"
            r"|\bthe (?:shortest|longest|lengthiest|briefest)\b"
        ),
        "price": re.compile(
            rf"\b(?:cheap(?:er|est|ish)?|inexpensive|the (?:most expensive|priciest|dearest|costliest)|not (?:too?|so|that) (?:expensive|pricey)|affordable)\b|\b(?:under|below|up to|less than|at most|for) (?:[$£€] ?{_MUCH}|{_MUCH} ?(?:[$£€]|euros?|dollars?|pounds?|bucks|quid))"
        ),
        "rating": re.compile(
            r"\b(?:best|highest|top|lowest|worst)[ -](?:rated|reviewed)\b|\b(?:best|highest) (?:ratings?|scores?|reviews)\b"
        ),
    }
)

_N = rf"(?:\d+(?:[.,]\d+)?|{'|'.join(NUMBERS)})"
_HOW = r"(?:of|is|under|over|below|above|at most|at least|up to|less than|more than|around)"
_LOOKED_AT = 200  # of a field's values
_NUMBERED = 0.5  # of them that hold a figure, so that a number could be about them


def unmeasured(text: str, schema: Schema) -> str:
    """Returns what a message wants within bounds that no field tells, `length`, `price` or `rating`; nothing where there is no such wish."""
    said = fold(text)
    return next((what for what, asked in _ASKED.items() if asked.search(said) and measured(schema, what) is None), "")


def unfiltered(text: str, catalogue: Catalogue) -> Field | None:
    """Returns the field, kept in words, of which a message wants a number: "for 4 players" where players are "2 to 4, best with 3"; else None."""
    said, schema = fold(text), catalogue.schema
    told = {word for field in schema.measured for word in field_words(field)}
    for field in schema.of_type("text", "category", "tags"):
        names = {plain_name(field), *(PEOPLE_COUNTED if field_words(field) & PEOPLE_COUNTED else ())} - {"", "title"}
        names = {form for name in names for form in (name, singular(name), f"{name}s")}
        said_so = rf"\b{_N} (?:{'|'.join(map(re.escape, names))})\b|\b(?:{'|'.join(map(re.escape, names))}) (?:{_HOW} )?{_N}\b"
        if names and not field_words(field) & told and re.search(said_so, said) and _has_figures(field, catalogue):
            return field
    return None


def _has_figures(field: Field, catalogue: Catalogue) -> bool:
    values = catalogue.values(field.name).values[:_LOOKED_AT]
    return sum(any(map(str.isdigit, value)) for value in values) > _NUMBERED * len(values)
