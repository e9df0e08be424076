"""When something was, as people say it: "last Tuesday", "two weeks ago", "in spring"."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from convrec.agent.compact.numerals import NUMBERS
from convrec.core.text import fold

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEASONS = {
    "spring": 3,
    "summer": 6,
    "autumn": 9,
    "fall": 9,
    "winter": 12,
}  # the month that each begins with, in the north
_UNITS = {"day": 1, "night": 1, "week": 7, "fortnight": 14, "month": 30, "year": 365}
_SEVERAL = {"a couple of": 2, "a few": 3, "several": 4, "a": 1, "an": 1}
_COUNT = "|".join((r"\d{1,3}", *_SEVERAL, *(word for word, number in NUMBERS.items() if number > 0)))
_MONTH = "|".join((*_MONTHS, *(month[:3] for month in _MONTHS), "sept"))


@dataclass(frozen=True)
class Window:
    """A stretch of time, `start` included, `end` not; UTC. `words` is how it was said."""

    start: datetime
    end: datetime
    words: str

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


def window(text: str, now: datetime) -> Window | None:
    """Returns the stretch of past time that a text names, the first of several; None where it names none.

    Weeks begin on Monday; "last Tuesday" is the latest one before today, "two weeks ago" gives or takes a third.
    """
    folded = fold(text)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = [
        (match.start(), place, Window(start, min(end, now + timedelta(seconds=1)), match[0].strip()))
        for place, (pattern, stretch) in enumerate(_STRETCHES)
        for match in pattern.finditer(folded)
        if (bounds := stretch(match, today)) is not None
        for start, end in [bounds]
        if start <= now
    ]
    return min(found, key=lambda one: one[:2])[2] if found else None


Bounds = tuple[datetime, datetime]


def _day(today: datetime, back: int, days: int = 1) -> Bounds:
    start = today - timedelta(days=back)
    return start, start + timedelta(days=days)


def _ago(match: re.Match[str], today: datetime) -> Bounds:
    said = match["n"]
    count = _SEVERAL.get(said) or NUMBERS.get(said) or int(said)
    days = count * _UNITS[match["unit"]]
    slack = max(days // 3, 0 if days < 3 else 1)
    return today - timedelta(days=days + slack), today - timedelta(days=days - slack - 1)


def _weekday(match: re.Match[str], today: datetime) -> Bounds:
    back = (today.weekday() - _DAYS.index(match["day"])) % 7 or 7
    return _day(today, back)


def _week(match: re.Match[str], today: datetime) -> Bounds:
    monday = today - timedelta(days=today.weekday())
    return (monday, monday + timedelta(days=7)) if match["which"] == "this" else (monday - timedelta(days=7), monday)


def _weekend(match: re.Match[str], today: datetime) -> Bounds:
    saturday = today - timedelta(days=(today.weekday() - 5) % 7)
    if match["which"] != "this" and saturday + timedelta(days=2) > today:
        saturday -= timedelta(days=7)
    return saturday, saturday + timedelta(days=2)


def _month_of(year: int, month: int, months: int = 1) -> Bounds:
    end = year * 12 + month - 1 + months
    return _first(year, month), _first(end // 12, end % 12 + 1)


def _first(year: int, month: int) -> datetime:
    return datetime(year, month, 1, tzinfo=UTC)


def _relative_month(match: re.Match[str], today: datetime) -> Bounds:
    place = today.year * 12 + today.month - 1 - (match["which"] != "this")
    return _month_of(place // 12, place % 12 + 1)


def _relative_year(match: re.Match[str], today: datetime) -> Bounds:
    return _month_of(today.year - (match["which"] != "this"), 1, 12)


def _month(match: re.Match[str], today: datetime) -> Bounds:
    month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(match["month"][:3]))
    year = int(match["year"]) if match["year"] else today.year - (month > today.month)
    return _month_of(year, month)


def _date(match: re.Match[str], today: datetime) -> Bounds | None:
    month = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith((match["m1"] or match["m2"])[:3]))
    try:
        start = _first(today.year, month).replace(day=int(match["d1"] or match["d2"]))
        start = start if start <= today else start.replace(year=today.year - 1)
    except ValueError:
        return None
    return start, start + timedelta(days=1)


def _season(match: re.Match[str], today: datetime) -> Bounds:
    begins = _SEASONS[match["season"]]
    year = int(match["year"]) if match["year"] else today.year
    start, end = _month_of(year, begins, 3)
    if match["year"]:
        return start, end
    last = match["which"] == "last"
    while start > today or (last and end > today):
        year -= 1
        start, end = _month_of(year, begins, 3)
    return start, end


def _year(match: re.Match[str], today: datetime) -> Bounds:
    return _month_of(int(match["year"]), 1, 12)


_STRETCHES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], datetime], Bounds | None]], ...] = (
    (re.compile(r"\b(?:the )?day before yesterday\b"), lambda _, today: _day(today, 2)),
    (re.compile(r"\byesterday(?: (?:morning|afternoon|evening|night))?\b|\blast night\b"), lambda _, today: _day(today, 1)),
    (re.compile(r"\b(?:earlier )?today\b|\bthis (?:morning|afternoon|evening)\b|\bearlier (?:tonight|this evening)\b"), lambda _, today: _day(today, 0)),
    (re.compile(r"\bthe other (?:day|night|evening)\b"), lambda _, today: _day(today, 10, 10)),
    (re.compile(rf"\b(?:about |around |some )?(?P<n>{_COUNT}) (?P<unit>day|night|week|fortnight|month|year)s? (?:ago|back|earlier|before)\b"), _ago),
    (re.compile(rf"\b(?:(?:on|last|this|past) )(?P<day>{'|'.join(_DAYS)})\b"), _weekday),
    (re.compile(r"\b(?P<which>last|this|past|previous) week\b"), _week),
    (re.compile(r"\b(?:(?P<which>last|this|past|previous|at the|over the) )weekend\b"), _weekend),
    (re.compile(r"\b(?P<which>last|this|past|previous) month\b"), _relative_month),
    (re.compile(r"\b(?P<which>last|this|past|previous) year\b"), _relative_year),
    (re.compile(rf"\b(?:on )?(?:the )?(?:(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m1>{_MONTH})|(?P<m2>{_MONTH}) (?:the )?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)\b(?! \d)"), _date),
    (re.compile(rf"\b(?:in|last|during|back in|since|early in|late in|this) (?:early |late )?(?P<month>{_MONTH})\b(?: (?:of )?(?P<year>(?:19|20)\d\d))?"), _month),
    (re.compile(rf"\b(?:(?P<which>in|last|during|this|over|back in) )(?:the )?(?:early |late )?(?P<season>{'|'.join(_SEASONS)})\b(?: (?:of )?(?P<year>(?:19|20)\d\d))?"), _season),
    (re.compile(r"\b(?:in|during|back in) (?P<year>20\d\d)\b"), _year),
)  # fmt: skip
