"""What a description says once its frame is taken off: "I don't mean the one with the piano" turns down "the one with the piano"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from convrec.agent.compact.lexicon import NOUNS, word_set
from convrec.agent.compact.message import Message

_FRAME = NOUNS | word_set(
    """i im id think pretty sure know believe well mean meant am was were talking about referring refer to thinking of looking for
    want wanted it its is this that thats the a an one ones there theres they theyre he hes she shes has have had do does did can
    could would should contain contains contained require requires include includes use uses used with main ingredient character
    made definitely certainly probably which who you where almost dish dishes recipe recipes food track singer author writer need so
    and but take takes place"""
)
_DENIALS = word_set(
    """not never without nothing isnt wasnt arent werent doesnt dont didnt hasnt havent hadnt aint cant cannot couldnt wont
    wouldnt shouldnt neither"""
)
_CONTRAST = re.compile(
    r"(?:,?\s+(?:and\s+|but\s+)?not(?=\s+(?:the|a|an|one|ones|as|in|by|from|with|\W?\d))|,\s*not\b|,?\s+(?:rather than|instead of))\s.*$",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True)
class Phrase:
    """What is said of an item, whether it is turned down by it, and at which character the description starts."""

    text: str
    turned_down: bool = False
    start: int = 0


def phrase_of(said: str) -> Phrase:
    """Returns the description in what was said: a denial in its frame turns it down, "X, not Y" means X."""
    message = Message(said)
    after = _after_denial(message)
    if after is not None:
        start = message.tokens[after].start if after < len(message) else 0
        return Phrase(_tidy(said[start:]), turned_down=True, start=start)
    return Phrase(_tidy(_CONTRAST.sub("", said) or said))


def _after_denial(message: Message) -> int | None:
    """Returns the token after the first denial that only words of the frame stand before; None where there is none."""
    for place, token in enumerate(message.tokens):
        if _is_contrast(message, place):
            return None
        if token.norm in _DENIALS or (token.norm == "no" and not _is_interjection(message, place)):
            return place + 1
        if token.norm not in _FRAME and token.norm != "no":
            return None
    return None


def _is_contrast(message: Message, place: int) -> bool:
    """Tells whether "not" sets two things against each other or is part of what is told: "a novel, not a play", "about not giving up"."""
    if message.tokens[place].norm != "not" or place == 0:
        return False
    before, after = message.tokens[place - 1].norm, message.words(place + 1, place + 2)
    return (message.tokens[place].mark == "," and before != "no") or (before == "about" and after.endswith("ing"))


def _is_interjection(message: Message, place: int) -> bool:
    """Tells whether a "no" answers what was said before: "No, it's the older one"."""
    after = message.tokens[place + 1] if place + 1 < len(message) else None
    return place == 0 and (after is None or bool(after.mark) or after.norm in _FRAME)


def _tidy(text: str) -> str:
    return " ".join(text.split()).strip(" .,")
