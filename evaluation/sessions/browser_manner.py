"""How a person puts things: tersely, plainly, chattily or as a voice transcript, and how they mistype."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.evaluation.sessions.browser_phrases import Phrases

Style = Literal["terse", "plain", "chatty", "voice"]
STYLES: dict[Style, float] = {"terse": 0.3, "plain": 0.35, "chatty": 0.2, "voice": 0.15}

# Words before which a speaker pauses; names stay whole.
_PAUSES = frozenset(
    {"something", "anything", "but", "and", "from", "with", "than", "maybe", "only", "number", "more", "less", "for"}
)
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    letter: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, letter in enumerate(row)
}


@dataclass(frozen=True)
class Manner:
    """A person's way of speaking, which stays the same over a conversation."""

    style: Style
    stops: bool  # whether they end sentences with a full stop
    first: int = 0  # which of the chatter comes first

    @classmethod
    def of_chance(cls, rng: random.Random) -> Manner:
        """Returns a manner drawn by the shares of the styles."""
        return cls(rng.choices(list(STYLES), list(STYLES.values()))[0], rng.random() < 0.6, rng.randrange(100))

    def dress(self, remarks: Sequence[str], phrases: Phrases, rng: random.Random, turn: int) -> str:
        """Returns the remarks as this person says them."""
        said = [remark for remark in remarks if remark]
        if self.style == "voice":
            return _transcribed(said, phrases, rng)
        if self.style == "chatty":
            said = self._chatted(said, phrases, rng, turn)
        return ", ".join(said) if self.style == "terse" else self._punctuated(said)

    def leave(self, phrases: Phrases, rng: random.Random) -> str:
        """Returns a goodbye."""
        said = rng.choice(phrases.says["bye"])
        return self._punctuated([said]) if self.style in {"plain", "chatty"} else said

    def _chatted(self, remarks: list[str], phrases: Phrases, rng: random.Random, turn: int) -> list[str]:
        """Returns the remarks with chatter around, none of it twice in a conversation of usual length."""
        hello, after = phrases.says["chat_before" if turn else "chat_hello"], phrases.says["chat_after"]
        place = self.first + turn
        start = [hello[place % len(hello)]] if rng.random() < 0.6 else []
        return [*start, *remarks, *([after[place % len(after)]] if rng.random() < 0.35 else [])]

    def _punctuated(self, remarks: Sequence[str]) -> str:
        parts = [part for remark in remarks for part in re.split(r"(?<=[.!?]) ", remark)]
        stopped = [f"{part[:1].upper()}{part[1:]}".rstrip() for part in parts if part]
        stopped = [re.sub(r"\bi\b(?=$| |')", "I", part) for part in stopped]
        joined = " ".join(part if part[-1:] in ".!?" else part + _stop(part) for part in stopped)
        return joined if self.stops or not joined.endswith(".") else joined[:-1]


def _stop(sentence: str) -> str:
    return "?" if re.match(r"(what|how|do|got|any|anything|can)\b", sentence, re.IGNORECASE) else "."


def _transcribed(remarks: Sequence[str], phrases: Phrases, rng: random.Random) -> str:
    """Returns the remarks without case and punctuation, with the fillers that a transcript keeps."""
    bare = re.sub(r"[^\w\s'’.-]|\.(?!\d)", " ", " and ".join(remarks).lower()).split()
    said = [rng.choice(phrases.says["fillers_first"])] if rng.random() < 0.7 else []
    for place, word in enumerate(bare):
        if place and word in _PAUSES and rng.random() < 0.2:
            said.append(rng.choice(phrases.says["fillers"]))
        said.append(word)
    return " ".join(said)


def mistyped(text: str, rng: random.Random) -> str:
    """Returns the text with one or two slips of the keyboard in words of four letters or more; unchanged where there are none."""
    words = re.split(r"(\s+)", text)
    long = [place for place, word in enumerate(words) if len(word) >= 4 and word.isalpha()]
    for place in rng.sample(long, min(len(long), rng.choice((1, 1, 2)))):
        words[place] = _slipped(words[place], rng)
    return "".join(words)


def _slipped(word: str, rng: random.Random) -> str:
    place = rng.randrange(1, len(word))
    letter = word[place]
    near = _NEIGHBOURS.get(letter, "")
    slips = [word[:place] + letter + word[place:], word[:place] + word[place + 1 :]]
    slips += [word[:place] + rng.choice(near) + word[place + 1 :]] * 2 if near else []
    return rng.choice(slips)
