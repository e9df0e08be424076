"""Every form in which a catalogue's titles may be named, and which items bear them."""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from functools import cached_property
from typing import NamedTuple

import numpy as np
from rapidfuzz import fuzz, process

from convrec.agent.compact.lexicon import FUNCTION, LINGO, is_common
from convrec.agent.compact.message import Token, words_of
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.columns import grown
from convrec.catalogue.laid import LaidCatalogue
from convrec.tools.feedback import dialogue_choices

ARTICLES = frozenset({"the", "a", "an", "le", "la", "les", "el", "los", "las", "il", "der", "die", "das", "l"})
_SKIPPED = frozenset({"the", "a", "an", "of", "and", "in", "to", "part", "vol", "volume", "chapter", "episode"})
_ROMAN = {
    r: str(n)
    for n, r in enumerate(("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii"), 1)
}
_LONG_KEY = 7  # characters of a key whose words may be cut differently: `spiderman`, but not `a tom`
_COUNTED = {
    word: str(n) for n, word in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 2)
}
_LAST_ARTICLE = re.compile(r"^(?P<rest>.+), (?P<article>the|a|an|les?|la|el|los|las|il|der|die|das)$", re.IGNORECASE)
_YEAR_AFTER = re.compile(r"\s*\((?P<year>1[89]\d\d|20\d\d)[^)]*\)\s*$")
_QUOTED = re.compile(r"^(?P<before>[^'‘\"“]+) ['‘\"“](?P<quoted>[^'’\"”]+(?:['’]\w[^'’\"”]*)?)['’\"”]$")
_ASIDE = re.compile(r"\s*\([^)]*\)\s*$")
EXACT, BARE, LOOSE, PARTIAL = 1.0, 0.97, 0.9, 0.8
PLURAL = 0.95  # of a form that is named in the plural
"""How well a form stands for its title: the title itself, without its article, without small words, a part of it."""


class Form(NamedTuple):
    """A form of a title: the row that bears it, and how well it stands for the whole."""

    row: int
    quality: float
    length: int = 1


class TitleIndex:
    """All titles of a catalogue, looked up by their words run together (so `spiderman` finds `Spider-Man`)."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self._forms: dict[str, tuple[Form, ...]] = {}
        self._popularity = _popularity(catalogue)
        self.words: list[str] = []
        self.longest = 1
        others = [
            field.name
            for field in catalogue.schema.of_type("text")
            if field.name.endswith("title") and field.name != "title"
        ]
        self._told: list[list[str]] = []
        self._having: dict[str, list[int]] = {}
        for row, name in enumerate(catalogue.titles):
            self._add(row, name)
            self._told.append(_told(name))
            for word in dict.fromkeys(self._told[row]):
                self._having.setdefault(word, []).append(row)
        for other in others:
            index = catalogue.values(other)
            for name in index.values:
                for row in index.rows(name).tolist() if name != catalogue.titles[int(index.rows(name)[0])] else ():
                    self._add(row, name)

    def over(self, catalogue: LaidCatalogue) -> "TitleIndex":
        """Returns the index over a catalogue laid over its own, with the titles that its items have now."""
        other, rows = copy(self), catalogue.change.spoken.tolist()
        other.__dict__.pop("_names", None)
        other.catalogue, other._popularity = catalogue, grown(self._popularity, len(catalogue), 0.0)
        other._told, other.words = (
            [*self._told, *([] for _ in range(len(self._told), len(catalogue)))],
            list(self.words),
        )
        other._forms, other._having = dict(self._forms), dict(self._having)
        gone = {row for row in rows if row < len(self._told)}
        names = [name for row in gone for name in self._names_of(row)]
        for key in {key for name in names for key, *_ in forms_of(name, words_of(name))} & other._forms.keys():
            other._forms[key] = tuple(form for form in other._forms[key] if form.row not in gone)
        for word in {word for row in gone for word in self._told[row]}:
            other._having[word] = [row for row in other._having[word] if row not in gone]
        for row in rows:
            other._told[row] = _told(catalogue.titles[row]) if catalogue.has(row) else []
            for name in other._names_of(row) if catalogue.has(row) else ():
                other._add(row, name)
            for word in dict.fromkeys(other._told[row]):
                other._having[word] = sorted([*other._having.get(word, ()), row])
        return other

    def _names_of(self, row: int) -> list[str]:
        """Returns the names under which an item is found: its title, and its fields that hold another one."""
        others = [
            f.name for f in self.catalogue.schema.of_type("text") if f.name.endswith("title") and f.name != "title"
        ]
        facts = self.catalogue.item(row).facts
        return [self.catalogue.titles[row], *(str(facts[name]) for name in others if name in facts)]

    def _add(self, row: int, name: str) -> None:
        words = words_of(name)
        for key, quality, length in forms_of(name, words):
            known = self._forms.get(key, ())
            if all(form.row != row for form in known):
                self._forms[key] = (*known, Form(row, quality, length))
            if length > self.longest:
                self.longest = min(length, 14)
        self.words += words

    def find(self, key: str, length: int) -> list[Form]:
        """Returns the forms of that key that stand best for their titles; empty when there is none.

        `length` is how many words were run together: a short key must have been cut at the same places as the title.
        """
        forms: Sequence[Form] = self._forms.get(key, ())
        if len(key) < _LONG_KEY:
            forms = [form for form in forms if form.length == length]
        best = max((form.quality for form in forms), default=0.0)
        return [form for form in forms if form.quality == best]

    @cached_property
    def _names(self) -> list[str]:
        return [" ".join(told) for told in self._told]

    def told(self, row: int) -> list[str]:
        """Returns the words of an item's title, Roman numerals as figures."""
        return self._told[row]

    def having(self, words: Sequence[str]) -> list[int]:
        """Returns the rows whose titles have these words in this order beside each other, the most popular first."""
        run = list(words)
        pool = min((self._having.get(word, []) for word in run), key=len, default=[])
        rows = [
            row for row in pool if any(self._told[row][at : at + len(run)] == run for at in range(len(self._told[row])))
        ]
        return self.ordered(rows, None, None)

    def like(self, words: Sequence[str], least: float) -> list[int]:
        """Returns the rows whose title is spelt most like these words, one at most; none where it is not as like as `least`, in [0, 1]."""
        found = process.extractOne(" ".join(words), self._names, scorer=fuzz.ratio, score_cutoff=100 * least)
        return [] if found is None else [int(found[2])]

    def series(self, row: int) -> tuple[int, ...]:
        """Returns the rows of an item and its numbered sequels, in order: `Bee Mix`, `Bee Mix 2`."""
        told = self._told[row]
        base = told[:-1] if len(told) > 1 and told[-1].isdigit() and len(told[-1]) < 3 else told
        parts = [base, *([*base, str(n)] for n in range(2, 10))]
        found = [[other for other in self._having.get(part[-1], []) if self._told[other] == part] for part in parts]
        return tuple(self.ordered(rows, None, None)[0] for rows in found if rows) if found[0] else (row,)

    def beginning(self, row: int) -> tuple[int, ...]:
        """Returns the rows of all items whose titles begin with that of an item, without the figure that ends it."""
        base = self._told[self.series(row)[0]]
        return tuple(other for other in self.having(base) if self._told[other][: len(base)] == base)

    def ordered(self, rows: list[int], year: int | None, years: np.ndarray | None) -> list[int]:
        """Returns the rows best first: those of the year (of none, where none is given), then the most popular, then in the catalogue's order."""

        def off(row: int) -> float:
            if years is None or np.isnan(years[row]):
                return 0.0 if year is None else 9.0
            return 1.0 if year is None else float(min(abs(years[row] - year), 9))

        return sorted(rows, key=lambda row: (off(row), -self._popularity[row], row))


def forms_of(name: str, words: list[str]) -> Iterator[tuple[str, float, int]]:
    """Yields `(key, quality, number of words)` of each form in which a title, whose words these are, may be named."""
    plain = " ".join(name.split())
    if "(" in plain:
        plain = _ASIDE.sub("", _YEAR_AFTER.sub("", plain)) or plain
        words = words_of(plain)
    turned = _LAST_ARTICLE.match(plain) if "," in plain else None
    if turned:
        plain = f"{turned['article']} {turned['rest']}"
        words = words_of(plain)
    if not words:
        return
    for whole in _spellings(words):
        yield "".join(whole), EXACT, len(whole)
        if whole[0] in ARTICLES and len(whole) > 1:
            yield "".join(whole[1:]), BARE, len(whole) - 1
            yield "".join([*whole[1:], whole[0]]), LOOSE, len(whole)
    loose = [word for word in words if word not in _SKIPPED]
    if len(loose) >= 2:
        for whole in _spellings(loose):
            yield loose_key(whole), LOOSE, len(words)
    yield from _parts(plain)
    yield from _quoted(plain)


def loose_key(words: list[str]) -> str:
    """Returns the key of a title's words without its small ones; marked so that it meets only its own kind."""
    return f"~{''.join(words)}"


def is_skipped(word: str) -> bool:
    """Tells whether loose matching passes a word over."""
    return word in _SKIPPED


def _spellings(words: list[str]) -> Iterator[list[str]]:
    yield words
    figures = [_ROMAN.get(word, word) if index and word != "i" else word for index, word in enumerate(words)]
    if figures != words:
        yield figures


def _parts(title: str) -> Iterator[tuple[str, float, int]]:
    """Yields what stands before and after a colon or dash, where it is enough to tell the title by."""
    halves = re.split(r": | - | – ", title, maxsplit=1)
    if len(halves) < 2:
        return
    before, after = (words_of(half) for half in halves)
    telling = [word for word in after if word not in FUNCTION]
    if before and (len(before) > 1 or not is_common(before[0])):
        yield "".join(before), PARTIAL, len(before)
    if len(telling) >= 2 and not all(word in LINGO for word in after):
        yield "".join(after), PARTIAL, len(after)


def _quoted(title: str) -> Iterator[tuple[str, float, int]]:
    """Yields what stands in quotation marks in a title, and what stands before them: of `Lavender 'Hidcote'` both."""
    match = _QUOTED.match(title)
    for part in (match["before"], match["quoted"]) if match else ():
        words = words_of(part)
        if words and not all(word in LINGO for word in words):
            yield "".join(words), PARTIAL, len(words)


def _told(name: str) -> list[str]:
    """Returns the words of a title, Roman numerals as figures."""
    return [_ROMAN.get(word, word) if place else word for place, word in enumerate(words_of(name))]


def _popularity(catalogue: Catalogue) -> np.ndarray:
    """Returns how often people chose each item, or named it and did not dislike it where they talked."""
    rows = np.concatenate([catalogue.interactions().row, dialogue_choices(catalogue.dialogues(), catalogue)[1]])
    return np.bincount(rows, minlength=len(catalogue)).astype(float)


def figure(token: Token) -> str:
    """Returns a word with a Roman numeral as a figure: the two spellings of a sequel are one."""
    return token.norm if token.norm == "i" else _ROMAN.get(token.norm) or _COUNTED.get(token.norm, token.norm)
