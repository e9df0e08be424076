"""Words as descriptions share them with what is written: their stems, their weights."""

from __future__ import annotations

import math
import re
from functools import lru_cache

from convrec.agent.compact.lexicon import FUNCTION, rank, word_set
from convrec.agent.compact.numerals import NUMBERS
from convrec.core.text import words

_LEAST = FUNCTION | word_set(
    """like likes liked want wants wanted know enjoy prefer mean meant talking thinking referring refer think kind type sort song book novel dish food story recipe track film movie get got
    into he's she's it's isn't doesn't don't wasn't didn't i'm that's"""
)
_IRREGULAR = {
    "children": "child", "women": "woman", "men": "man", "wrote": "writ", "written": "writ", "sang": "sing", "sung": "sing",
    "won": "win", "people": "person", "wives": "wif", "fought": "fight", "kept": "keep", "made": "mak", "told": "tell",
    "took": "tak", "taken": "tak", "bought": "buy", "found": "find", "died": "die", "dead": "die", "death": "die",
}  # fmt: skip
_NUMBERS = {word: str(number) for word, number in NUMBERS.items() if number <= 20} | {
    "first": "1st", "second": "2nd", "third": "3rd", "fourth": "4th", "fifth": "5th", "sixth": "6th",
}  # fmt: skip
_ENDINGS = ("ically", "ings", "ing", "edly", "ed", "ies", "ly", "ers", "er", "es", "s", "e", "y")
_RAREST = 30_000


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """Returns a folded word without its ending, numbers as figures: `wolves'` → `wolv`, `three` → `3`."""
    word = word.replace("’", "'").removesuffix("'s").removesuffix("'")
    if word in _IRREGULAR or word in _NUMBERS:
        return _IRREGULAR.get(word) or _NUMBERS[word]
    ending = next((each for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= 3), "")
    base = word.removesuffix(ending) if ending else word
    if ending in ("ing", "ings", "ed", "er", "ers") and len(base) > 3 and base[-1] == base[-2] and base[-1] not in "sl":
        base = base[:-1]
    return re.sub("[ey]$", "", base) if ending and len(base) > 3 else base


def stems(text: str) -> list[str]:
    """Returns the stems of all words of a text, in order."""
    return [stem(word) for word in words(text)]


def telling_words(text: str) -> list[str]:
    """Returns the folded words that tell items apart, each once, in order."""
    return [word for word in dict.fromkeys(words(text)) if word not in _LEAST]


def telling(text: str) -> dict[str, float]:
    """Returns the stems of the telling words, each with its weight, the rarer the word the more."""
    return {stem(word): weight(word) for word in telling_words(text)}


@lru_cache(maxsize=1 << 16)
def weight(word: str) -> float:
    """Returns how much a folded word tells, from 0 to 1, by how rare it is in English."""
    return math.log(2 + min(rank(word.replace("'", "")), _RAREST)) / math.log(2 + _RAREST)
