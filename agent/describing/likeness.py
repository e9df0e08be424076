"""What speaks for an item when it is described: shared words, years, who sings, which is the newer, how the title begins."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from convrec.agent.compact.numerals import DECADES
from convrec.agent.describing.words import stem, stems, telling
from convrec.core.text import fold, words

_YEAR = re.compile(r"\b(1[4-9]\d\d|20[0-2]\d)\b")
_DECADE = re.compile(r"\b(1[4-9]\d0|20\d0)['’]?s\b|(?<!\d)['’`]?(\d0)['’]?s\b")
_TENS = {word: year if year > 100 else 1900 + year for word, year in DECADES.items()}
_NEWEST = re.compile(r"\b(newe(?:r|st)|(?:more |most )?recent(?:ly)?|late(?:r|st)|(?:came out|published|released) (?:after|second|last|later)|younger)\b")  # fmt: skip
_OLDEST = re.compile(
    r"\b(olde(?:r|st)|earlie(?:r|st)|(?:came out|released|published|written|was) (?:first|before|earlier))\b"
)
_LONGEST = re.compile(r"\b(longe(?:r|st)|more pages)\b")
_SHORTEST = re.compile(r"\b(shorte(?:r|st)|(?:less|fewer) pages)\b")
_TITLE = re.compile(r"\b(title|titled|name|named)\b")
_BEGINS = re.compile(
    r"\b(?:title|name|one|it|song|book|film|movie|dish) (?:that |which )?(?:start|begin)(?:s|ing|ning)?(?: off)? with "
    r"(?:an? |the )?(?:letter )?['\"“]?([a-z])['\"”]? ?(?:$|[.,!?])"
)
_FEMALE = frozenset("woman women female lady ladies girl girls she her hers diva actress".split())
_MALE = frozenset("man men male guy guys he his him boy boys dude gentleman".split())
_GROUP = frozenset("band group duo trio they their members".split())
_FADE = 4.0  # years beside a decade or a year at which the likeness has fallen to a third
_UNKNOWN_YEARS = 15


@dataclass(frozen=True)
class Sight:
    """An item as descriptions see it: its lines, the year it came out, how long it is (minutes, pages, …), None where unknown."""

    title: str
    lines: tuple[str, ...]
    year: float | None = None
    length: float | None = None

    @cached_property
    def line_stems(self) -> tuple[frozenset[str], ...]:
        """The stems of each line."""
        return tuple(frozenset(stems(line)) for line in self.lines)

    @cached_property
    def stems(self) -> frozenset[str]:
        """The stems of all lines."""
        return frozenset().union(*self.line_stems)

    @cached_property
    def trigrams(self) -> frozenset[str]:
        """The letter trigrams of all stems."""
        return frozenset(gram for word in self.stems for gram in trigrams(word))

    @cached_property
    def spaced(self) -> str:
        """All lines as folded words, each between spaces, lines apart."""
        return f" {' | '.join(' '.join(words(line)) for line in self.lines)} "

    @cached_property
    def years(self) -> frozenset[int]:
        """All years that are written of."""
        return frozenset(int(year) for line in self.lines for year in _YEAR.findall(line)) | (
            {int(self.year)} if self.year else set()
        )

    def share(self, some: frozenset[str], others: frozenset[str]) -> float:
        """Returns which share of the words of two kinds is of the first kind, a half where there are none."""
        said = self.spaced.split()
        first, second = sum(word in some for word in said), sum(word in others for word in said)
        return (first + 0.5) / (first + second + 1)


def trigrams(word: str) -> list[str]:
    """Returns the letter trigrams of a word, with its ends: `cat` → `" ca", "cat", "at "`."""
    padded = f" {word} "
    return [padded[start : start + 3] for start in range(len(padded) - 2)]


@dataclass(frozen=True)
class Said:
    """A description as the signals read it."""

    text: str
    folded: str = field(init=False)
    telling: Mapping[str, float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", fold(self.text).replace("’", "'"))
        object.__setattr__(self, "telling", telling(self.text))

    @cached_property
    def total(self) -> float:
        """The weight of all telling words."""
        return sum(self.telling.values()) + 1e-6

    @cached_property
    def words(self) -> list[str]:
        """The folded words, in order."""
        return words(self.text)

    def shared(self, stems: frozenset[str]) -> float:
        """Returns the weight of the telling words among some stems."""
        return sum(weight for word, weight in self.telling.items() if word in stems)


Signal = Callable[[Said, Sequence[Sight]], list[float]]
"""Returns how much speaks for each item; what is the same for all says nothing."""


def shared(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns the share of the telling words that stand anywhere in the item."""
    return [said.shared(item.stems) / said.total for item in items]


def shared_amount(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how much the shared words weigh."""
    return [said.shared(item.stems) for item in items]


def together(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns the share of the telling words that stand in one line of the item."""
    return [max(map(said.shared, item.line_stems)) / said.total for item in items]


def together_amount(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how much the words weigh that one line shares."""
    return [max(map(said.shared, item.line_stems)) for item in items]


def pairs(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns the share of the description's neighbouring words that stand so in the item, those of two everyday words aside."""
    both = list(zip(said.words, said.words[1:], strict=False))
    told = [f" {a} {b} " for a, b in both if stem(a) in said.telling or stem(b) in said.telling]
    return [sum(pair in item.spaced for pair in told) / (1 + len(told)) for item in items]


def spelled_alike(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns the share of the telling words' letter trigrams that the item's words have: slips and other forms count in part."""
    grams = {word: trigrams(word) for word in said.telling}
    return [
        sum(weight * sum(gram in item.trigrams for gram in grams[word]) / len(grams[word]) for word, weight in said.telling.items()) / said.total
        for item in items
    ]  # fmt: skip


def year_named(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how near the item's year is to one that is named."""
    named = [int(year) for year in _YEAR.findall(said.folded)] if not _decades(said.folded) else []
    if not named:
        return [0.0] * len(items)
    away = [min(abs(year - item.year) for year in named) if item.year else _UNKNOWN_YEARS for item in items]
    return [math.exp(-years / (_FADE / 2)) for years in away]


def decade_named(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how near the item's year is to a decade that is named, or to its early or late half."""
    named = _decades(said.folded)
    if not named:
        return [0.0] * len(items)
    first = named[0] + (5 if "late " in said.folded else 0)
    last = named[0] + (4 if "early" in said.folded else 9)
    away = [max(first - item.year, item.year - last, 0) if item.year else _FADE for item in items]
    return [math.exp(-years / _FADE) for years in away]


def _decades(folded: str) -> list[int]:
    found = [
        int(whole) if whole else int(short) + (1900 if int(short) > 20 else 2000)
        for whole, short in _DECADE.findall(folded)
    ]
    return found + [year for word, year in _TENS.items() if word in folded]


def newer_or_older(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns 1 for the newest or the oldest, where the description says so and names no year."""
    sign = (
        0
        if _YEAR.search(said.folded)
        else 1
        if _NEWEST.search(said.folded)
        else -1
        if _OLDEST.search(said.folded)
        else 0
    )
    return _most([item.year for item in items], sign)


def longer_or_shorter(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns 1 for the longest or the shortest item, or title, where the description says so."""
    sign = 1 if _LONGEST.search(said.folded) else -1 if _SHORTEST.search(said.folded) else 0
    return _most([len(item.title) if _TITLE.search(said.folded) else item.length for item in items], sign)


def _most(values: Sequence[float | None], sign: int) -> list[float]:
    known = [sign * value for value in values if value is not None]
    if not sign or len(set(known)) < 2:
        return [0.0] * len(values)
    return [float(value is not None and sign * value == max(known)) for value in values]


def first_letter(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns 1 where the title begins with the letter that it is said to begin with."""
    match = _BEGINS.search(said.folded)
    return [float(match is not None and fold(item.title)[:1] == match[1]) for item in items]


def woman_or_man(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how much the item is written about the sex that alone the description speaks of, from 0 to 1."""
    spoken = set(said.words)
    female, male = bool(spoken & _FEMALE), bool(spoken & _MALE)
    if female == male:
        return [0.0] * len(items)
    return [item.share(*((_FEMALE, _MALE) if female else (_MALE, _FEMALE))) for item in items]


def band_or_one(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how much the item is written about several rather than one, where the description speaks of a group."""
    if not set(said.words) & _GROUP:
        return [0.0] * len(items)
    return [item.share(_GROUP, _FEMALE | _MALE) for item in items]


def numbers(said: Said, items: Sequence[Sight]) -> list[float]:
    """Returns how many of the described small numbers and ordinals the item has."""
    told = [word for word in said.telling if re.fullmatch(r"\d{1,3}(st|nd|rd|th)?", word)]
    return [float(sum(word in item.stems for word in told)) for item in items]


SIGNALS: dict[str, Signal] = {
    "shared": shared, "shared_amount": shared_amount, "together": together, "together_amount": together_amount, "pairs": pairs,
    "spelled_alike": spelled_alike, "year_named": year_named, "decade_named": decade_named, "newer_or_older": newer_or_older,
    "longer_or_shorter": longer_or_shorter, "first_letter": first_letter, "woman_or_man": woman_or_man, "band_or_one": band_or_one,
    "numbers": numbers,
}  # fmt: skip
"""All signals by name, in the order of their weights."""
