"""Titles as data sets spell them, and as people say them."""

import re
from typing import NamedTuple
from urllib.parse import unquote

_YEAR = re.compile(r"\s*\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$")
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
_LAST_ARTICLE = re.compile(
    r"^(?P<rest>.+), (?P<article>The|A|An|Le|La|Les|L'|El|Los|Las|Il|Lo|Gli|Der|Die|Das|Den|Det|Une?)$"
)
_ALTERNATIVE = re.compile(r"(?<![:\s])(?<!: Or)\s+\([^()]*\)$")


class Title(NamedTuple):
    """A title as people say it, and the year that stood behind it."""

    name: str
    year: int | None


def cleaned(text: str) -> str:
    """Returns the text with single spaces, and with escapes such as `%3F` resolved."""
    return " ".join((unquote(text) if _ESCAPED.search(text) else text).split())


def split_year(text: str) -> Title:
    """Returns the title without the year in brackets at its end: "The Matrix  (1999)" → ("The Matrix", 1999)."""
    whole = cleaned(text)
    match = _YEAR.search(whole)
    if match is None or match.start() == 0:
        return Title(whole, None)
    return Title(whole[: match.start()], int(match[1]))


def article_first(name: str) -> str:
    """Returns the title with an article that stood last in its place: "Matrix, The" → "The Matrix"."""
    match = _LAST_ARTICLE.match(name)
    if match is None:
        return name
    article = match["article"]
    return f"{article}{'' if article.endswith(chr(39)) else ' '}{match['rest']}"


def without_alternatives(name: str) -> str:
    """Returns the title without other titles in brackets behind it: "Seven (a.k.a. Se7en)" → "Seven"."""
    while (shorter := _ALTERNATIVE.sub("", name)) != name:
        name = shorter
    return name
