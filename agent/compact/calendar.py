"""Months and days that a message names together: "between December and February", "in spring", "at the weekend"."""

import re
from collections.abc import Iterator

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.told import clause, is_told_time
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.compact.values import Value
from convrec.core.text import fold

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")  # fmt: skip
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_TOGETHER = {
    "spring": _MONTHS[2:5], "summer": _MONTHS[5:8], "autumn": _MONTHS[8:11], "fall": _MONTHS[8:11], "winter": (*_MONTHS[11:], *_MONTHS[:2]),
    "weekend": _DAYS[5:], "weekends": _DAYS[5:], "weekday": _DAYS[:5], "weekdays": _DAYS[:5],
}  # fmt: skip
_NAME = "|".join((*_MONTHS, *_DAYS))
_FROM_TO = re.compile(
    rf"\b(?:between|from) (?P<a>{_NAME}) (?:and|to|till|until|through) (?P<b>{_NAME})\b|\b(?P<c>{_NAME}) (?:to|till|until|through) (?P<d>{_NAME})\b"
)
_WEATHER = re.compile(  # what a season is like, or does to what stands outside; with a word for blossom it is asked for all the same
    r"\b(?:bitter|cold|freez(?:es?|ing)|frosts?|frosty|icy|snows?|snowy|snowed|wind(?:s|y)|storms?|stormy|rain(?:s|y)?|wet|hot|mild|harsh|gloomy|survives?|withstands?|stands?|copes?|overwinters?|dies|died|dormant)\b"
)
_BLOSSOM = re.compile(r"\b(?:flower|bloom|blossom|colou?r|interest|berr(?:y|ies)|out)(?:s|ing|ed)?\b")
_PAST = re.compile(
    r"\b(?:had|ate|went|came|did|tried|ordered|cooked|visited)(?: (?!wanted|hoped|planned|better|for|to)\w+){0,3}(?: on)? DAY$|\blast DAY$"
    r"|^(?:(?!open)\w+ )*(?:not|isnt|arent|doesnt|wont|dont)(?: (?!open)\w+){0,3} (?:till|til|until|before) DAY$|\b(?:pay ?days?|paid)\b.* DAY$".replace(
        "DAY", f"(?:{'|'.join(_DAYS)})"
    )
)
_SEVERAL = re.compile(rf"\b(?:in|for|this|during|the|early|late|at|on|of|over) (?P<name>{'|'.join(_TOGETHER)})\b")


class CalendarReader:
    """Reads stretches of months and days against the fields of a catalogue whose values are months or days."""

    def __init__(self, fields: Fields) -> None:
        self._values: dict[str, Value] = {}
        for field in fields.valued:
            values = fields.catalogue.values(field.name).values
            named = {fold(value): value for value in values} if len(values) <= len(_MONTHS) else {}
            if named and (named.keys() <= {*_MONTHS} or named.keys() <= {*_DAYS}):
                self._values |= {name: Value(field, value, 1) for name, value in named.items()}

    def read(self, message: Message) -> list[ValueHit]:
        """Returns the values of each stretch that is wished for, all of them alternatives; a season says nothing beside months of its own."""
        if not self._values:
            return []
        found = [*self._stretches(message)]
        named = any(token.norm in self._values for token in message.tokens)
        found = found or ([] if named else [*self._seasons(message)])
        return [hit for hit in found if not is_told_time(message, hit.start, hit.end)]

    def is_told(self, message: Message, hit: ValueHit) -> bool:
        """Tells whether a day or a month is that of what has been, or of something else: "had that Monday", "payday's not till Friday"."""
        named = fold(hit.value.value)
        if named in self._values and is_told_time(message, hit.start, hit.end):
            return True
        if named not in _DAYS or named not in self._values:
            return False
        first, _ = clause(message, hit.start, hit.end)
        return _PAST.search(message.words(first, hit.end)) is not None

    def _stretches(self, message: Message) -> Iterator[ValueHit]:
        for start, end, match in message.find(_FROM_TO):
            first, last = match["a"] or match["c"], match["b"] or match["d"]
            whole = next((names for names in (_MONTHS, _DAYS) if first in names and last in names), ())
            if whole:
                count = (whole.index(last) - whole.index(first)) % len(whole) + 1
                turned = (*whole[whole.index(first) :], *whole)
                yield from self._hits(start, end, turned[:count])

    def _seasons(self, message: Message) -> Iterator[ValueHit]:
        for start, end, match in message.find(_SEVERAL):
            said = message.words(*clause(message, start, end))
            if _WEATHER.search(said) and not _BLOSSOM.search(said):
                continue
            yield from self._hits(end - 1, end, _TOGETHER[match["name"]])

    def _hits(self, start: int, end: int, names: tuple[str, ...]) -> Iterator[ValueHit]:
        for name in names:
            if name in self._values:
                yield ValueHit(start, end, self._values[name], either=True)
