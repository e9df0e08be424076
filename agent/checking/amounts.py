"""Prices, lengths, ratings, counts and all other numbers about items."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from convrec.agent.checking.facts import Facts, Finding, number
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.compact.numerals import NUMBERS
from convrec.catalogue.schema import Field

_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>[$€£¥]\s?)?(?P<n>\d+(?:[.,]\d+)*)(?P<plus>\+)?(?:\s?(?:[-–—/]|to|or|and)\s?(?P<sign2>[$€£¥])?(?P<b>\d+(?:[.,]\d+)*)(?!\d))?"
    r"(?:\s?-?(?P<unit>[$€£¥%]|(?!(?:or|and|to|is|in|by|with|of)\b)[A-Za-z]+))?(?P<half> and a half)?"
)  # fmt: skip
_SPELT = re.compile(
    rf"\b(?P<n>{'|'.join(sorted(NUMBERS, key=len, reverse=True))})(?:[- ](?P<ones>one|two|three|four|five|six|seven|eight|nine))?(?P<half> and a half)?[ -](?P<unit>[a-z]+)\b",
    re.IGNORECASE,
)
_OUT_OF = re.compile(r"^\s?(?:/|out of)\s?(?:5|10|100|five|ten)\b")
_MINUTES_TOO = re.compile(r"^,?\s?(?:and\s)?(?P<n>\d{1,2})\s?(?:m|min|mins|minutes)?\b")
_DIFFERENCE = re.compile(
    r"\s(?:more|less|cheaper|longer|shorter|heavier|lighter|dearer|taller|smaller)\b(?: expensive)?"
)
_WHOLE = re.compile(r"(?:/|\bout of)\s?$")  # before the highest rating that can be had
_LESS = re.compile(
    r"\b(?:under|below|less than|at most|no more than|not more than|fewer than|max(?:imum)?(?: of)?|within|shy of|up to)$"
)
_MORE = re.compile(r"\b(?:over|above|more than|at least|from|starting at|upwards of|minimum(?: of)?|no fewer than)$")
_ABOUT = re.compile(
    r"\b(?:about|around|roughly|approximately|approx|nearly|almost|just (?:under|over)|some|or so|close to|circa)$|~\s?$"
)
_ABOUT_PART = 0.05
_COUNTED = frozenset(
    "picks films movies options suggestions recommendations titles choices items ideas games books restaurants places plants songs albums gems".split()
)
_TIMES = {"decade": 10.0}
_UNITS = frozenset(
    "minute minutes min mins hour hours hr hrs h m euro euros dollar dollars buck bucks pound pounds star stars point points player players people person persons guests seats pages cm metres meters inches feet".split()
)
_LISTED = frozenset("one first second third single".split())


@dataclass(frozen=True)
class Amount:
    """A number in the text at characters `[start, end)`, in its field's unit; `high` where it is a range.

    `sharing` are the fields that have its unit, where several do, or where nothing else tells its field.
    """

    start: int
    end: int
    low: float
    high: float | None
    field: Field | None
    unit: str
    at: int  # its token
    sharing: tuple[Field, ...] = ()


def miscounted(reading: Reading) -> Iterator[Finding]:
    """Yields the numbers that no fact has, those left out that were read as years."""
    if reading.offers:
        return
    for amount in _amounts(reading):
        about = reading.about(amount.at)
        scope = about or Mention(0, 0, reading.table.slate, every=True)
        if _is_count(reading, amount) or (about is None and reading.table.echoes(f"{amount.low:g}")):
            continue
        fits = [_fits(reading, amount, facts) for facts in scope.items]
        right = bool(fits) and (all(fits) if scope.every else any(fits))
        if right == reading.negated(amount.at):
            yield Finding(
                "number",
                amount.start,
                amount.end,
                reading.text[amount.start : amount.end],
                _right(reading, amount, scope),
            )
    yield from _counts(reading)


def _amounts(reading: Reading) -> Iterator[Amount]:
    places = {token.start: index for index, token in enumerate(reading.tokens)}
    blank = _blanked(reading)
    for match in (*_NUMBER.finditer(blank), *_SPELT.finditer(blank)):
        groups = match.groupdict()
        spelt = match.re is _SPELT
        at = places.get(match.start("n"))
        unit = (groups["unit"] or "").lower()
        if (
            at is None
            or _WHOLE.search(blank[: match.start("n")])
            or (
                spelt
                and (unit not in _UNITS | {"hour"} or (groups["n"].lower() in _LISTED and unit not in ("hour", "star")))
            )
        ):
            continue
        low = (
            float(NUMBERS[groups["n"].lower()] + NUMBERS.get((groups.get("ones") or "").lower(), 0))
            if spelt
            else number(groups["n"])
        )
        high = number(groups["b"]) if groups.get("b") and not _OUT_OF.match(blank[match.end("n") :]) else None
        unit = re.sub(r"^(?:out|of)$", "stars", unit) if _OUT_OF.match(blank[match.end("n") :]) else unit
        unit = "stars" if not unit and _OUT_OF.match(blank[match.end("n") :]) else unit
        yield _measured(reading, blank, match, at, low + (0.5 if groups["half"] else 0), high, unit)


def _measured(
    reading: Reading, blank: str, match: re.Match[str], at: int, low: float, high: float | None, unit: str
) -> Amount:
    measures = reading.knowledge.measures
    sign = (match.groupdict().get("sign") or match.groupdict().get("sign2") or "").strip()
    sign, unit = (unit, "") if unit in ("$", "€", "£", "¥") else (sign, unit)
    unit = _whole_unit(unit)
    sharing = tuple(f for f in measures.numbers if unit and _whole_unit(f.unit.casefold()) == unit)
    after = reading.word(at + 2)
    field = measures.of_unit(sign, unit, after) or (
        None if sign or unit in _UNITS else measures.of_words(reading.read, at, at + 1, "", low)
    )
    field = (
        reading.knowledge.fields.count
        if field is None and re.match(r"\sof (?:you|us)\b", blank[match.end() :])
        else field
    )
    if len(sharing) > 1:
        places = {f: blank[: match.start()].casefold().rfind(f.spoken.casefold()) for f in sharing}
        last = max(sharing, key=places.__getitem__)
        field = last if places[last] >= 0 else None
    scale = measures.scale(field, unit) if field else 1.0
    more = _MINUTES_TOO.match(blank[match.end() :]) if unit in ("h", "hr", "hour", "hours") else None
    extra = float(more["n"]) * measures.scale(field, "minutes") if more and field else 0.0
    end = match.end() + (more.end() if more else 0)
    return Amount(
        match.start("n"),
        end,
        low * scale + extra,
        None if high is None else high * scale,
        field,
        sign or unit,
        at,
        sharing,
    )


def _whole_unit(unit: str) -> str:
    return "minutes" if unit in ("min", "mins", "minute") else unit


def _blanked(reading: Reading) -> str:
    """Returns the text with its list number, titles and years as spaces."""
    text = reading.text
    spans = [(reading.tokens[m.start].start, reading.tokens[m.end - 1].end) for m in reading.named]
    spans += [reading.list_mark.span()] if reading.list_mark else []
    for first, last in (*spans, *(reading.message.span(hit.start, hit.end) for hit in reading.years)):
        text = text[:first] + " " * (last - first) + text[last:]
    return text


def _fits(reading: Reading, amount: Amount, facts: Facts) -> bool:
    """Tells whether the item has that number: in the field that is meant, in any where none is, or in its text."""
    figures = {amount.low, *([amount.high] if amount.high is not None else [])}
    if figures <= facts.figures and (amount.field is None or facts.amount(amount.field) is None):
        return True
    if not amount.sharing and amount.field is None and amount.unit in _UNITS | {"$", "€", "£", "¥", "%"}:
        return False
    fields = (amount.field,) if amount.field else amount.sharing or tuple(reading.knowledge.measures.numbers)
    twins = [twin for field in fields if (twin := reading.knowledge.measures.twin(field)) is not None]
    bases = [
        f
        for f in reading.knowledge.measures.numbers
        if amount.field is not None and reading.knowledge.measures.twin(f) == amount.field
    ]
    known = [value for field in (*fields, *twins, *bases) if (value := facts.amount(field)) is not None]
    ranges = [ends for field in fields if (ends := facts.ends(field)) is not None]
    if any(low <= amount.low and (amount.high or amount.low) <= high for low, high in ranges):
        return True
    before = reading.text[: amount.start].rstrip("$€£¥ ").casefold()
    if amount.high is not None:
        return {amount.low, amount.high} <= {*known} or (
            not twins and not bases and any(amount.low <= value <= amount.high for value in known)
        )
    if _DIFFERENCE.match(reading.text[amount.end :]):
        others = [
            value
            for m in reading.named
            for other in m.items
            for field in fields
            if (value := other.amount(field)) is not None
        ]
        return any(abs(abs(a - b) - amount.low) < 1e-6 for a in known for b in others)
    if amount.field not in (None, reading.knowledge.fields.price) and before.endswith("up to"):
        return amount.low == max(known, default=None)
    return any(_is_within(value, amount.low, before) for value in known)


def _is_within(value: float, said: float, before: str) -> bool:
    if _ABOUT.search(before):
        return abs(value - said) <= max(_ABOUT_PART * value, 0.5)
    if _LESS.search(before):
        return value <= said
    if _MORE.search(before):
        return value >= said
    return abs(value - said) < 1e-6 or (
        said.is_integer() and not value.is_integer() and value > 10 and round(value) == said
    )


def _right(reading: Reading, amount: Amount, scope: Mention) -> str | None:
    """Returns the right number with its unit as written, where one item has one in the field and it is written in figures."""
    written = reading.text[amount.start : amount.end]
    figures = re.match(r"\d+(?:[.,]\d+)*", written)
    bound = reading.text[: amount.start].rstrip("$€£¥ ").casefold()
    if (
        amount.field is None
        or len(scope.items) != 1
        or figures is None
        or amount.high is not None
        or reading.knowledge.measures.twin(amount.field)
        or _LESS.search(bound)
        or _MORE.search(bound)
    ):
        return None
    value = scope.items[0].amount(amount.field)
    if value is None or number(figures[0]) != amount.low:
        return None
    return (
        f"{value:.2f}".removesuffix(".00") + written[figures.end() :]
        if amount.field.currency or amount.unit in ("$", "€", "£", "¥", "euros", "dollars", "pounds")
        else f"{value:g}" + written[figures.end() :]
    )


# How many there are


def _is_count(reading: Reading, amount: Amount) -> bool:
    return amount.unit in _COUNTED | reading.knowledge.nouns


def _counts(reading: Reading) -> Iterator[Finding]:
    """Yields a number of items that is not how many there are: "these three films" of two."""
    counts = {len(reading.table.slate), len(reading.named), len(reading.topic.items) if reading.topic else 0}
    for index, token in enumerate(reading.read.tokens):
        said = NUMBERS.get(token.norm) or (int(token.norm) if token.norm.isdigit() and len(token.norm) < 3 else 0)
        after = [reading.word(index + 1), reading.word(index + 2)]
        before = reading.word(index - 1)
        of_them = after in (["of", "them"], ["of", "these"])
        if said < 2 or reading.covered(index) or not reading.table.slate:
            continue
        counted = (
            {*after} & (_COUNTED | {reading.knowledge.catalogue.schema.nouns}) and not token.raw[0].isupper()
        ) or before in ("these", "those", "all")
        if (counted and said not in counts) or (of_them and said > max(counts)):
            yield Finding("count", token.start, token.end, token.raw)
