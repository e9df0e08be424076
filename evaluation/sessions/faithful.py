"""Whether other words still mean the same, as far as that can be told without understanding them.

All that is named (values, titles, labels, figures) must stand in the new words, in the same order, under a negation where it stood under
one; nothing else may be named or denied. That refuses many good paraphrases and lets hardly any bad one pass, which is the side to err
on: people whose words say something else than what they mean would measure nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.catalogue.schema import Schema
from convrec.core.text import fold, words
from convrec.evaluation.sessions.people import Statement, Utterance

Fault = Literal["names changed", "something added", "sense turned"]
Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_PAUSE = re.compile(r"[,.](?!\d)|[;:!?()–—]")
_NEGATIONS = frozenset(
    "no not never none nothing nobody neither nor nope nah without except avoid skip exclude forget scrap drop ignore leave less fewer "
    "enough pass hate dislike cannot cant dont doesnt didnt isnt arent wasnt werent wont wouldnt couldnt shouldnt havent hasnt hadnt".split()
)
_FIGURES = frozenset(
    "two three four five six seven eight nine ten eleven twelve first second third fourth fifth sixth seventh eighth ninth tenth last "
    "former latter twenties thirties forties fifties sixties seventies eighties nineties".split()
)
_DIRECTIONS = {
    word: way
    for way, listed in {
        "down": "under below less fewer before until older old dated earlier lower low cheaper cheap shorter short most max lighter smaller nearer",
        "up": "over above more after since newer new recent modern later higher high pricier expensive longer long least min heavier bigger further",
        "too": "too",
        "around": "around about roughly circa",
        "than": "than",
    }.items()
    for word in listed.split()
}
_LONGEST = 6  # words of a value that is looked for


@dataclass(frozen=True)
class Meaning:
    """What must survive of an utterance. `things` are the words of all that its statements name; `ways` asks for the same comparisons."""

    text: str
    things: tuple[Words, ...]
    ways: bool

    @classmethod
    def of(cls, said: Utterance, schema: Schema, titles: Mapping[str, str]) -> Meaning | None:
        """Returns what must survive; None where the words alone do not show what is meant, so that nobody could check others.

        `titles` are the names of items that may be spoken of, by id.
        """
        every = [(each, each.polarity < 0 or each.value is False) for each in said.statements]
        every += [(each, True) for each in said.retracted]
        named = [_thing(statement, schema, titles, said.text) for statement, _ in every]
        things = tuple(dict.fromkeys(thing for thing in named if thing))
        read = _Reading(said.text, things)
        if not all(_shown(s, thing, read, against) for (s, against), thing in zip(every, named, strict=True)):
            return None
        ways = any(not isinstance(statement.value, (str, bool)) for statement, _ in every)
        return cls(said.text, things, ways)

    def fault(self, new: str, known: frozenset[Words]) -> Fault | None:
        """Returns what is wrong with other words, or None. `known` are the catalogue's values, which may not be brought in."""
        before, after = _Reading(self.text, self.things), _Reading(new, self.things)
        if list(before.marks) != list(after.marks):
            return "something added" if set(after.marks) > set(before.marks) else "names changed"
        turned = before.marks != after.marks or before.negated != after.negated
        if turned or (self.ways and before.ways != after.ways):
            return "sense turned"
        return "something added" if (after.grams() & known) - before.grams() else None


def _thing(statement: Statement, schema: Schema, titles: Mapping[str, str], text: str) -> Words:
    """Returns the words that name what a statement is about: a value, a label, a title; none for bounds and for "that one"."""
    if statement.facet == "item":
        title = tuple(words(titles.get(str(statement.value), "")))
        return title if stands(title, words(text)) else ()
    if isinstance(statement.value, bool) and statement.facet in schema.names:
        return tuple(words(schema.field(statement.facet).label))
    return tuple(words(statement.value)) if isinstance(statement.value, str) else ()


def _shown(statement: Statement, thing: Words, read: _Reading, against: bool) -> bool:
    """Returns whether the words show the statement: what it names, or a bound, and a negation where it rules out."""
    mark = " ".join(thing)
    if thing:
        return mark in read.marks and (read.marks[mark] or not against)
    if statement.facet == "item":
        return read.negated or not against
    if isinstance(statement.value, (str, bool)):
        return False
    return bool(read.marks or read.ways) and (read.negated or not against)


def stands(sought: Sequence[str], said: Sequence[str]) -> bool:
    """Returns whether the words stand, one after the other, in what was said."""
    return bool(sought) and any(tuple(said[at : at + len(sought)]) == tuple(sought) for at in range(len(said)))


class _Reading:
    """A text read for its marks: things and figures, in order, each with whether its clause is negated."""

    def __init__(self, text: str, things: Sequence[Words]) -> None:
        self._tokens = list(_tokens(fold(text)))
        self._things = sorted(things, key=len, reverse=True)
        spans = list(self._spans())
        inside = {place for start, end, thing in spans if thing for place in range(start, end)}
        free = [(word, clause) for place, (word, clause) in enumerate(self._tokens) if place not in inside]
        denied = {clause for word, clause in free if word in _NEGATIONS or word.endswith("n't")}
        self.negated = bool(denied)
        self.ways = frozenset(_DIRECTIONS[word] for word, _ in free if word in _DIRECTIONS)
        self.marks: dict[str, bool] = {}
        for start, end, _ in spans:
            clauses = {clause for _, clause in self._tokens[start:end]}
            self.marks.setdefault(" ".join(word for word, _ in self._tokens[start:end]), bool(clauses & denied))

    def grams(self) -> frozenset[Words]:
        """Returns every run of up to six words."""
        said = tuple(word for word, _ in self._tokens)
        return frozenset(said[at : at + n] for n in range(1, _LONGEST + 1) for at in range(len(said) - n + 1))

    def _spans(self) -> Iterator[tuple[int, int, bool]]:
        """Yields where things (true) and figures (false) stand."""
        said, at = [word for word, _ in self._tokens], 0
        while at < len(said):
            thing = next((each for each in self._things if tuple(said[at : at + len(each)]) == each), None)
            if thing:
                yield at, at + len(thing), True
            elif said[at] in _FIGURES or any(char.isdigit() for char in said[at]):
                yield at, at + 1, False
            at += len(thing) if thing else 1


def _tokens(folded: str) -> Iterator[tuple[str, int]]:
    """Yields each word with the number of its clause; a clause ends at a pause and before "but"."""
    clause = end = 0
    for found in _WORD.finditer(folded):
        clause += bool(_PAUSE.search(folded, end, found.start() + 1)) or found[0] == "but"
        end = found.end()
        yield found[0], clause
