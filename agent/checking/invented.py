"""Titles that no item in play bears: marked as such, with a year or the number of a sequel behind them, or slips of one that does."""

import re
from collections.abc import Iterator
from itertools import product

from rapidfuzz import fuzz

from convrec.agent.checking.facts import Finding
from convrec.agent.checking.names import is_around, is_label
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.compact.lexicon import FUNCTION

_DATED = re.compile(r"[*_\"”'’»`\]]*\s*\((?:1[89]|20)\d\d\)")
_NEAR = 85  # of 100, how alike a slip of the finger and the title are
_SHORTEST = 6  # characters of a title whose slips are told from other words
_LONGEST_TITLE = 10  # words


def invented(reading: Reading, taken: set[int]) -> Iterator[Finding]:
    """Yields what is marked as a title, or has a year or the number of a sequel behind it, and is the title of no item in play."""
    for first, last in reading.marked:
        inside = [i for i, token in enumerate(reading.tokens) if first <= token.start and token.end <= last]
        if inside and not _is_fine(reading, inside, taken):
            yield Finding("title", first, last, reading.text[first:last])
    for mention in reading.named:
        yield from _sequel(reading, mention)
    yield from _slips(reading)
    for match in _DATED.finditer(reading.text):
        yield from _dated(reading, match.start())


def _dated(reading: Reading, at: int) -> Iterator[Finding]:
    """Yields what stands before a year in brackets as a title and is none: in a list the whole head, else the capitalised word."""
    before = [index for index, token in enumerate(reading.tokens) if token.end <= at]
    if not before or any(
        m.start <= before[-1] < m.end and (m.start == 0 or not reading.list_mark) for m in reading.named
    ):
        return
    start = (
        0
        if reading.list_mark and not any(token.mark in (".", "?", "!") for token in reading.tokens[1 : before[-1] + 1])
        else before[-1]
    )
    if reading.tokens[before[-1]].capital or start == 0:
        first, last = reading.tokens[start].start, reading.tokens[before[-1]].end
        if not any(m.start >= start for m in reading.named if m.end == before[-1] + 1 and reading.tokens[m.start].mark):
            yield Finding("title", first, last, reading.text[first:last])


def _is_fine(reading: Reading, inside: list[int], taken: set[int]) -> bool:
    start, end = inside[0], inside[-1] + 1
    tokens = [reading.tokens[i] for i in inside]
    telling = [token for token in tokens if token.norm not in FUNCTION]
    words = [token.bare for token in tokens]
    if any(
        (m.start <= start and end <= m.end) or (reading.is_marked(m.start, m.end) and m.start == start)
        for m in reading.named
    ):
        return True
    if _is_near(reading, reading.text[tokens[0].start : tokens[-1].end]):
        return False
    small = not all(any(char.isupper() or char.isdigit() for char in token.raw) for token in telling) or not (
        tokens[0].raw[0].isupper() or tokens[0].raw[0].isdigit()
    )
    if (
        small
        or len(tokens) > _LONGEST_TITLE
        or all(i in taken or reading.covered(i) or reading.tokens[i].norm in FUNCTION for i in inside)
    ):
        return (
            reading.text[reading.tokens[start].start : reading.tokens[end - 1].end].casefold()
            not in reading.knowledge.titles
            or small
        )
    if reading.text[tokens[0].start : tokens[-1].end].casefold() in reading.knowledge.titles:
        return False
    return (
        is_label(reading, start, end)
        or is_around(reading, words)
        or (reading.offers and reading.table.echoes(" ".join(words)))
    )


def _slips(reading: Reading) -> Iterator[Finding]:
    """Yields capitalised words that are nearly, but not quite, a title of several words of an item in play."""
    exact = [
        (m.start, m.end)
        for m in reading.named
        if any(reading.message.raw(m.start, m.end) == facts.title for facts in m.items)
    ]
    capitals = [i for i, token in enumerate(reading.tokens) if token.capital and not reading.covered(i)]
    for (length, title), start in product(reading.table.long_titles if capitals else (), capitals):
        if start + length <= len(reading.tokens):
            first, last = reading.tokens[start], reading.tokens[start + length - 1]
            said = reading.text[first.start : last.end]
            if (
                abs(len(said) - len(title)) < 4
                and not any(a < start + length and start < b for a, b in exact)
                and fuzz.ratio(said.casefold(), title, score_cutoff=_NEAR)
                and said.casefold() != title
            ):
                yield Finding("title", first.start, last.end, said)


def _is_near(reading: Reading, said: str) -> bool:
    """Tells whether words are nearly, but not quite, the title of an item in play."""
    if len(said) < _SHORTEST:
        return False
    known = [facts.title.casefold() for facts in reading.table.items]
    return said.casefold() not in known and any(
        abs(len(said) - len(title)) < 4 and fuzz.ratio(said.casefold(), title) >= _NEAR for title in known
    )


def _sequel(reading: Reading, mention: Mention) -> Iterator[Finding]:
    """Yields a number or another part behind a title that makes it another title: "Heat 2", "Heat: Reloaded (1999)"."""
    behind = reading.text[reading.tokens[mention.end - 1].end :]
    if mention.end < len(reading.tokens) and _goes_on(reading, mention):
        first, last = reading.tokens[mention.start].start, reading.tokens[mention.end].end
        yield Finding("title", first, last, reading.text[first:last])
    more = re.match(
        r"(?:\s+(?:\d{1,2}|[IVX]{2,4})\b(?! (?:of|out|to|euros|players|minutes|hours|stars)\b)|(?::|\s+-)\s+(?:[A-Z][\w'’]*\s?){1,5}(?=[*\"”]|\s*\((?:1[89]|20)\d\d))",
        behind,
    )
    if more:
        first = reading.tokens[mention.start].start
        last = reading.tokens[mention.end - 1].end + more.end()
        yield Finding("title", first, last, reading.text[first:last])


def _goes_on(reading: Reading, mention: Mention) -> bool:
    """Tells whether a capitalised word follows a title as if it were a part of it."""
    last, following = reading.tokens[mention.end - 1], reading.tokens[mention.end]
    apart = reading.text[last.end : following.start].strip(".!? ")
    return (
        following.capital
        and not apart
        and last.bare == last.norm
        and following.norm not in FUNCTION
        and reading.adjoins(mention, mention.end)
    )
