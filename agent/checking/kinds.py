"""Kinds and other values: what sort of thing an item is said to be, what it has, and what it is said not to have."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from convrec.agent.checking.facts import Facts, Finding
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.checking.words import pattern, word_set
from convrec.agent.compact.fields import described
from convrec.agent.compact.lexicon import FUNCTION, LINGO, is_common
from convrec.agent.compact.message import words_of
from convrec.agent.compact.values import Meaning

_LONGEST = 4
_ARTICLES = frozenset("a an the this another pure your classic proper true real".split())
_IS = frozenset("is was are were be being as its it s remains called".split())
_INTO = frozenset(
    "like likes liked with and try love loves loved both but enjoy enjoys prefer prefers not such just also really more fancy fancies for than want wants wanted in as after need needs craving made makes directed offers delivers expect either".split()
)
_JOINS = frozenset("and or".split())
_MIXES = re.compile(
    r"\b(?:blends?|mix(?:es|ture)?|combin(?:es|ation)|fus(?:es|ion)|marries|part|genres?(?: (?:is|are))?|pure|full of|plenty of|lots of|serv(?:es|ing)|offers?|eating)(?: of)?$"
)
_CONTENT = frozenset(
    "violence violent gore sex nudity romance swearing songs music guns humour humor jokes magic ghosts monsters aliens zombies blood action".split()
)


@dataclass(frozen=True)
class Named:
    """Tokens `[start, end)` that mean a value; `firm` where they can hardly mean anything else there."""

    start: int
    end: int
    meaning: Meaning
    firm: bool


def values_named(reading: Reading) -> list[Named]:
    """Returns the values that the sentence names, the longest first where they overlap, in order."""
    found: list[Named] = []
    tokens, at = reading.tokens, 0
    while at < len(tokens):
        named = None if reading.covered(at) else _named_at(reading, at)
        if named is not None:
            found.append(named)
        at = named.end if named else at + 1
    return found


def _named_at(reading: Reading, start: int) -> Named | None:
    if reading.word(start) in FUNCTION:
        return None
    for end in range(min(len(reading.tokens), start + _LONGEST), start, -1):
        tokens = reading.read.tokens[start:end]
        if any(token.mark for token in tokens[1:]) or any(reading.covered(i) for i in range(start, end)):
            continue
        words = [token.norm for token in tokens]
        if len(words) > 1 and not reading.knowledge.begins_kind(words[:-1]):
            continue
        meaning = reading.knowledge.kind(words) or reading.knowledge.kind([*words[:-1], tokens[-1].bare])
        if meaning is None or (len(words) == 1 and (words[0] in word_set("praise") | FUNCTION)):
            continue
        headed = reading.word(end) in word_set("heads") | reading.knowledge.nouns and _own(meaning, words)
        if _in_name(reading, start, end) or (
            all(word in LINGO for word in words) and not headed and not _by_its_field(reading, start, end, meaning)
        ):
            continue
        return Named(start, end, meaning, _is_firm(reading, start, end, meaning))
    return None


def _in_name(reading: Reading, start: int, end: int) -> bool:
    """Tells whether capitalised words go on into a longer name: "Crime" in "Crime Story"; "Old Town" is one by itself."""
    if not reading.tokens[start].capital:
        return False
    around = [
        i
        for i in (start - 1, end)
        if 0 <= i < len(reading.tokens)
        and not reading.tokens[max(i, start)].mark
        and not (i == end and reading.tokens[i].mark)
    ]
    return any(
        reading.tokens[i].capital and reading.tokens[i].norm not in FUNCTION and not reading.covered(i) and not reading.starts(i)
        and reading.knowledge.kind([reading.tokens[i].norm]) is None for i in around
    )  # fmt: skip


def _by_its_field(reading: Reading, start: int, end: int, meaning: Meaning) -> bool:
    beside = {reading.word(start - 1), reading.word(end)}
    return any(described(value.field) & beside - FUNCTION for value in meaning.values)


def _own(meaning: Meaning, words: list[str]) -> bool:
    """Tells whether the words are the value's own, in one of its forms, not a synonym: "comedic", not "gangster"."""
    parts = [
        p
        for value in (*meaning.values, *(v for part in meaning.parts for v in part.values))
        for p in (words_of(value.value) if value.value != "true" else words)
    ]
    return any(part[:4] == word[:4] for word in words for part in parts)


def _is_firm(reading: Reading, start: int, end: int, meaning: Meaning) -> bool:
    """Tells whether the words name a value there: every plain word of another field does, one of a kind in the place of a kind."""
    words = reading.read.norms(start, end)
    if all(value.field not in reading.knowledge.fields.kinds for value in meaning.values):
        return _own(meaning, words)
    if _own(meaning, words) and (
        len(words) > 1 or not is_common(words[0]) or (reading.tokens[start].capital and not reading.starts(start))
    ):
        return True
    return _is_placed(reading, start, end)


def _is_placed(reading: Reading, start: int, end: int) -> bool:
    after, before = reading.word(end), reading.word(start - 1)
    follows = after and not reading.tokens[end].mark
    if follows and (
        after in word_set("heads") | reading.knowledge.nouns
        or (reading.knowledge.kind([after]) is not None and not reading.covered(end))
    ):
        return True
    if before == "this" or _beside_kind(reading, start, -1) or _beside_kind(reading, end, 1):
        return True
    lead = reading.read.words(max(0, start - 4), start)
    if _MIXES.search(lead):
        return True
    closed = (
        not follows
        or after in FUNCTION | {"made", "set", "told"}
        or after.endswith(("ed", "ing", "en"))
        or after in word_set("players")
    )
    if not closed:
        return False
    if reading.negated(start) and before in _ARTICLES | {"no", "not", "without", "any", "of"}:
        return True
    possessed = (
        start > 0
        and reading.tokens[start - 1].bare != reading.tokens[start - 1].norm
        and not reading.tokens[start].mark
    )
    return possessed or _is_head(reading, start)


def _is_head(reading: Reading, start: int) -> bool:
    """Tells whether an article and describing words lead from a verb of being, a title or a mark to the word."""
    at = start
    while (
        at > 0
        and at > start - 4
        and not reading.tokens[at].mark
        and reading.word(at - 1) not in _ARTICLES
        and not reading.covered(at - 1)
    ):
        if reading.word(at - 1) in _IS:
            return at == start or reading.word(at) not in FUNCTION
        if reading.word(at - 1) in FUNCTION:
            return False
        at -= 1
    if at == 0 or reading.tokens[at].mark or reading.covered(at - 1):
        return at == start
    behind = at - 1
    if reading.word(behind) == "this":
        return True
    return (
        behind == 0
        or bool(reading.tokens[behind].mark)
        or reading.covered(behind - 1)
        or reading.word(behind - 1) in _IS | _INTO
    )


def _beside_kind(reading: Reading, at: int, step: int) -> bool:
    """Tells whether another kind is joined to the words: "crime and drama", "crime, drama"."""
    index = at - 1 if step < 0 else at
    joined = 0 <= index < len(reading.tokens) and (
        reading.word(index) in _JOINS
        or (step > 0 and reading.tokens[index].mark == ",")
        or (step < 0 and at < len(reading.tokens) and reading.tokens[at].mark == ",")
    )
    if not joined:
        return False
    index = index + step if reading.word(index) in _JOINS else index
    if not 0 <= index < len(reading.tokens) or reading.covered(index):
        return False
    meaning = reading.knowledge.kind([reading.word(index)])
    return (
        meaning is not None
        and reading.word(index) not in LINGO
        and any(value.field in reading.knowledge.fields.kinds for value in meaning.values)
    )


def misplaced(reading: Reading, named: list[Named]) -> Iterator[Finding]:
    """Yields the values that the facts do not carry, or carry though the sentence denies them."""
    if reading.offers:
        return
    for one in named:
        denied = reading.negated(one.start)
        if not one.firm and not denied:
            continue
        about = reading.about(one.start)
        scope = about or Mention(0, 0, reading.table.slate, every=True)
        if not scope.items or (about is None and reading.table.echoes(reading.message.words(one.start, one.end))):
            continue
        if not _holds(reading, one, scope, named, denied):
            first, last = reading.message.span(one.start, one.end)
            yield Finding("value", first, last, reading.text[first:last])
    yield from _denied(reading, named)


def _holds(reading: Reading, one: Named, scope: Mention, named: list[Named], denied: bool) -> bool:
    if denied:
        return not any(facts.has(one.meaning) for facts in scope.items)
    fits = [_carries(reading, facts, one) for facts in scope.items]
    if not scope.every:
        return any(fits)
    others = [other for other in named if other.firm and reading.about(other.start) == (reading.about(one.start))]
    shared = all(any(_carries(reading, facts, other) for other in others) for facts in scope.items)
    return all(fits) or (
        len(others) > 1
        and any(fits)
        and shared
        and "both" not in reading.message.norms(0, one.start)
        and "all" not in reading.message.norms(0, one.start)
    )


def _carries(reading: Reading, facts: Facts, one: Named) -> bool:
    """Tells whether the item has the value, or its text uses the words as the name of its kind."""
    if facts.has(one.meaning):
        return True
    words = " ".join(reading.read.norms(one.start, one.end))
    if not is_common(words) and f" {words} " in facts.text:
        return True
    heads = "|".join(sorted(reading.knowledge.nouns | {"film", "movie"}))
    return re.search(rf" {re.escape(words)} (?:[a-z]+ ){{0,2}}(?:{heads})s? ", facts.text) is not None


def _denied(reading: Reading, named: list[Named]) -> Iterator[Finding]:
    """Yields what a sentence says an item has nothing of though the item's text has it, or nothing tells."""
    taken = {index for one in named for index in range(one.start, one.end)}
    for index, token in enumerate(reading.read.tokens):
        near = reading.read.norms(max(0, index - 3), index)
        if (
            index in taken
            or reading.covered(index)
            or not {*near} & {"no", "without", "lacks", "zero"}
            or not reading.negated(index)
        ):
            continue
        about = reading.about(index)
        if about is not None and token.norm in _CONTENT:
            yield Finding("value", token.start, token.end, token.raw)


def unknowable(reading: Reading) -> Iterator[Finding]:
    """Yields what no fact can carry: prizes, sales, true stories, sequels; unless the item's text has the word."""
    if reading.offers:
        return
    for start, end, match in reading.read.find(pattern("unknowable")):
        about = reading.about(start)
        items = about.items if about else reading.table.items
        telling = [word for word in match[0].split() if word not in FUNCTION]
        if reading.table.echoes(match[0]) or any(all(f" {word}" in facts.text for word in telling) for facts in items):
            continue
        first, last = reading.message.span(start, end)
        yield Finding("unknowable", first, last, reading.text[first:last])
