"""Requests drawn from the catalogue: what an item's own text says, asked for in several ways, with and without slips of the keyboard."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import InputError
from convrec.core.text import words
from convrec.tools.lexicon import ASKING, STOP

WAYS = (
    "Recommend me something {kind}about {a}, {b} and {c}.",
    "I'd love {kind}a story of {c}, {a} and {b}.",
    "What do you have {kind}with {b}, {c}, {a}?",
    "{c}, {b} and {a}, {kind}please",
)
"""The same wish in several ways."""

_WORDS = 3  # of an item that a request names
_SHORTEST = 4  # letters of a word that is asked for, and of one in which a finger slips
_FEWEST = 2  # texts that have a word that is asked for
_KINDS = 40  # values up to which a field says of what kind an item is
_BESIDE = {
    row[place]: row[max(place - 1, 0) : place] + row[place + 1 : place + 2]
    for row in ("qwertyuiop", "asdfghjkl", "zxcvbnm") for place in range(len(row))
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """A wish that an item fulfils: three words of its text and, where items are of kinds, its kind. `text` is how it is said."""

    id: str
    item: str
    kind: str
    words: tuple[str, str, str]
    text: str

    def said(self, way: int) -> Wish:
        """Returns the wish, said in another of the ways."""
        a, b, c = self.words
        text = WAYS[way].format(kind=f"in {self.kind} " if self.kind else "", a=a, b=b, c=c)
        return replace(self, text=text)

    def mistyped(self, slips: int, seed: int) -> Wish:
        """Returns the wish with one character wrong in so many of its words, at most in each of them once."""
        rng = random.Random(f"{seed}/{self.id}/{slips}")
        text = self.text
        for word in rng.sample(self.words, min(slips, len(self.words))):
            text = re.sub(rf"\b{re.escape(word)}\b", slip(word, rng), text, count=1)
        return replace(self, text=text)

    def shares_with(self, other: Wish) -> bool:
        """Tells whether two wishes have a word or the kind in common."""
        return bool({*self.words, self.kind} & {*other.words, other.kind} - {""})


def wishes(catalogue: Catalogue, n: int, seed: int, among: Sequence[str] = ()) -> list[Wish]:
    """Returns at most `n` wishes for different items; their words are the rarest of the item's text that another has too, or, where
    words are given (`among`), three of those.

    Raises:
        InputError: no item's text has three words to ask for.
    """
    counts = _counts(catalogue)
    wanted = frozenset(among) or frozenset(word for word, count in counts.items() if count >= _FEWEST)
    rng = random.Random(f"{seed}/wishes")
    found: list[Wish] = []
    for row in rng.sample(range(len(catalogue)), len(catalogue)):
        kind = _kind(catalogue, row)
        able = sorted(_said(catalogue, row) & wanted - set(words(kind)), key=lambda word: (counts[word], word))
        chosen = rng.sample(able, _WORDS) if among and len(able) >= _WORDS else able[:_WORDS]
        if len(chosen) == _WORDS:
            a, b, c = chosen
            found.append(Wish(f"{catalogue.ids[row]}", catalogue.ids[row], kind, (a, b, c), "").said(0))
        if len(found) == n:
            break
    if not found:
        raise InputError("No item's text has three words to ask for.", "Ingest items with descriptions.")
    return found


def popular_words(catalogue: Catalogue, n: int) -> list[str]:
    """Returns the `n` words that most items' texts have, small words and words of asking left out."""
    counts = _counts(catalogue)
    return sorted(counts, key=lambda word: (-counts[word], word))[:n]


def slip(word: str, rng: random.Random) -> str:
    """Returns the word with one character left out, doubled, swapped with the next, or replaced by its neighbour on the keyboard; never the same word."""
    place = rng.randrange(1, len(word) - 1)
    left, letter, right = word[:place], word[place], word[place + 1 :]
    near = rng.choice(_BESIDE.get(letter, "e"))
    forms = [left + right, left + 2 * letter + right, left + right[0] + letter + right[1:], left + near + right]
    return rng.choice([form for form in forms if form != word])


def _counts(catalogue: Catalogue) -> Counter[str]:
    counts: Counter[str] = Counter()
    for row in range(len(catalogue)):
        counts.update(_said(catalogue, row))
    return counts


def _said(catalogue: Catalogue, row: int) -> set[str]:
    """Returns the words of an item's text that can be asked for: not those of its title."""
    _, _, rest = catalogue.text(row).partition("\n")
    able = {word for word in words(rest) if word.isalpha() and len(word) >= _SHORTEST}
    return able - STOP - ASKING - set(words(catalogue.titles[row]))


def _kind(catalogue: Catalogue, row: int) -> str:
    """Returns the item's most frequent value of the field with the fewest values; nothing where no field has few."""
    fields = [catalogue.values(field.name) for field in catalogue.schema.valued if field.searchable]
    few = [index for index in fields if 1 < len(index.values) <= _KINDS]
    own = min(few, key=lambda index: len(index.values)).of(row) if few else ()
    return str(own[0]) if own else ""
