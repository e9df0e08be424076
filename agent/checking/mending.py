"""What keeps a text whole around a sentence that was cut: its line, what leaned on it, its emphasis."""

import math
import re

from convrec.agent.checking.facts import Knowledge
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.checking.titles import TitleChecker

_PRONOUN = re.compile(
    r"^(?P<word>It's|It’s|It|Its|This one|This (?:film|movie|game|book|restaurant|place|plant)|The (?:film|movie))\b"
)
_PERSON = re.compile(r"^(?:He|She|They|His|Her|Their)\b")
_CONNECTIVE = re.compile(
    r"^(?P<word>(?:But|However|And|Also|So|Still|Yet|Instead|That said|In addition|Plus|Besides|Moreover|Furthermore|Additionally|Similarly|Likewise|Meanwhile|Then again"
    r"|On the other hand|By contrast|In contrast|Even better|What's more|What is more|On top of that|For one thing|Therefore|Thus|Hence|Otherwise|Nonetheless|Nevertheless|Or|Then)\b,?\s+)"
)
_CLOSERS = re.compile(r"^[*_\"”'’»`\]]*")


class Mender:
    """Mends one reply: remembers that a sentence was cut, and whether what it was about has been shown."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._gap = False  # whether the sentence before was cut
        self._orphan = False  # whether what the line is about may not be named
        self._unnamed = False  # whether the cut sentence was the one that named the topic
        self._begun = True  # whether a line begins here
        self._empty = True  # whether nothing of the line is shown yet
        self._first = True  # whether nothing at all is
        self._open = False  # whether a cut sentence took one half of an emphasis with it

    def blank(self, text: str) -> str:
        """Returns white space between sentences."""
        self._begun = self._begun or "\n" in text
        return text

    def led(self, text: str, topic: Mention | None, *, named: bool) -> str | None:
        """Returns the sentence without what leaned on one that was cut; None where nothing of it could stand.

        `named` tells whether it names an item itself.
        """
        if self._begun or named:
            self._orphan = False
        if self._orphan:
            return None
        if not self._gap:
            return text
        lead = _CONNECTIVE.match(text)
        bare = text[lead.end() :] if lead else text
        bare = bare[:1].upper() + bare[1:]
        if _PERSON.match(bare):
            return None
        pronoun = _PRONOUN.match(bare)
        if pronoun is None or not self._unnamed:
            return bare
        return None if topic is None else _named(pronoun["word"], topic) + bare[pronoun.end() :]

    def shown(self, text: str) -> str:
        """Returns a sentence as it is shown, with its emphasis closed."""
        self._gap = self._unnamed = self._first = False
        self._begun = self._empty = "\n" in text[len(text.rstrip()) :]
        if self._open and text.count("**") % 2:
            text, self._open = text.replace("**", "", 1), False
        return text

    def cut(self, text: str, topic: Mention | None, *, foreign: bool) -> str:
        """Returns what is left of a cut sentence: the end of its line, where the line had begun before it."""
        self._gap = True
        self._unnamed = self._unnamed or _names(text, topic)
        self._orphan = self._orphan or foreign
        self._open ^= text.count("**") % 2 == 1
        space = text[len(text.rstrip()) :]
        ends = space[space.index("\n") :] if "\n" in space else ""
        kept = "" if self._first else ends[1:] if self._empty else ends
        self._begun = bool(ends)
        self._empty = self._empty or self._begun
        return kept

    def head(self, reading: Reading, titles: TitleChecker, allowed: set[str]) -> str:
        """Returns a list line up to its title and year, "" where it is no list line or begins with no title."""
        first = _head(reading)
        if first is None:
            return ""
        end = reading.tokens[first.end - 1].end
        closers = _CLOSERS.match(reading.text[end:])
        kept = reading.text[: end + (closers.end() if closers else 0)]
        link = re.match(r"\([^)\s]*\)", reading.text[len(kept) :]) if kept.endswith("]") else None
        year = first.items[0].year
        dated = (
            f" ({year:.0f})" if not math.isnan(year) and len(first.items) == 1 and reading.is_dated(first.end) else ""
        )
        kept += (link[0] if link else "") + dated + "." + reading.text[len(reading.text.rstrip()) :]
        return "" if titles.foreign(kept, allowed) or kept.count("**") % 2 else kept


def _head(reading: Reading) -> Mention | None:
    """Returns the title that a list line begins with, None where it is no list line or begins otherwise."""
    if not reading.named or reading.list_mark is None or reading.named[0].oblique:
        return None
    first = reading.named[0]
    before = reading.text[reading.list_mark.end() : reading.tokens[first.start].start]
    return None if before.strip("*_\"“'[ ") else first


def _names(text: str, topic: Mention | None) -> bool:
    return topic is not None and any(facts.title in text for facts in topic.items)


def _named(pronoun: str, topic: Mention) -> str:
    title = f"**{topic.items[0].title}**"
    return {"It's": f"{title} is", "It’s": f"{title} is", "Its": f"{title}'s"}.get(pronoun, title)
