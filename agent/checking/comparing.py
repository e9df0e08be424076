"""Comparisons between items: which is older, cheaper, longer, and what they share."""

import re
from collections.abc import Iterator

from convrec.agent.checking.facts import Facts, Finding
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.checking.words import word_set
from convrec.agent.compact.fields import described
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.compact.relative import COMPARATIVES
from convrec.catalogue.schema import Field

_MORE = {
    "lower rated": ("rating", False), "worse rated": ("rating", False), "rated higher": ("rating", True), "rated lower": ("rating", False), "rated better": ("rating", True),
    "costs less": ("price", False), "costs more": ("price", True), "dearer": ("price", True), "runs longer": ("length", True), "newer": ("year", True),
    "released before": ("year", False), "came out before": ("year", False), "predates": ("year", False), "came before": ("year", False), "made before": ("year", False),
    "released after": ("year", True), "came out after": ("year", True), "came after": ("year", True), "made after": ("year", True), "more highly rated": ("rating", True),
}  # fmt: skip
_MOST = {
    "oldest": ("year", False), "earliest": ("year", False), "newest": ("year", True), "latest": ("year", True), "most recent": ("year", True), "youngest": ("year", True),
    "cheapest": ("price", False), "least expensive": ("price", False), "most affordable": ("price", False), "most expensive": ("price", True), "priciest": ("price", True),
    "shortest": ("length", False), "longest": ("length", True), "highest rated": ("rating", True), "best rated": ("rating", True), "top rated": ("rating", True), "lowest rated": ("rating", False),
    "tallest": ("height", True), "smallest": ("height", False),
}  # fmt: skip
_WORDS = {
    word: told for word, told in (COMPARATIVES | _MORE).items() if not word.startswith("too ") and word != "dated"
}
_THAN = re.compile(rf"\b(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b")
_SUPERLATIVE = re.compile(rf"\b(?P<word>{'|'.join(sorted(_MOST, key=len, reverse=True))})\b(?! (?:i|we|you|ever)\b)")
_SHARED = re.compile(r"\b(?:same|share(?:s)?(?: (?:the same|a|an|their|its))?) (?P<what>(?:leading )?[a-z]+)\b")
_APART = re.compile(
    rf"\b(?P<n>\d+|a|an|{'|'.join(NUMBERS)}) (?P<unit>year|decade)s? (?P<how>older|newer|later|earlier|before|after|younger)\b"
)
_LATER = frozenset("newer later after younger".split())


def miscompared(reading: Reading) -> Iterator[Finding]:
    """Yields the comparisons of items that their numbers do not bear out, or that there are no numbers for."""
    if reading.offers:
        return
    for start, end, match in reading.read.find(_THAN):
        yield from _compared(reading, start, end, *_WORDS[match["word"]])
    for start, end, match in reading.read.find(_SUPERLATIVE):
        yield from _compared(reading, start, end, *_MOST[match["word"]], most=True)
    for start, end, match in reading.read.find(_APART):
        yield from _apart(reading, start, end, match)
    for start, end, match in reading.read.find(_SHARED):
        yield from _same(reading, start, end, match["what"])


def _compared(reading: Reading, start: int, end: int, role: str, more: bool, most: bool = False) -> Iterator[Finding]:
    subject = reading.about(start)
    others = _others(reading, start, end, subject, most)
    if subject is None or not others:
        return
    field: Field | None = getattr(reading.knowledge.fields, role)
    pairs = [(a, b) for a in subject.items for b in others if a is not b]
    right = field is not None and all(_exceeds(a, b, field, more) for a, b in pairs)
    if right == reading.negated(start) and pairs:
        first, last = reading.message.span(start, end)
        yield Finding("comparison", first, last, reading.text[first:last])


def _apart(reading: Reading, start: int, end: int, match: re.Match[str]) -> Iterator[Finding]:
    """Yields a number of years between two items that is not theirs."""
    subject, field = reading.about(start), reading.knowledge.fields.year
    others = _others(reading, start, end, subject, False)
    if subject is None or not others or field is None:
        return
    years = (NUMBERS.get(match["n"]) or (int(match["n"]) if match["n"].isdigit() else 1)) * (
        10 if match["unit"] == "decade" else 1
    )
    gaps = [(a.amount(field) or 0) - (b.amount(field) or 0) for a in subject.items for b in others]
    if years not in [gap if match["how"] in _LATER else -gap for gap in gaps]:
        first, last = reading.message.span(start, end)
        yield Finding("comparison", first, last, reading.text[first:last])


def _exceeds(one: Facts, other: Facts, field: Field, more: bool) -> bool:
    a, b = one.amount(field), other.amount(field)
    return a is not None and b is not None and (a > b if more else a < b)


def _others(reading: Reading, start: int, end: int, subject: Mention | None, most: bool) -> tuple[Facts, ...]:
    """Returns what an item is compared with: what follows "than", else the other titles of the sentence, else the rest of the slate."""
    own = subject.items if subject else ()
    if most:
        named = [facts for m in reading.named for facts in m.items if facts not in own]
        whole = reading.table.slate if own and own[0] in reading.table.slate else ()
        return tuple(named) if len(whole) < 2 else tuple(facts for facts in whole if facts not in own)
    behind = [m for m in reading.mentions if m.start >= end and m.start - end <= 4 and _leads(reading, end, m.start)]
    if behind:
        return tuple(facts for facts in behind[0].items if facts not in own)
    others = [facts for m in reading.named for facts in m.items if facts not in own]
    rest = reading.message.norms(end, end + 4)
    definite = reading.word(start - 1) == "the" and (
        not rest
        or "one" in rest
        or "two" in rest
        or "of" in rest
        or {*rest[:1]} & (reading.knowledge.nouns | word_set("heads"))
        or not others
    )
    if "than" in rest[:1]:
        known = {"others", "other", "rest"} & {*rest}
        return tuple(facts for facts in reading.table.slate if facts not in own) if known else ()
    predicated = reading.word(start - 1) in (
        "is",
        "was",
        "are",
        "its",
        "far",
        "even",
        "much",
        "also",
        "clearly",
        "slightly",
    )
    return (
        tuple(others)
        if others and (definite or predicated or any(m.oblique for m in reading.named))
        else tuple(f for f in reading.table.slate if f not in own)
        if definite and len(reading.table.slate) == 2
        else ()
    )


def _leads(reading: Reading, end: int, start: int) -> bool:
    return {*reading.message.norms(end, start)} <= {"than", "the", "both", "as", "even", ""}


def _same(reading: Reading, start: int, end: int, what: str) -> Iterator[Finding]:
    """Yields what items are said to have in common and have not."""
    items = tuple(dict.fromkeys(facts for m in reading.mentions for facts in (m.items if m.every else m.items[:1])))
    fields = [
        f for f in reading.knowledge.catalogue.schema.fields if {what, what.rstrip("s"), f"{what}s"} & described(f)
    ]
    fields = (
        [*reading.knowledge.fields.players]
        if what.split(maxsplit=1)[0] in ("leading", "lead", "star", "stars", "actor", "actress")
        else fields
    )
    decade = what == "decade"
    fields = [reading.knowledge.fields.year] if decade and reading.knowledge.fields.year else fields
    if len(items) < 2 or not fields:
        return
    if any(_agree(items, field, decade) for field in fields) == reading.negated(start):
        first, last = reading.message.span(start, end)
        yield Finding("comparison", first, last, reading.text[first:last])


def _agree(items: tuple[Facts, ...], field: Field, decade: bool) -> bool:
    if field.measured:
        values = [facts.amount(field) for facts in items]
        return (
            None not in values
            and len({value // 10 if decade and value is not None else value for value in values}) == 1
        )
    return bool(set.intersection(*(set(facts.values(field)) for facts in items)))
