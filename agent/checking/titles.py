"""The last look at a text before it is sent: which titles of the catalogue it names."""

import re
from collections.abc import Collection
from copy import copy

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue

_TOKEN = re.compile(r"[^\W_]+(?:['’.\-][^\W_]+)*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_LONGEST = 12  # words of a title that are compared


class TitleChecker:
    """Finds titles that a text names: those of two words or more that stand with their capitals.

    Built once a catalogue: sets of titles as word tuples, by their first two words.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._by_start: dict[tuple[str, ...], frozenset[tuple[str, ...]]] = {}
        for title in catalogue.titles:
            self._add(title)

    def over(self, catalogue: LaidCatalogue) -> "TitleChecker":
        """Returns what finds the titles of a catalogue laid over its own, too; those that are gone it still takes for titles."""
        rows = catalogue.change.spoken.tolist()
        if not rows:
            return self
        other = copy(self)
        other._by_start = dict(self._by_start)
        for row in rows:
            other._add(catalogue.titles[row])
        return other

    def _add(self, title: str) -> None:
        tokens = _tokens(title)[:_LONGEST]
        if len(tokens) > 1 and any(token[0].isupper() for token in tokens):
            self._by_start[tokens[:2]] = self._by_start.get(tokens[:2], frozenset()) | {tokens}

    def named(self, text: str) -> set[tuple[str, ...]]:
        """Returns the titles named in the text, each as its words; of nested ones the longest."""
        tokens = _tokens(text)
        found: set[tuple[str, ...]] = set()
        at = 0
        while at < len(tokens):
            titles = self._by_start.get(tokens[at : at + 2], ())
            longest = max((t for t in titles if tokens[at : at + len(t)] == t), key=len, default=None)
            if longest is not None:
                found.add(longest)
            at += len(longest) if longest else 1
        return found

    def foreign(self, text: str, allowed: Collection[str]) -> set[tuple[str, ...]]:
        """Returns the titles that the text names beyond those allowed; a title inside an allowed one is no other title."""
        named = self.named(text)
        if not named:
            return named
        known = {_tokens(title)[:_LONGEST] for title in allowed}
        return {title for title in named if not any(_inside(title, other) for other in known)}


def _tokens(text: str) -> tuple[str, ...]:
    """Returns the words with their capitals, without a possessive ending."""
    return tuple(re.sub(r"['’]s$", "", token) for token in _TOKEN.findall(text))


def _inside(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return any(whole[i : i + len(part)] == part for i in range(len(whole) - len(part) + 1))


class TitleGuard:
    """Lets pass what names no title beyond those that the thread has named or shown."""

    def __init__(self, checker: TitleChecker, known: Collection[str]) -> None:
        self._checker, self._known = checker, known

    def passes(self, text: str, *also: str) -> bool:
        """Tells whether the text may be said; `also` are titles that it may name beside the known ones."""
        return not self._checker.foreign(text, {*self._known, *also})

    def sentences(self, text: str, *also: str) -> str:
        """Returns the text without the sentences that name a foreign title."""
        return " ".join(part for part in _SENTENCE.split(text.strip()) if self.passes(part, *also))
