"""How much: prices, lengths, ratings and any other number field, with its unit or by its name."""

import re
from collections.abc import Iterator

import numpy as np

from convrec.agent.compact.fields import Fields, described
from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.catalogue.schema import Field

_WORDS = {
    "one": 1, "couple of": 2, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90, "hundred": 100,
    "half a": 0.5, "half an": 0.5,
}  # fmt: skip
_MONEY = {
    "euro",
    "euros",
    "dollar",
    "dollars",
    "buck",
    "bucks",
    "pound",
    "pounds",
    "eur",
    "usd",
    "gbp",
    "quid",
    "yen",
    "$",
    "€",
    "£",
    "¥",
}
_HOURS, _MINUTES = {"hour", "hours", "hr", "hrs", "h"}, {"minute", "minutes", "min", "mins", "m"}
_N = (
    r"(?:an?(?= (?:hours?|hr|minute|hundred|euro|dollar|buck|pound))|\d+(?:\.\d+)?|"
    + "|".join(sorted(_WORDS, key=len, reverse=True))
    + r")"
)
_SIGN = r"(?:[$€£¥] ?)?"
_UNIT = r"(?: (?!or\b|and\b|to\b)(?P<unit>[a-z]+|[$€£¥]))?"
_AND_HALF = r"(?P<half> and a half)?"
_LESS = r"(?:under|below|less than|fewer than|cheaper than|shorter than|smaller than|lower than|not more than|no more than|no longer than|at most|up to|max(?:imum)?(?: of)?|within|over|above|more than|longer than|greater than|higher than|better than|exceeding|at least|no less than|min(?:imum)?(?: of)?|around|about|roughly|exactly)"
_STRICT = {"under", "below", "less than", "fewer than", "cheaper than", "shorter than", "smaller than", "lower than",
           "over", "above", "more than", "longer than", "greater than", "higher than", "better than", "exceeding"}  # fmt: skip
_LOWER = {"over", "above", "more than", "longer than", "greater than", "higher than", "better than", "exceeding", "at least", "no less than",
          "min", "minimum", "min of", "minimum of"}  # fmt: skip
_UNDER = {
    "under",
    "below",
    "less than",
    "at most",
    "up to",
    "max",
    "maximum",
    "max of",
    "maximum of",
    "no more than",
    "not more than",
    "within",
}
_AMOUNT = re.compile(
    rf"(?P<how>\b{_LESS} )?(?P<sign>{_SIGN})\b(?P<n>{_N})\b{_AND_HALF}{_UNIT}(?P<tail>{_AND_HALF.replace('half', 'half2', 1)})"
    r"(?P<after> (?:or|and) (?:less|under|fewer|cheaper|shorter|below|lower|more|longer|higher|above|up|better|over)| ?\+| tops| max)?"
)
_RANGE = re.compile(
    rf"\b(?:between |from )?(?P<sign>{_SIGN})(?P<a>{_N})(?: [$€£¥])? (?:and|to) (?:[$€£¥] ?)?(?P<b>{_N}){_UNIT}"
)
_CHEAP = re.compile(r"\b(?:cheap|inexpensive|affordable|budget|low cost|bargain|cheapest)\b")
_DEAR = re.compile(r"\b(?:expensive|fancy|upscale|luxurious|luxury|pricey|high end|most expensive)\b")
_SHORT = re.compile(r"\b(?:short(?:ish)?|quick|brief|shortest)\b(?! (?:story|stories))")
_LONG = re.compile(r"\b(?:long|lengthy|longest)\b(?! (?:time|ago|as|since|story|for|john|way))")
_WELL_RATED = re.compile(
    r"\b(?:(?:highly|best|top|well|highest|better) (?:rated|reviewed)|critically acclaimed|acclaimed|highest rating|highest score|good reviews|great reviews)\b"
)


class AmountReader:
    """Reads numbers against one catalogue's number fields."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._numbers = [f for f in fields.catalogue.schema.of_type("number") if f != fields.year]

    def read(self, message: Message) -> list[RangeHit]:
        """Returns the ranges of number fields that the message names, in order; none where the catalogue has no such field."""
        found: list[RangeHit] = []
        if not self._numbers:
            return found
        for hit in (*self._ranges(message), *self._amounts(message), *self._vague(message)):
            same = [
                other for other in found if other.field == hit.field and hit.start < other.end and other.start < hit.end
            ]
            if not same:
                found.append(hit)
        return sorted(found, key=lambda hit: hit.start)

    def _ranges(self, message: Message) -> Iterator[RangeHit]:
        for start, end, match in message.find(_RANGE):
            field = self._field(message, start, match["sign"], match["unit"])
            if field is None:
                continue
            scale = self._scale(field, match["unit"])
            low, high = _value(match["a"]) * scale, _value(match["b"]) * scale
            if low < high:
                yield RangeHit(start, end, field, low, high)

    def _amounts(self, message: Message) -> Iterator[RangeHit]:
        for start, end, match in message.find(_AMOUNT):
            field = self._field(message, start, match["sign"], match["unit"])
            counted = match["n"] not in ("a", "an", "one") or bool(match["how"])
            if (
                field is None
                and match["how"]
                and match["how"].strip() in _UNDER
                and match["n"].isdigit()
                and int(match["n"]) < 1_000
            ):
                field = self._fields.price
            if field is None or not counted:
                continue
            amount = (_value(match["n"]) + (0.5 if match["half"] or match["half2"] else 0)) * self._scale(
                field, match["unit"]
            )
            last = (
                end
                if (match["unit"] and self._is_unit(field, match["unit"])) or match["after"]
                else message.range_of(match, "n")[1]
            )
            yield from self._bounded(
                field, start, last, amount, (match["how"] or "").strip(), (match["after"] or "").strip()
            )

    def _bounded(self, field: Field, start: int, end: int, amount: float, how: str, after: str) -> Iterator[RangeHit]:
        twin = self._twin(field)
        lower = how in _LOWER or bool(re.search(r"more|longer|higher|above|up|better|over|\+", after))
        if twin is not None and (lower or how or after):
            field = twin if lower else field
        if how in ("around", "about", "roughly"):
            yield RangeHit(start, end, field, amount * 0.85, amount * 1.15)
        elif lower:
            yield RangeHit(start, end, field, amount, None, strict=how in _STRICT)
        elif (how and how != "exactly") or after:
            yield RangeHit(start, end, field, None, amount, strict=how in _STRICT)
        elif field in (self._fields.price, self._fields.length):
            yield RangeHit(start, end, field, None, amount)
        elif field == self._fields.rating:
            yield RangeHit(start, end, field, amount, None)
        else:
            yield from self._exactly(field, start, end, amount)

    def _exactly(self, field: Field, start: int, end: int, amount: float) -> Iterator[RangeHit]:
        """Yields the one or two ranges that a plain count asks for: four players fit between the least and the most."""
        twin = self._twin(field)
        if twin is None:
            yield RangeHit(start, end, field, amount, amount)
        else:
            yield RangeHit(start, end, field, None, amount)
            yield RangeHit(start, end, twin, amount, None)

    def _twin(self, field: Field) -> Field | None:
        """Returns the field of the most where `field` is that of the least (`min_players` → `max_players`)."""
        if not described(field) & {"min", "minimum", "least", "fewest"}:
            return None
        return next((f for f in self._numbers if f != field and _stem(f) == _stem(field)), None)

    def _vague(self, message: Message) -> Iterator[RangeHit]:
        wishes = ((_CHEAP, self._fields.price, 0.35, False), (_DEAR, self._fields.price, 0.7, True), (_SHORT, self._fields.length, 0.3, False),
                  (_LONG, self._fields.length, 0.7, True), (_WELL_RATED, self._fields.rating, 0.7, True))  # fmt: skip
        for pattern, field, share, upwards in wishes:
            for start, end, _ in message.find(pattern) if field is not None else ():
                assert field is not None
                known = self._known(field)
                if len(known):
                    bound = round(float(np.quantile(known, share)), 2)
                    yield RangeHit(
                        start, end, field, bound if upwards else None, None if upwards else bound, vague=True
                    )

    def _field(self, message: Message, start: int, sign: str | None, unit: str | None) -> Field | None:
        """Returns the field that a number is about: by its sign or unit, else by the words before it."""
        if (sign and sign.strip()) or unit in _MONEY:
            return self._fields.price
        if unit in _HOURS or unit in _MINUTES:
            return self._fields.length
        by_unit = [f for f in self._numbers if unit and unit not in ("of", "in", "for") and self._is_unit(f, unit)]
        if by_unit:
            return next((f for f in by_unit if self._twin(f) is not None), by_unit[0])
        before = message.norms(start - 3, start)
        if {"rated", "rating"} & set(before):
            return self._fields.rating
        named = [f for f in self._numbers if any(w in described_name(f) for w in before if len(w) > 2)]
        return named[0] if named else None

    def _is_unit(self, field: Field, unit: str) -> bool:
        if field == self._fields.price and unit in _MONEY:
            return True
        if field == self._fields.length and (unit in _HOURS or unit in _MINUTES):
            return True
        return (
            len(unit) > 2
            and bool({unit, unit.rstrip("s"), f"{unit}s"} & described(field))
            and unit not in ("than", "the")
        )

    def _scale(self, field: Field, unit: str | None) -> float:
        """Returns by what to multiply hours or minutes so that they are in the field's unit."""
        if field != self._fields.length or unit is None:
            return 1.0
        known = self._known(field)
        in_hours = bool(described(field) & {"hours", "hour", "hrs", "h"}) or (
            not described(field) & {"minutes", "min", "mins"} and len(known) > 0 and float(np.median(known)) < 12
        )
        if unit in _HOURS:
            return 1.0 if in_hours else 60.0
        return 1 / 60 if in_hours and unit in _MINUTES else 1.0

    def _known(self, field: Field) -> np.ndarray:
        numbers = self._fields.catalogue.numbers(field.name)
        return numbers[~np.isnan(numbers)]


def described_name(field: Field) -> set[str]:
    """Returns the words of the field's name and label, in the singular and the plural."""
    words = set(f"{field.name.replace('_', ' ')} {field.label}".casefold().split())
    return words | {f"{word}s" for word in words}


def _stem(field: Field) -> frozenset[str]:
    return frozenset(field.name.casefold().replace("_", " ").split()) - {
        "min",
        "max",
        "minimum",
        "maximum",
        "least",
        "most",
    }


def _value(said: str) -> float:
    return 1.0 if said in ("a", "an") else float(_WORDS.get(said, said))
