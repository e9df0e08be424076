"""The message catalogue: every word that the agent says of its own, so that another language needs another file and no code."""

import hashlib
import re
from collections.abc import Collection, Mapping
from functools import cache
from importlib import resources

import yaml

_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_OPENING = 2  # words by which a sentence's opening is known again


@cache
def catalogue() -> Mapping[str, tuple[str, ...]]:
    """Returns every message by its name: the variants of a sentence, or the one form of a phrase."""
    text = resources.files("convrec.agent").joinpath("messages.yaml").read_text(encoding="utf-8")
    return {
        name: (said,) if isinstance(said, str) else tuple(map(str, said)) for name, said in yaml.safe_load(text).items()
    }


def phrase(name: str, **slots: str) -> str:
    """Returns the phrase of that name, its slots filled: a part of a sentence, always said the same way."""
    return catalogue()[name][0].format(**slots)


def openings(text: str) -> list[str]:
    """Returns how the sentences of a text begin: the first two words of each, in small letters."""
    words = (_WORD.findall(sentence.casefold())[:_OPENING] for sentence in _SENTENCE_END.split(text.strip()))
    return [" ".join(opening) for opening in words if opening]


class Voice:
    """Chooses variants for one turn, so that sentences don't begin alike. `said` are openings heard lately, the latest last; `spoken` grows."""

    def __init__(self, seed: str, said: Collection[str] = ()) -> None:
        self._seed = seed
        self._heard = {opening: place for place, opening in enumerate(said)}
        self.spoken: list[str] = []

    def say(self, name: str, **slots: str) -> str:
        """Returns the message in the variant whose openings were heard least lately, its slots filled and its first letter a capital."""
        filled = [self._sentence(variant.format(**slots)) for variant in catalogue()[name]]
        start = int.from_bytes(hashlib.blake2b(f"{self._seed}/{name}".encode(), digest_size=4).digest()) % len(filled)
        chosen = min((*filled[start:], *filled[:start]), key=self._lateness)
        for opening in openings(chosen):
            self._heard[opening] = len(self._heard) + len(self.spoken)
            self.spoken.append(opening)
        return chosen

    def _lateness(self, text: str) -> int:
        return max((self._heard.get(opening, -1) for opening in openings(text)), default=-1)

    @staticmethod
    def _sentence(text: str) -> str:
        return text[:1].upper() + text[1:]
