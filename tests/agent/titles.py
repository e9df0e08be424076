"""Which titles a text names, by the interface's definition, found without the product's own checker."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from rapidfuzz.fuzz import partial_ratio

from convrec.core.text import fold, words

_QUOTES = (
    ('"', '"'),
    ("“", "”"),
    ("‘", "’"),
    ("'", "'"),
    ("«", "»"),
    ("**", "**"),
    ("*", "*"),
    ("__", "__"),
    ("_", "_"),
    ("`", "`"),
    ("[", "]("),
)
_MARKED = [
    re.compile(rf"(?<!\w){re.escape(a)}(?=\S)(.+?)(?<=\S){re.escape(b)}" + ("" if b == "](" else r"(?!\w)"))
    for a, b in _QUOTES
]
_LIST_HEAD = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+(.+?)\s*(?:[:;(–—]|$)", re.MULTILINE)
_YEAR = re.compile(r"\s*\(\d{4}\)$")
_CLOSE = 80  # of 100: how like a title the words must be that were taken for it


def stands(words: str, text: str, *, any_case: bool = False) -> bool:
    """Tells whether the words stand in the text as they are, and not as a part of longer words."""
    return re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text, re.IGNORECASE if any_case else 0) is not None


def spoken(title: str, say: str, understanding: Mapping[str, Any], item: str) -> bool:
    """Tells whether a person names a title: several words in any case, one word as it is written, or a linked slip of it."""
    several = len(words(title)) > 1 and stands(" ".join(words(title)), " ".join(words(say)))
    if stands(title, say) or several:
        return True
    linked = any(
        item in reference["item_ids"] for reference in understanding["references"] if reference["kind"] == "title"
    )
    return linked and partial_ratio(fold(title), fold(say)) >= _CLOSE


def named_titles(text: str, years: Mapping[str, Collection[object]]) -> set[str]:
    """Returns the titles that a text names, of those that `years` maps to the years of their items.

    One is named when it is marked (quotes, emphasis, link, list head); of two words or more, when it stands with its
    capitals; of one word, when its year follows. Of nested titles the longest counts.
    """
    marks = [mark for pattern in (*_MARKED, _LIST_HEAD) for mark in pattern.findall(text)]
    marked = {bare for mark in marks for bare in (mark, _YEAR.sub("", mark)) if bare in years}
    several, single = _patterns(frozenset(years))
    dated = {found[1] for found in single.finditer(text) if int(found[2]) in years[found[1]]}
    return marked | dated | {found[0] for found in several.finditer(text)}


@lru_cache(maxsize=8)
def _patterns(titles: frozenset[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    several = [t for t in titles if len(t.split()) > 1 and any(word[:1].isupper() for word in t.split())]
    single = [t for t in titles if len(t.split()) == 1]
    return re.compile(rf"(?<!\w)(?:{_any(several)})(?!\w)"), re.compile(
        rf"(?<!\w)({_any(single)})\W{{1,4}}(\d{{4}})(?!\d)"
    )


def _any(titles: list[str]) -> str:
    return "|".join(re.escape(title) for title in sorted(titles, key=lambda title: (-len(title), title))) or r"(?!)"
