"""Where names stand in a sentence: its capitalised words, without those that have their capital from their place."""

import re
from collections.abc import Iterator

from convrec.agent.checking.reading import YEAR_AFTER, Reading
from convrec.agent.checking.roles import does
from convrec.agent.checking.table import Run
from convrec.agent.checking.words import word_set
from convrec.agent.compact.fields import described
from convrec.agent.compact.lexicon import FUNCTION, LINGO, PLAIN_RANK, is_common, rank
from convrec.agent.compact.values import PARTICLES


def names(reading: Reading, taken: set[int]) -> Iterator[Run]:
    """Yields the token ranges of capitalised words that may be names."""
    at, n = 0, len(reading.tokens)
    while at < n:
        if not _is_capital(reading, at, taken):
            at += 1
            continue
        end = at + 1
        while end < n and not reading.tokens[end].mark and reading.tokens[end - 1].bare == reading.tokens[end - 1].norm and "," not in reading.message.gap(end) and (
            _is_capital(reading, end, taken) or (reading.tokens[end].norm in PARTICLES and end + 1 < n and _is_capital(reading, end + 1, taken))
        ):  # fmt: skip
            end += 1
        start = _trimmed(reading, at, end)
        if start < end and not is_label(reading, start, end):
            yield start, end
        at = end


def _is_capital(reading: Reading, at: int, taken: set[int]) -> bool:
    token = reading.tokens[at]
    initial = len(token.raw) == 1 and reading.text[token.end : token.end + 1] == "."
    telling = token.norm not in FUNCTION or initial or _is_numeral(token.raw)
    written = token.raw[0].isalpha() and (token.capital or any(char.isupper() for char in token.raw))
    priced = token.raw in reading.knowledge.currencies  # CHF
    return written and at not in taken and not reading.covered(at) and telling and not priced


def _is_numeral(raw: str) -> bool:
    return re.fullmatch(r"[IVX]{2,4}", raw) is not None


def _trimmed(reading: Reading, start: int, end: int) -> int:
    """Returns where a name begins in capitalised words: behind the first where that has its capital from its place."""
    if not reading.starts(start) or _is_name(reading, start, end):
        return start
    token = reading.tokens[start]
    if end - start > 1:
        return (
            start + 1 if token.norm in LINGO or rank(token.norm) < PLAIN_RANK or token.norm.endswith("ing") else start
        )
    dated = YEAR_AFTER.match(reading.text[token.end :]) is not None
    known = token.bare in reading.knowledge.surnames or token.raw.removesuffix("'s") in reading.knowledge.names
    acts = (
        does(reading, reading.word(end)) is not None
        or token.bare != token.norm
        or reading.word(end) in ("is", "was", "gives", "delivers", "brings")
    )
    rare = rank(token.norm) >= PLAIN_RANK
    return start if dated or ((token.norm not in LINGO and (acts and (known or rare))) or (known and rare)) else end


def written(reading: Reading, run: Run) -> str:
    """Returns a name as it is written, without a possessive ending or a last stop."""
    return re.sub(r"(?:['’]s?|\.)$", "", reading.text[reading.tokens[run[0]].start : reading.tokens[run[1] - 1].end])


def _is_name(reading: Reading, start: int, end: int) -> bool:
    return end - start > 1 and written(reading, (start, end)) in reading.knowledge.names


def is_label(reading: Reading, start: int, end: int) -> bool:
    """Tells whether the words head a line or name a field: "Director:", "Why You'll Love It:"."""
    words = [token.norm for token in reading.tokens[start:end]]
    own = {word for f in reading.knowledge.catalogue.schema.fields for word in described(f) if f.label}
    if all(word in word_set("labels") | LINGO for word in words) and not _is_name(reading, start, end):
        return True
    headed = re.match(r"^[^.!?()\n]{0,30}:", reading.text[reading.tokens[end - 1].end :]) is not None and _begins_line(
        reading, start
    )
    return headed and all(is_common(word) or word in own for word in words) and not _is_name(reading, start, end)


def _begins_line(reading: Reading, start: int) -> bool:
    return all(token.norm in FUNCTION or token.capital for token in reading.tokens[:start])


def is_around(reading: Reading, words: list[str]) -> bool:
    """Tells whether an item that the sentence can be about has the name, or the person said it."""
    own = [facts for mention in reading.mentions for facts in mention.items]
    items = own or (reading.topic.items if reading.topic and not reading.offers else reading.table.items)
    people = reading.knowledge.fields.people
    return reading.table.echoes(" ".join(words)) or any(
        facts.named(words, people) or facts.tells(words) for facts in items
    )
