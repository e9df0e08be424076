"""What a number in a message may measure: which number field of a catalogue, in which unit."""

import re
from collections.abc import Sequence

import numpy as np

from convrec.agent.compact.fields import Fields, described
from convrec.agent.compact.lexicon import FUNCTION, word_set
from convrec.agent.compact.message import Message
from convrec.catalogue.schema import NUMERIC, Field

_MONEY = word_set("euro euros dollar dollars buck bucks pound pounds eur usd gbp quid yen $ € £ ¥")
_MINUTES = dict.fromkeys(("minute", "minutes", "min", "mins", "m"), 1.0) | dict.fromkeys(
    ("hour", "hours", "hr", "hrs", "h"), 60.0
)
_CENTIMETRES = (
    dict.fromkeys(("cm", "cms", "centimetre", "centimetres", "centimeter", "centimeters"), 1.0)
    | dict.fromkeys(("m", "metre", "metres", "meter", "meters"), 100.0)
    | dict.fromkeys(("inch", "inches"), 2.54)
    | dict.fromkeys(("foot", "feet", "ft"), 30.48)
)
UNITS = _MONEY | {*_MINUTES, *_CENTIMETRES}
"""Words and signs in which people tell prices, times and sizes."""
_PEOPLE = word_set(
    "of us players player people persons ppl friends guests kids gamers mates pals buddies adults grownups others"
)
_YEARS_OLD = word_set("year years yr yrs")
_STARS = word_set("star stars points")
_SIGNS = word_set("sign signs")
_FEW_VALUES = 8  # of a field whose numbers are steps, such as ages and price levels
_CALLED = 4  # words before a number in which its field may be named
_COMPARED = {
    "price": word_set("cheaper pricier cost costs costing pay pays paying spend spending budget priced price"),
    "length": word_set("longer shorter lasts last takes take lasting"),
    "height": word_set("taller higher smaller shorter tall high grows grow bigger larger lower"),
    "rating": word_set("rated rating better scored"),
}
_TURNS = word_set("turns turning aged")
_IS = word_set("is hes shes im theyre")
_OTHERWISE = word_set("it that this one first second third last rating price")
_NO_UNIT = word_set("of in for than the")


class Measures:
    """Finds the field that a number is about, for one catalogue."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self.numbers = [f for f in fields.catalogue.schema.of_type(*NUMERIC) if f != fields.year]

    def of_unit(self, sign: str, unit: str, after: str) -> Field | None:
        """Returns the field that a sign or unit is of; `after` is the word behind the unit."""
        fields = self._fields
        if after in _SIGNS and (sign or unit in _MONEY):
            return fields.price
        if sign or unit in _MONEY:
            return fields.price
        if unit == "m":
            return fields.length or fields.height
        if unit in _MINUTES:
            return fields.length
        if unit in _CENTIMETRES and fields.height is not None:
            return fields.height
        if unit in _STARS:
            return fields.rating
        if unit in _YEARS_OLD:
            return fields.age if after in ("old", "olds") else None
        named = [f for f in self.numbers if unit and unit not in _NO_UNIT and _is_named(f, unit)]
        if named:
            return next((f for f in named if self.twin(f) is not None), named[0])
        return fields.count if unit == "of us" or unit in _PEOPLE else None

    def of_words(self, message: Message, start: int, end: int, how: str, amount: float) -> Field | None:
        """Returns the field that the words before a number name ("rated 7", "price level 2") or that `how` compares ("taller than")."""
        first = max(message.sentence(start)[0], start - _CALLED)
        before = message.norms(first, start)
        if before[-2:] == ["of", "the"]:  # "which is the longer of the two?"
            return None
        people = self._of_people(before, message.break_after(end) or message.tokens[end].norm in FUNCTION, amount)
        if people is not None and not how:
            return people
        said = {*before, *how.split()}
        rated = [f for f in (self._fields.rating, self._fields.age) if f is not None]
        if said & {"rated", "rating"} and rated:
            return next((f for f in rated if self._reaches(f, amount)), rated[0])
        named = [f for f in self.numbers if any(word in described_name(f) for word in before if len(word) > 2)]
        if named:
            return named[0]
        for role, telling in _COMPARED.items():
            field: Field | None = getattr(self._fields, role)
            if field is not None and said & telling:
                return field
        return None

    def _of_people(self, before: Sequence[str], alone: bool, amount: float) -> Field | None:
        """Returns the field that a number which stands `alone` is about where it says how many, or how old, people are."""
        last = before[-1] if before else ""
        age = self._fields.age
        if last in ("a", "an") and alone and age is not None and self._is_step(age, amount):
            return age
        if last in _TURNS or (last in _IS and alone and not {*before} & _OTHERWISE):
            return age if age is not None and self._reaches(age, amount) else None
        return self._fields.count if last == "for" and alone and amount <= _FEW_VALUES else None

    def of_size(self, amount: float, upwards: bool, held: Sequence[str]) -> Field | None:
        """Returns the field that a bound without a unit can be about, by its size.

        First one whose numbers are steps and that one of (ages, price levels; lengths only where nothing has a price), then one that the thread has a demand for
        (`held`), then the rating for what only it reaches, else the price.
        """
        fitting = [f for f in self.numbers if f != self._fields.count and self._reaches(f, amount)]
        rating, price, length = self._fields.rating, self._fields.price, self._fields.length
        stepped = [f for f in fitting if self._is_step(f, amount) and (f != length or price is None)]
        wished = [f for f in fitting if f.name in held]
        if wished or stepped:
            return (wished or stepped)[0]
        if rating in fitting and (upwards or not float(amount).is_integer()):
            return rating
        return price if not upwards and amount < 1_000 else None

    def scale(self, field: Field, unit: str) -> float:
        """Returns by what to multiply an amount in `unit` so that it is in the field's own unit."""
        names = described(field)
        if field == self._fields.length and unit in _MINUTES:
            known = self.known(field)
            hours = bool(names & {"hours", "hour", "hrs", "h"}) or (
                not names & {"minutes", "min", "mins"} and len(known) > 0 and float(np.median(known)) < 12
            )
            return _MINUTES[unit] / (60.0 if hours else 1.0)
        if field == self._fields.height and unit in _CENTIMETRES:
            return _CENTIMETRES[unit] / next(
                (_CENTIMETRES[name] for name in sorted(names) if name in _CENTIMETRES), 1.0
            )
        return 1.0

    def twin(self, field: Field) -> Field | None:
        """Returns the field of the most where `field` is that of the least (`min_players` → `max_players`)."""
        if not described(field) & {"min", "minimum", "least", "fewest"}:
            return None
        return next((f for f in self.numbers if f != field and _stem(f) == _stem(field)), None)

    def is_most(self, field: Field, amount: float) -> bool:
        """Tells whether no item has more in the field."""
        known = self.known(field)
        return bool(len(known)) and amount >= float(known.max())

    def known(self, field: Field) -> np.ndarray:
        """Returns the field's numbers, of ranges both ends, those that are missing or without an end left out."""
        least, most = self._fields.catalogue.ends(field.name)
        numbers = least if field.type == "number" else np.concatenate([least, most])
        finite: np.ndarray = numbers[np.isfinite(numbers)]
        return finite

    def _reaches(self, field: Field, amount: float) -> bool:
        known = self.known(field)
        return len(known) > 0 and bool(known.min() <= amount <= known.max())

    def _is_step(self, field: Field, amount: float) -> bool:
        steps = np.unique(self.known(field))
        return len(steps) <= _FEW_VALUES and amount in steps


def described_name(field: Field) -> set[str]:
    """Returns the words of the field's name and label, in the singular and the plural."""
    words = set(f"{field.name.replace('_', ' ')} {field.label}".casefold().split())
    return words | {f"{word}s" for word in words}


def _is_named(field: Field, unit: str) -> bool:
    return len(unit) > 2 and bool({unit, unit.rstrip("s"), f"{unit}s"} & described(field))


def _stem(field: Field) -> frozenset[str]:
    return frozenset(re.split(r"[\s_]+", field.name.casefold())) - {"min", "max", "minimum", "maximum", "least", "most"}
