"""When: years, decades and bounds of them, in words or figures."""

import re
from collections.abc import Iterator

import numpy as np

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.numerals import DECADES, NUMBERS
from convrec.agent.compact.ranges import RangeHit

_COUNTS = NUMBERS | {"a": 1, "couple": 2, "few": 3}
_ONE = rf"(?:(?:the )?(?:early|mid|late|year|years) )?(?:the )?(?:(?:1[5-9]|20)\d\ds?|\d0s|{'|'.join(DECADES)})"
_NUMBER = r"(?:\d+|" + "|".join(_COUNTS) + r")"
_TWO = re.compile(
    rf"\b(?:between|from|in)? ?(?P<a>{_ONE}) (?:and|to|till|until|through|thru|up to(?: and including)?) (?P<b>{_ONE})\b"
)
_BETWEEN = re.compile(rf"\bbetween (?P<a>{_ONE}) and (?P<b>{_ONE})\b")
_DASHED = re.compile(rf"\b(?:between |from )?(?P<a>{_ONE})(?: ,)? (?P<b>{_ONE})\b")
_UP_TO = re.compile(
    rf"\b(?:until|till|up to|up until|no later than|not later than) (?P<a>{_ONE})\b|\b(?P<b>{_ONE}) (?:or|and) (?:older|earlier|before)\b"
)
_BEFORE = re.compile(
    rf"\b(?:before|prior to|earlier than|older than|pre|preceding|predating|under(?= \d{{4}}s\b)) (?P<a>{_ONE})\b"
)
_FROM = re.compile(
    rf"\b(?:since|starting (?:in|from)|at least|from) (?P<a>{_ONE})(?: (?:on|onwards?|forward|up|upwards?|(?:and|or) (?:up|on|later|newer|after|onwards?|more recent|more new|more modern|younger)|to (?:now|today)|till now|until now))?\b"
    rf"|\b(?P<b>{_ONE}) (?:or|and) (?:newer|later|after|onwards?|on|up|more recent|more new|more modern|younger|above)\b|\b(?P<c>(?:1[5-9]|20)\d\d) (?:onwards?|\+)"
)
_OPEN = re.compile(
    r" (?:on|onwards?|forward|up|upwards?|(?:and|or) (?:up|on|later|newer|after|onwards?|more recent|more new|more modern|younger)|to (?:now|today)|till now|until now)$"
)
_AFTER = re.compile(
    rf"\b(?:after|later than|newer than|younger than|post|past|more recent than|beyond) (?P<a>{_ONE})\b"
)
_AROUND = re.compile(
    r"\b(?:around|about|circa|roughly|approximately|more or less) (?:the )?(?P<a>(?:1[5-9]|20)\d\d)\b"
    r"|\b(?:from |in )?(?P<b>(?:1[5-9]|20)\d\d) (?:or (?:so|thereabouts)|ish|give or take)\b"
)
_PLAIN = re.compile(rf"\b(?:from|in|during|released in|made in|published in)? ?(?P<a>{_ONE})\b")
_AGO = re.compile(
    rf"\b(?:last|past|previous|recent) (?P<n>{_NUMBER}) (?:of )?(?P<unit>years?|decades?)\b|\b(?:the|this|in the) (?:last|past) (?P<one>decade)\b"
)
_NAMED = re.compile(
    r"\b(?P<which>this|last) year\b|\bthis (?P<decade>decade)\b|\bthis (?P<century>century)\b|\b(?P<nth>1[5-9]|20|21)(?:st|th) century\b"
)
_RECENT = re.compile(
    r"\b(?:recent|recently|modern|contemporary|latest|newly released|new releases?|brand new|newest|up to date)\b|\bnew(?= (?:NOUN|releases?)\b)"
)
_OLD = re.compile(
    r"\b(?:oldies?|old(?: (?:fashioned|school|time|timey))?|classics?|vintage|golden age|retro|black and white)\b(?! (?:friends?|man|men|enough|boy|woman|people|lady))"
)
_AGE = re.compile(r"\b(?:in (?:my|his|her|their|our)|years?|yrs?)(?: early| mid| late)?$")


class YearReader:
    """Reads years for one catalogue; which century a bare decade means is the one with more items."""

    def __init__(self, fields: Fields, this_year: int, nouns: frozenset[str]) -> None:
        self._field, self._now = fields.year, this_year
        years = fields.years()
        known = years[~np.isnan(years)] if years is not None else np.array([])
        self._known = known
        self._recent = re.compile(_RECENT.pattern.replace("NOUN", "|".join(sorted(map(re.escape, nouns))) or "items"))

    def read(self, message: Message) -> list[RangeHit]:
        """Returns the ranges of years that the message names, in order; none where the catalogue has no years."""
        found: list[RangeHit] = []
        if self._field is None:
            return found
        for hit in self._all(message):
            if not any(hit.start < other.end and other.start < hit.end for other in found):
                found.append(hit)
        return sorted(found, key=lambda hit: hit.start)

    def decade(self, year: float) -> tuple[float, float]:
        """Returns the first and last year of the year's decade."""
        first = year // 10 * 10
        return first, first + 9

    def _all(self, message: Message) -> Iterator[RangeHit]:
        for pattern in (_BETWEEN, _TWO, _DASHED):
            for start, end, match in message.find(pattern):
                (low, _), (_, high) = self._years(match["a"]), self._years(match["b"])
                separate = (
                    pattern is _TWO and re.search(r" and ", match[0]) and not match[0].startswith(("between", "from"))
                )
                if low < high and not separate and (pattern is not _DASHED or self._is_dashed(message, match)):
                    yield self._hit(start, end, low, high)
        for pattern in (_UP_TO, _BEFORE, _FROM, _AFTER, _AROUND, _PLAIN):
            for start, end, match in message.find(pattern):
                yield from self._one(message, pattern, start, end, match)
        yield from self._by_clock(message)
        yield from self._vague(message)

    def _one(
        self, message: Message, pattern: re.Pattern[str], start: int, end: int, match: re.Match[str]
    ) -> Iterator[RangeHit]:
        said = next(text for name, text in match.groupdict().items() if text)
        low, high = self._years(said)
        if _AGE.search(message.marked[: match.start()].rstrip()) or not self._is_time(message, start, end, said):
            return
        if pattern is _UP_TO:
            yield self._hit(start, end, None, high)
        elif pattern is _BEFORE:
            yield self._hit(start, end, None, low - 1)
        elif pattern is _AFTER:
            yield self._hit(start, end, high + 1, None)
        elif pattern is _FROM:
            if not match[0].startswith("from ") or _OPEN.search(match[0]):
                yield self._hit(start, end, low, None)
        elif pattern is _AROUND:
            yield self._hit(start, end, low - 3, high + 3)
        else:
            yield self._hit(start, end, low, high)

    def _by_clock(self, message: Message) -> Iterator[RangeHit]:
        for start, end, match in message.find(_AGO):
            count = _COUNTS.get(match["n"]) or int(match["n"]) if match["n"] else 1
            years = count * (10 if "decade" in (match["unit"] or match["one"]) else 1)
            yield self._hit(start, end, self._now - years, None)
        for start, end, match in message.find(_NAMED):
            if match["which"]:
                year = self._now - (match["which"] == "last")
                yield self._hit(start, end, year, year)
            elif match["nth"]:
                yield self._hit(start, end, (int(match["nth"]) - 1) * 100 + 1, int(match["nth"]) * 100)
            else:
                yield self._hit(start, end, self._now // 10 * 10 if match["decade"] else self._now // 100 * 100, None)

    def _vague(self, message: Message) -> Iterator[RangeHit]:
        if not len(self._known):
            return
        for start, end, _ in message.find(self._recent):
            yield self._hit(
                start, end, max(float(np.quantile(self._known, 0.8)) // 1, self._known.max() - 10), None, vague=True
            )
        for start, end, match in message.find(_OLD):
            if not _AGE.search(message.marked[: match.start()].rstrip()):
                yield self._hit(start, end, None, float(np.quantile(self._known, 0.35)) // 1, vague=True)

    def _hit(self, start: int, end: int, low: float | None, high: float | None, vague: bool = False) -> RangeHit:
        assert self._field is not None
        return RangeHit(start, end, self._field, low, high, vague=vague)

    def _years(self, said: str) -> tuple[float, float]:
        """Returns the first and last year that a decade or year stands for."""
        word = next((name for name in DECADES if said.endswith(name)), said.rsplit(maxsplit=1)[-1])
        if word in DECADES or re.fullmatch(r"\d0s", word):
            first = DECADES.get(word, 0) or int(word[:-1] if word not in DECADES else 0)
            first = first if first >= 100 else self._century(first) + first
        elif word.endswith("s"):
            first = int(word[:-1])
        else:
            return float(word), float(word)
        part = re.search(r"\b(early|mid|late)\b", said)
        low, high = {"early": (0, 4), "mid": (3, 6), "late": (5, 9)}[part[1]] if part else (0, 9)
        return float(first + low), float(first + high)

    def _century(self, decade: int) -> int:
        """Returns 1900 or 2000, whichever has more items in that decade."""
        counts = [int(np.sum((self._known >= c + decade) & (self._known <= c + decade + 9))) for c in (1900, 2000)]
        return 1900 if counts[0] >= counts[1] and (counts[0] or decade > 20) else 2000

    def _is_time(self, message: Message, start: int, end: int, said: str) -> bool:
        """Tells whether a bare number is a year here, not a price, a length or a count."""
        word = said.rsplit(maxsplit=1)[-1]
        if not word.isdigit():
            return True
        after = message.tokens[end].norm if end < len(message) and not message.tokens[end].mark else ""
        before = message.tokens[start - 1].norm if start else ""
        unit = after in {
            "euros",
            "euro",
            "dollars",
            "bucks",
            "pounds",
            "€",
            "$",
            "£",
            "pages",
            "minutes",
            "points",
            "people",
            "players",
            "times",
        }
        return not unit and before not in {"$", "€", "£"} and 1_400 <= int(word) <= self._now + 20

    @staticmethod
    def _is_dashed(message: Message, match: re.Match[str]) -> bool:
        start, _ = message.range_of(match, "b")
        gap = message.gap(start)
        return bool(re.search(r"[-–—/]", gap))
