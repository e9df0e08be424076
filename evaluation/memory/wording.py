"""How things are put: wordings in two parts, one to develop with and one that is held out; and a person's way of writing."""

from __future__ import annotations

import functools
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.evaluation.memory.facts import Part
from convrec.evaluation.memory.reading import document
from convrec.evaluation.sessions.agenda_voice import with_typo

Choice = Literal["dev", "heldout", "all"]
CHOICES: tuple[Choice, ...] = ("dev", "heldout", "all")
_HANDS = ("", "second_")  # who wrote the wordings: the second saw the first's, to say it otherwise, and no code
_FACTS = ("life_self", "life_people", "life_habits", "tastes")
_SLOT = re.compile(r"(\{\w+\})")
_ARTICLE = re.compile(r"a\(n\) ", re.IGNORECASE)
_VOWEL = re.compile(r"(?:[aeio]|u(?!ni[^n]|k|s|r[aeiou]))", re.IGNORECASE)
_BEGINNING = re.compile(r"^\w|(?<=[.?!] )[a-z]")
_ENDS = (" lol", " haha", " 😂", " 🙂", " ...", "!!", " tbh")


@dataclass(frozen=True)
class Wording:
    """A way of putting something, with slots in braces, and its part."""

    text: str
    part: Part

    @property
    def slots(self) -> frozenset[str]:
        """Returns the names of its slots."""
        return frozenset(slot.strip("{}") for slot in _SLOT.findall(self.text))


@functools.cache
def wordings(key: str, choice: Choice) -> tuple[Wording, ...]:
    """Returns the wordings under `fact/kind`, `noise/kind`, `joined/kind` or `check`; half of each hand's, drawn once for all, are held out."""
    found = []
    for hand in _HANDS:
        texts = list(_listed(key, hand))
        random.Random(f"wordings/{key}").shuffle(texts)
        half = (len(texts) + 1) // 2
        found += [Wording(text, "dev" if place < half else "heldout") for place, text in enumerate(texts)]
    return tuple(each for each in found if choice in ("all", each.part))


def _listed(key: str, hand: str) -> Sequence[str]:
    first, _, rest = key.partition("/")
    if first in ("noise", "joined", "check"):
        noise = document(f"{hand}noise")
        return tuple(
            noise[rest]["say"] if first == "noise" else noise["joined"][rest] if first == "joined" else noise["check"]
        )
    facts = next(document(f"{hand}{name}")[first] for name in _FACTS if first in document(f"{hand}{name}"))
    return tuple(facts.get(rest, ()))


def noise_weights() -> dict[str, int]:
    """Returns how often each kind of noise comes up."""
    return {name: each["weight"] for name, each in document("noise").items() if name not in ("joined", "check")}


@dataclass(frozen=True)
class Style:
    """How somebody writes: with capitals and stops (`proper`), all small, without apostrophes, without a last stop, with slips (a share of messages), with a laugh at the end."""

    proper: bool = False
    lower: bool = False
    clipped: bool = False
    bare: bool = False
    slips: float = 0.0
    laughs: float = 0.0

    @classmethod
    def drawn(cls, rng: random.Random) -> Style:
        """Returns somebody's way of writing."""
        proper = rng.random() < 0.35
        return cls(
            proper, not proper and rng.random() < 0.5, not proper and rng.random() < 0.4, not proper and rng.random() < 0.6,
            rng.choice((0.0, 0.02, 0.05, 0.1)), rng.choice((0.0, 0.0, 0.05, 0.15)),
        )  # fmt: skip

    def written(self, text: str, rng: random.Random) -> str:
        """Returns a whole message as they write it."""
        if self.proper:
            text = _BEGINNING.sub(lambda m: m[0].upper(), text) + ("." if text[-1:].isalnum() else "")
        if self.clipped:
            text = re.sub(r"(?<=\w)'(?=\w)", "", text)
        if self.bare and text.endswith(".") and not text.endswith(".."):
            text = text[:-1]
        if rng.random() < self.laughs and text[-1:].isalpha():
            text += rng.choice(_ENDS)
        return text.lower() if self.lower else text


def filled(wording: Wording, slots: Mapping[str, str], style: Style, rng: random.Random) -> str:
    """Returns a wording with its slots filled; a slip may befall its own words, never a value."""
    pieces = _SLOT.split(wording.text)
    if rng.random() < style.slips:
        at = max(range(0, len(pieces), 2), key=lambda place: len(pieces[place]))
        pieces[at] = with_typo(pieces[at], rng)
    return articled("".join(slots[p.strip("{}")] if p.startswith("{") else p for p in pieces))


def articled(text: str) -> str:
    """Returns the text with "a(n)" as "a" or "an"."""
    return _ARTICLE.sub(lambda m: f"{m[0][0]}{'n' if _VOWEL.match(text, m.end()) else ''} ", text)


def chosen(pool: Iterable[Wording], rng: random.Random, used: Sequence[str] = ()) -> Wording:
    """Returns one of the wordings, of those not `used` while there are any."""
    listed = list(pool)
    fresh = [each for each in listed if each.text not in used]
    return rng.choice(fresh or listed)
