"""Bounds that no field of a catalogue can hold: "under two hours" where nothing tells how long items are, "a cheap one" where nothing has a price."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from convrec.agent.compact.fields import measured
from convrec.catalogue.schema import Schema
from convrec.core.text import fold

_MUCH = r"(?:an?|one|two|three|four|half an|\d+(?:[.,]\d+)?)"
_ASKED: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "length": re.compile(
            rf"\b(?:under|over|below|within|up to|less than|more than|shorter than|longer than|at most|at least|max(?:imum)?) {_MUCH}(?: and a half)? ?(?:hours?|hrs?|h|minutes?|mins?)\b"
            rf"|\b{_MUCH}[ -]?(?:hours?|minutes?|mins?) (?:or (?:less|more)|max|tops|at most|long)\b|\bnot (?:too?|so|that|very) long\b(?! ago\b)|\b(?:nothing|none) (?:too |so )?long\b"
        ),
        "price": re.compile(
            rf"\b(?:cheap(?:er|est|ish)?|inexpensive|not (?:too?|so|that) (?:expensive|pricey)|affordable)\b|\b(?:under|below|up to|less than|at most|for) (?:[$£€] ?{_MUCH}|{_MUCH} ?(?:[$£€]|euros?|dollars?|pounds?|bucks|quid))"
        ),
    }
)


def unmeasured(text: str, schema: Schema) -> str:
    """Returns what a message wants within bounds that no field tells, `length` or `price`; nothing where there is no such wish."""
    said = fold(text)
    return next((what for what, asked in _ASKED.items() if asked.search(said) and measured(schema, what) is None), "")
