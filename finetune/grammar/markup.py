"""Text under construction with marked stretches, and the slips of the keyboard that leave every mark findable."""

import re
from random import Random

_MARK = re.compile("\x01([0-9]+)\x02([^\x03]*)\x03")
_KEYS = {
    "a": "sq",
    "e": "wr",
    "i": "uo",
    "o": "ip",
    "n": "bm",
    "s": "ad",
    "t": "ry",
    "r": "et",
    "l": "k",
    "m": "n",
    "c": "xv",
    "d": "sf",
    "g": "fh",
    "h": "gj",
    "p": "o",
    "u": "yi",
}


def marked(index: int, text: str) -> str:
    """Returns the text as stretch number `index`."""
    return f"\x01{index}\x02{text}\x03"


def segments(text: str) -> list[tuple[int | None, str]]:
    """Returns the text's stretches in order, None where one is not marked."""
    found: list[tuple[int | None, str]] = []
    position = 0
    for match in _MARK.finditer(text):
        if match.start() > position:
            found.append((None, text[position : match.start()]))
        found.append((int(match[1]), match[2]))
        position = match.end()
    if position < len(text):
        found.append((None, text[position:]))
    return found


def _typo(rng: Random, word: str) -> str:
    if len(word) < 4 or not word.isalpha():
        return word
    at, roll = rng.randrange(1, len(word) - 1), rng.random()
    if roll < 0.35:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if roll < 0.65:
        return word[:at] + word[at + 1 :]
    if roll < 0.8:
        return word[:at] + word[at] + word[at:]
    return word[:at] + rng.choice(_KEYS.get(word[at].lower(), word[at])) + word[at + 1 :]


def misspelt(rng: Random, text: str) -> str:
    """Returns the text with one slip in one of its words."""
    words = text.split(" ")
    at = rng.randrange(len(words))
    words[at] = _typo(rng, words[at])
    return " ".join(words)


class Typing:
    """How one message is typed: its case, its punctuation, its slips; drawn once, applied to every stretch."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self.lower = rng.random() < 0.42
        self._upper = not self.lower and rng.random() < 0.02
        self._bare = rng.random() < (0.5 if self.lower else 0.12)
        self._no_apostrophes = rng.random() < (0.35 if self.lower else 0.05)
        self._curly = not self._no_apostrophes and rng.random() < 0.12
        self._capital = not self.lower and rng.random() < 0.8
        self._slips = rng.random() < 0.18

    def case(self, text: str) -> str:
        """Returns the text in the message's case, with its kind of apostrophes."""
        if self.lower:
            text = text.lower()
        elif self._upper:
            text = text.upper()
        return text.replace("'", "’") if self._curly else text

    def apply(self, parts: list[tuple[int | None, str]], sloppy: set[int]) -> list[tuple[int | None, str]]:
        """Returns the stretches as typed. Marked ones change their case, and misspell only if their number is in `sloppy`."""
        typed = [
            (index, self._marked(index, text, sloppy) if index is not None else self._plain(text))
            for index, text in parts
        ]
        if self._capital and typed:
            index, text = typed[0]
            typed[0] = (index, text[:1].upper() + text[1:])
        if self._bare and typed[-1][0] is None:
            typed[-1] = (None, typed[-1][1].rstrip(".?! "))
        return typed

    def _marked(self, index: int | None, text: str, sloppy: set[int]) -> str:
        slip = self._slips and index in sloppy and self._rng.random() < 0.5
        return self.case(misspelt(self._rng, text) if slip else text)

    def _plain(self, text: str) -> str:
        if self._bare:
            text = text.replace(",", "").replace(";", "")
        if self._no_apostrophes:
            text = text.replace("'", "")
        if self._slips and self._rng.random() < 0.5:
            text = misspelt(self._rng, text)
        return self.case(text)
