"""Spelling: which words of a catalogue, or of English, a misspelt word stands for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np

from convrec.core.errors import InputError
from convrec.core.text import fold, words
from convrec.tools.contract import Floats, Ints
from convrec.tools.near import Near
from convrec.tools.storage import read_array, read_json, write_array, write_json

_FEWEST_TEXTS = 3  # texts that must have a word that no title has: many a word in one text alone is a slip itself
_SHORTEST = 3  # letters below which nothing is mended
_LONG = 9  # letters from which two edits are looked for, where there is no word within one
_KEPT = 3  # corrections of a word that are worth trying
_SURE = 0.6  # the share from which a correction replaces a word
_SLIP_OF_A_NEIGHBOUR = 0.5
_PIECE = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("er", ""), ("er", "e"),
            ("est", ""), ("est", "e"), ("ier", "y"), ("iest", "y"), ("ly", ""), ("ness", ""), ("less", ""), ("like", ""))  # fmt: skip

_NEIGHBOUR, _SWAPPED, _OTHER_BEGINNING, _FURTHER = 4.0, 1.0, -1.5, -4.0  # in units of the frequency's logarithm


@dataclass(frozen=True)
class Correction:
    """A word that another may stand for, and its share of what all such words are likely, 0 to 1."""

    word: str
    share: float


class Spelling:
    """The words that a catalogue's texts and English have, how often, and which stand side by side in titles.

    `counts` `(n_words,)` are the texts that have each word; `pairs` `(n_pairs,)` are neighbours in titles, sorted, as
    `first * n_words + second`.
    """

    def __init__(self, near: Near, counts: Floats, pairs: Ints) -> None:
        self._near, self._counts, self._pairs = near, counts, pairs
        self._late: set[str] = set()

    @classmethod
    def learned(cls, counts: Counter[str], titles: Iterable[Sequence[str]], english: Sequence[str] = ()) -> Self:
        """Returns the spelling of texts, given how many have each folded word, and the folded words of all titles.

        `english` are further words, the commonest first. They may be corrections as well.
        """
        named = [list(title) for title in titles]
        kept = {word for word, count in counts.items() if count >= _FEWEST_TEXTS} | {
            w for title in named for w in title
        }
        near = Near(kept.union(english))
        common = {word: 1.0 - place / len(english) for place, word in enumerate(english)}
        weighed = [counts.get(word, 0) + common.get(word, 0.0) for word in near.strings]
        places = {word: place for place, word in enumerate(near.strings)}
        pairs = {places[first] * len(near) + places[second] for title in named for first, second in pairwise(title)}
        return cls(near, np.array(weighed, np.float64), np.array(sorted(pairs), np.int64))

    def knowing(self, said: Iterable[str]) -> Spelling:
        """Returns the spelling that takes the folded words of items that came later for no slips either."""
        changed = copy(self)
        changed._late = self._late.union(said)
        return changed

    def knows(self, word: str) -> bool:
        """Returns whether a folded word is no slip: it or its stem is known, or it is too short, or no word of letters alone."""
        if len(word) < _SHORTEST or not word.isalpha() or self._listed(word):
            return True
        stems = (word[: -len(end)] + stem for end, stem in _ENDINGS if word.endswith(end))
        return any(len(stem) >= _SHORTEST and self._listed(stem) for stem in stems)

    def corrections(self, word: str, before: str = "", after: str = "") -> tuple[Correction, ...]:
        """Returns the words that an unknown folded word may stand for, the likeliest first; `before` and `after` are its neighbours.

        A word is likelier the more texts have it, and when a title has it beside one of the neighbours.
        """
        near = self._near.within(word, 1)
        if not near and len(word) >= _LONG:
            near = tuple((p, d) for p, d in self._near.within(word, 2) if self._near.strings[p][0] == word[0])
        return self._weighed(word, [(place, d) for place, d in near if d], before, after)

    def alternatives(self, word: str, before: str = "", after: str = "") -> tuple[Correction, ...]:
        """Returns what else a known word may be, as its neighbours tell: a title has them beside that, and none beside the word."""
        if len(word) < _SHORTEST + 1 or not word.isalpha() or not (before or after):
            return ()
        own = self._near.place(word)
        if own >= 0 and self._beside(own, before, after):
            return ()
        near = [(place, d) for place, d in self._near.within(word, 1) if d and self._beside(place, before, after)]
        found = self._weighed(word, near, before, after)
        return tuple(Correction(c.word, c.share * _SLIP_OF_A_NEIGHBOUR) for c in found)

    def mended(self, text: str) -> str:
        """Returns the text with each misspelt word replaced, where it is clear by what; the rest stays to the letter."""
        pieces = list(_PIECE.finditer(text))
        said = [fold(piece.group()) for piece in pieces]
        parts, end = [], 0
        for place, piece in enumerate(pieces):
            parts += [text[end : piece.start()], self._replaced(said, place) or piece.group()]
            end = piece.end()
        return "".join([*parts, text[end:]])

    def save(self, folder: Path) -> None:
        """Writes the words into a folder."""
        write_json(folder / "words.json", self._near.strings)
        write_array(folder / "word_counts.npy", self._counts)
        write_array(folder / "word_pairs.npy", self._pairs)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the spelling written into a folder."""
        near = Near(read_json(folder / "words.json"))
        return cls(near, read_array(folder / "word_counts.npy"), read_array(folder / "word_pairs.npy"))

    def _replaced(self, said: Sequence[str], place: int) -> str:
        if self.knows(said[place]):
            return ""
        found = self.corrections(said[place], *neighbours(said, place))
        return found[0].word if found and found[0].share >= _SURE else ""

    def _listed(self, word: str) -> bool:
        return word in self._late or self._near.place(word) >= 0

    def _weighed(self, word: str, near: list[tuple[int, int]], before: str, after: str) -> tuple[Correction, ...]:
        if not near:
            return ()
        likely = np.array([self._likelihood(word, place, distance, before, after) for place, distance in near])
        shares = np.exp(likely - likely.max())
        shares /= shares.sum()
        order = np.argsort(-shares, kind="stable")[:_KEPT]
        return tuple(Correction(self._near.strings[near[i][0]], float(shares[i])) for i in order.tolist())

    def _likelihood(self, word: str, place: int, distance: int, before: str, after: str) -> float:
        other = self._near.strings[place]
        likely = float(np.log1p(self._counts[place])) + _NEIGHBOUR * self._beside(place, before, after)
        likely += _FURTHER * (distance - 1)
        likely += _OTHER_BEGINNING * (other[0] != word[0])
        return likely + _SWAPPED * (sorted(other) == sorted(word))

    def _beside(self, place: int, before: str, after: str) -> int:
        """Returns on how many sides of a word a title has the same neighbour, 0 to 2."""
        first, second = self._near.place(before), self._near.place(after)
        return (first >= 0 and self._paired(first, place)) + (second >= 0 and self._paired(place, second))

    def _paired(self, first: int, second: int) -> bool:
        pair = first * len(self._near) + second
        at = int(np.searchsorted(self._pairs, pair))
        return at < len(self._pairs) and int(self._pairs[at]) == pair


def neighbours(said: Sequence[str], place: int) -> tuple[str, str]:
    """Returns the words before and after a place, empty at the ends."""
    return said[place - 1] if place else "", said[place + 1] if place + 1 < len(said) else ""


@lru_cache(maxsize=1)
def english() -> tuple[str, ...]:
    """Returns everyday English words, the commonest first, from the shipped encoder's vocabulary; none without it."""
    from convrec.tools.encoder import TextEncoder

    try:
        listed = TextEncoder.open().folder / "vocab.txt"
    except InputError:
        return ()
    if not listed.exists():
        return ()
    every = listed.read_text(encoding="utf-8").split("\n")
    return tuple(word for word in every if word.isalpha() and len(word) >= _SHORTEST and words(word) == [word])
