"""How much: prices, lengths, heights, ratings and any other number field, with its unit or by its name."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.lexicon import COMPANIONS
from convrec.agent.compact.measures import Measures, described_name
from convrec.agent.compact.message import Message
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.compact.ranges import RangeHit
from convrec.catalogue.schema import Field

_NOTES = {"fiver": 5, "tenner": 10}
_WORDS: dict[str, float] = {**NUMBERS, **_NOTES, "couple of": 2, "half a": 0.5, "half an": 0.5}
_BODY = {"ankle": 10, "knee": 50, "hip": 90, "waist": 100, "chest": 130, "shoulder": 150, "head": 175}  # cm
_TOLD = "told"  # what is said of a number that no wish is for
_TELLS = re.compile(r"\b(?:its|thats|it is|that is|it costs|that costs|at)$")
_WITH_ME = re.compile(r"\b(?:me|myself) (?:and|n|plus|with)(?: my)?$")
_ELSEWHERE = re.compile(  # behind a time that something else takes than an item
    r"^(?:each way|(?:an?|per|each|every) (?:day|night|week|evening)|(?:\w+ )?(?:drive|walk|ride|journey|commute|flight|away|ago|late|early)|by (?:train|bus|car|bike|tube|plane|tram|ferry))\b"
)
_SO_FAR = re.compile(r"\b(?:for|in|during|over) (?:the |these )?(?:last|past)$|\bbeen (?:\w+ )?\w+ing (?:\w+ )?for$")
_ARTICLES = {"a", "an", "the", "of"}
_LEAD = 80  # characters before a number in which it may be compared with something
_DIGIT = "|".join(word for word, number in NUMBERS.items() if number < 10)
_POINT = rf"(?:{_DIGIT}) point (?:{_DIGIT})"
_N = (
    r"(?:an?(?= (?:hours?|hr|minute|hundred|euro|dollar|buck|pound|met(?:re|er)|foot)\b)|\d+(?:\.\d+)?|"
    + "|".join((_POINT, *sorted(_WORDS, key=len, reverse=True)))
    + r")"
)
_SIGN = r"(?:[$€£¥] ?)?"
_UNIT = r"(?: ?(?<=\d)(?P<glued>cm|m|h|hrs?|mins?|eur)\b| (?!(?:or|and|to|at|as|maximum|minimum|tops)\b)(?P<unit>of us|[a-z]+|[$€£¥]))?"
_AND_HALF = r"(?P<half> and a half)?"
_MORE, _LESS = (
    r"more|longer|higher|above|up|better|over|taller|older|later|upwards?|plus",
    r"less|under|fewer|cheaper|shorter|below|lower|smaller|younger",
)
_SMALLER = rf"(?:{_LESS}) than|under|below|not more than|no (?:more|longer|taller|higher|bigger) than|at (?:the )?most|up to|max(?:imum)?(?: of)?|within|not above|not over"
_LARGER = r"over|above|(?:more|longer|greater|higher|better|taller|bigger|larger|older) than|exceed(?:s|ing)?|at least|no less than|min(?:imum)?(?: of)?"
_HOW = rf"(?:{_SMALLER}|{_LARGER}|around|about|roughly|exactly|only|just)"
_IS_STRICT = re.compile(r"^(?:(?!no|not)\w+ than|under|below|over|above|exceed(?:s|ing)?)$")
_IS_LARGER = re.compile(rf"^(?:{_LARGER})$")
_AT_LEAST = re.compile(r"\b(?:least|min(?:imum)?)$")
_SCALE = re.compile(
    r"\b(?:prices?|they|it|levels?|ratings?|scores?|stars|numbers) (?:all )?(?:go|goes|run|runs|range|ranges)$"
)
_THAN_THAT = re.compile(  # a comparison with a thing whose measure is told behind it: "taller than our fence, which is 2 m"
    r"\b(?P<how>(?:no )?(?:"
    + f"{_MORE}|{_LESS}|bigger|larger"
    + r") than) (?:\w+ ){1,4}?(?:[.,] )?(?:and |which |who |that )?(?:im|i am|is|hes|shes|its|thats|it is|that is|measures|stands)(?: (?:only|just|about|around|already))? $"
)
_IS_SMALLER = re.compile(rf"^(?:{_SMALLER})$")
_AMOUNT = re.compile(
    rf"(?:(?P<how>\b{_HOW}) (?:(?:a|the) (?=\d|$|{'|'.join(_NOTES)}))?)?(?P<sign>{_SIGN})\b(?P<n>{_N})(?![a-z]{{3}}){_AND_HALF}{_UNIT}(?P<tail>{_AND_HALF.replace('half', 'half2', 1)})"
    rf"(?P<after> (?:tall |long |high |old )?(?:or|and) (?P<rest>{_LESS}|{_MORE})\b(?! than)| (?P<up>up(?:wards?)?|onwards?)(?= ?(?:$|[.,!?]))| (?:tall |long |high )?and no more| ?\+| tops| max(?:imum)?|(?: (?:in|of|to) it| of play(?:ing|time)?)? at (?:the )?(?:very )?(?:most|least)(?! \d)| (?:as|at) (?:an?|the)(?: (?:absolute|bare|very))? (?:min|max)(?:imum)?| min(?:imum)?(?! of\b))?"
)
_RANGE = re.compile(
    rf"\b(?:between |from )?(?P<sign>{_SIGN})(?P<n>{_N})(?: [$€£¥])? (?:and|to) (?:[$€£¥] ?)?(?P<b>{_N}){_UNIT}"
)
_DASHED = re.compile(rf"(?P<sign>{_SIGN})\b(?P<n>{_N})(?: ,)? (?:[$€£¥] ?)?(?P<b>{_N}){_UNIT}")
_DASH = re.compile(r" ?[-–—] ?[$€£¥]? ?")
_BEFORE_NAME = re.compile(rf"\b(?P<how>{_HOW})(?P<name>(?: [a-z]+){{1,3}})$")
_TALL_AS = re.compile(rf"\b(?:(?P<how>{_HOW}) )?(?:my )?(?P<part>{'|'.join(_BODY)}) (?:high|height|level)\b")
_FREE = re.compile(
    r"(?:^|\b(?:a|any|is it|for|are|something|anything|that are|some|the|not|only|completely|totally) )free\b(?! (?:time|to|from|of|day|evening))"
)
_CHEAP = re.compile(r"\b(?:cheap(?:ish|est)?|inexpensive|affordable|(?<!the )(?<!my )budget|low cost|bargain)\b")
_DEAR = re.compile(
    r"\b(?:expensive|(?<!dont )(?<!\bi )(?<!\bwe )(?<!really )(?<!would )(?<!not )fancy|upscale|luxurious|luxury|pricey|high end|most expensive)\b"
)
_NOT_DEAREST = re.compile(
    r"\bnot (?:in |of )?the (?:very )?(?:dearest|priciest|fanciest|most expensive|top price|highest price)(?: \w+)?\b"
)
_SHORT = re.compile(r"\b(?:short(?:ish)?|quick|brief|shortest)\b(?! (?:story|stories|of))")
_LONG = re.compile(r"\b(?:long|lengthy|longest)\b(?! (?:time|ago|as|since|story|for|john|way))")
_WELL_RATED = re.compile(
    r"\b(?:(?:highly|best|top|well|highest|better) (?:rated|reviewed)|critically acclaimed|acclaimed|highest rating|highest score|good reviews|great reviews)\b"
)
_SMALL = re.compile(r"\b(?:small|compact|dwarf|low growing|short|tiny)\b")
_TALL = re.compile(r"\b(?:tall|tallest|huge)\b")
_VAGUE = ((_CHEAP, "price", 0.35, False), (_DEAR, "price", 0.7, True), (_SHORT, "length", 0.3, False), (_LONG, "length", 0.7, True),
          (_WELL_RATED, "rating", 0.7, True), (_SMALL, "height", 0.35, False), (_TALL, "height", 0.7, True))  # fmt: skip


_WITH_THEM = rf"(?:(?:my|our|his|her|their|the|some) (?:\w+ )?{COMPANIONS}|(?:each|one an)other|him|her|them|me|us|friends|family|others|somebody|someone|another person)"
_ALONG = re.compile(
    rf"\bplay(?:ing)? (?:(?!alone|solo)\w+ ){{0,3}}?(?:together|along(?! with (?:the|it)\b)|(?:with|against) {_WITH_THEM})\b"
    rf"|\b(?:me|myself) (?:and|n|plus|with) (?:my |the |our )?{COMPANIONS}\b|\bmy {COMPANIONS} (?:and|n) (?:i|me|myself)\b|\bboth of us\b"
)
_COUNTED = re.compile(
    rf"\b(?:{_N}) (?:of us|players?|people|persons|ppl|friends|mates|kids|children|brothers|sisters|gamers|adults|others)\b|\bfor {_N}(?= ?(?:$|[.,!?]))"
)


class AmountReader:
    """Reads numbers against one catalogue's number fields."""

    def __init__(self, fields: Fields) -> None:
        self._fields, self._measures = fields, Measures(fields)

    def read(self, message: Message, held: Sequence[str] = ()) -> list[RangeHit]:
        """Returns the ranges of number fields that the message names, in order; none where the catalogue has no such field.

        `held` are the fields that the thread has demands for: what a bound without a unit may be about.
        """
        found: list[RangeHit] = []
        if not self._measures.numbers:
            return found
        readings = (
            self._ranges(message, held),
            self._amounts(message, held),
            self._heights(message),
            self._together(message),
            self._free(message),
            self._not_dearest(message),
            self._vague(message),
        )
        for hit in (hit for reading in readings for hit in reading):
            same = [o for o in found if o.field == hit.field and hit.start < o.end and o.start < hit.end]
            if not same:
                found.append(hit)
        return sorted(found, key=lambda hit: hit.start)

    def _ranges(self, message: Message, held: Sequence[str]) -> Iterator[RangeHit]:
        dashed = (hit for hit in message.find(_DASHED) if _is_dashed(message, hit[2]))
        for start, end, match in (*message.find(_RANGE), *dashed):
            field = self._field(message, match, start, end, held)
            if field is None or self._is_elsewhere(message, field, start, end):
                continue
            if _SCALE.search(message.words(max(0, start - 4), start)):
                continue  # "prices go from one to five" says what there is
            scale = self._measures.scale(field, _unit(match))
            low, high = _value(match["n"]) * scale, _value(match["b"]) * scale
            twin = self._measures.twin(field)
            if low < high and twin is not None:
                yield from self._within(field, twin, start, end, low, high)
            elif low < high:
                of_people = field.type == "range" and field == self._fields.count
                yield RangeHit(start, end, field, low, high, covered=of_people)

    def _amounts(self, message: Message, held: Sequence[str]) -> Iterator[RangeHit]:
        for start, end, match in message.find(_AMOUNT):
            how, after = (match["how"] or "").strip(), (match["after"] or "").strip()
            field = self._field(message, match, start, end, held)
            if field is None or (match["n"] in ("a", "an", "one") and not (how or after)):
                continue
            if self._is_elsewhere(message, field, start, end):
                continue
            first = start
            if not (how or after):
                how, first = _said_of(field, message, start)
            if how in ("", _TOLD, "only", "just", "about", "around") and not after:
                how, first = _compared_with(message, match) or (how, first)
            if how == _TOLD and field in (self._fields.price, self._fields.length):
                continue
            half = 0.5 if match["half"] or match["half2"] else 0
            amount = (_value(match["n"]) + half) * self._measures.scale(field, _unit(match))
            if field == self._fields.count and _WITH_ME.search(message.words(max(0, start - 4), start)):
                amount += 1
            measured = _unit(match) and self._measures.of_unit("", _unit(match), _behind(message, end)) == field
            last = end if measured or after else message.range_of(match, "n")[1]
            if not measured and field == self._fields.age and message.words(start - 1, start) in ("a", "an"):
                yield RangeHit(first, last, field, amount, None)  # "nothing that's an 18"
                continue
            yield from self._bounded(field, first, last, amount, how, after, match["rest"] or match["up"] or "")

    def _is_elsewhere(self, message: Message, field: Field, start: int, end: int) -> bool:
        """Tells whether a time is that of something else than an item: of a way, or of what has been."""
        if field != self._fields.length:
            return False
        far = _SO_FAR.search(message.words(max(0, start - 5), start))
        return far is not None or (_ELSEWHERE.search(message.words(end, end + 4)) is not None)

    def _field(self, message: Message, match: re.Match[str], start: int, end: int, held: Sequence[str]) -> Field | None:
        """Returns the field that a number is about: by its sign or unit, else by the words before it, else by its size."""
        how, after = (match.groupdict().get("how") or "").strip(), (match.groupdict().get("after") or "").strip()
        unit = self._measures.of_unit(match["sign"].strip(), _unit(match), _behind(message, end))
        if unit is not None:
            return unit
        if match["n"] in _NOTES:
            return self._fields.price
        amount = _value(match["n"])
        stop = message.range_of(match, "n")[1]
        named = self._measures.of_words(message, start, stop, how, amount)
        if match.groupdict().get("b") and not amount.is_integer():
            return named or self._measures.of_size(amount, True, held)
        if named is not None or not (how or after) or how in ("only", "just", "around", "about"):
            return named
        larger = re.search(rf"\+|^(?:(?:or|and) )?(?:{_MORE}|onwards?)$", after) or _AT_LEAST.search(after)
        upwards = bool(_IS_LARGER.match(how) or larger)
        return self._measures.of_size(amount, upwards, held)

    def _bounded(
        self, field: Field, start: int, end: int, amount: float, how: str, after: str, rest: str
    ) -> Iterator[RangeHit]:
        twin = self._measures.twin(field)
        least = after == "+" or _AT_LEAST.search(after) is not None
        lower = bool(_IS_LARGER.match(how)) or least or re.fullmatch(_MORE, rest) is not None
        upper = bool(_IS_SMALLER.match(how)) or bool(after and not lower)
        if twin is not None and lower:
            field = twin
        if lower or upper:
            low, high = (amount, None) if lower else (None, amount)
            yield RangeHit(start, end, field, low, high, strict=bool(_IS_STRICT.match(how)))
        elif how in ("around", "about", "roughly"):
            yield RangeHit(start, end, field, amount * 0.85, amount * 1.15)
        elif how == "exactly" or (field.type == "range" and field != self._fields.length):
            yield RangeHit(start, end, field, amount, amount)  # four players fit where four are within the range
        elif twin is None and self._measures.is_most(field, amount):
            yield RangeHit(start, end, field, amount, None)
        elif field in (self._fields.price, self._fields.length, self._fields.age, self._fields.height):
            yield RangeHit(start, end, field, None, amount)
        elif field in (self._fields.rating, self._fields.count) and twin is None:
            yield RangeHit(start, end, field, amount, None)
        else:
            yield from self._exactly(field, start, end, amount)

    def _exactly(self, field: Field, start: int, end: int, amount: float) -> Iterator[RangeHit]:
        """Yields the one or two ranges that a plain count asks for: four players fit between the least and the most."""
        twin = self._measures.twin(field)
        if twin is None:
            yield RangeHit(start, end, field, amount, amount)
        else:
            yield from self._within(field, twin, start, end, amount, amount)

    @staticmethod
    def _within(least: Field, most: Field, start: int, end: int, low: float, high: float) -> Iterator[RangeHit]:
        """Yields what holds `low` to `high` between the two fields."""
        yield RangeHit(start, end, least, None, low)
        yield RangeHit(start, end, most, high, None)

    def _heights(self, message: Message) -> Iterator[RangeHit]:
        field = self._fields.height
        for start, end, match in message.find(_TALL_AS) if field is not None else ():
            assert field is not None
            amount = _BODY[match["part"]] * self._measures.scale(field, "cm")
            larger = _IS_LARGER.match(match["how"] or "")
            yield RangeHit(start, end, field, amount if larger else None, None if larger else amount)

    def _together(self, message: Message) -> Iterator[RangeHit]:
        """Yields what is for two and more where somebody is to play along, unless the message says for how many."""
        field = self._fields.count
        if field is None or message.has(_COUNTED):
            return
        for start, end, _ in message.find(_ALONG):
            yield from self._bounded(field, start, end, 2, "at least", "", "")

    def _free(self, message: Message) -> Iterator[RangeHit]:
        for _, end, _ in message.find(_FREE):
            if self._fields.price is not None and "-" not in message.gap(end - 1) + message.gap(
                min(end, len(message) - 1)
            ):
                yield RangeHit(end - 1, end, self._fields.price, None, 0)

    def _not_dearest(self, message: Message) -> Iterator[RangeHit]:
        """Yields what lies under the highest price, where that alone is turned down: "not the dearest category"."""
        price = self._fields.price
        for start, end, _ in message.find(_NOT_DEAREST) if price is not None else ():
            assert price is not None
            steps = np.unique(self._measures.known(price))
            if len(steps) > 1:
                yield RangeHit(start, end, price, None, float(steps[-2]))

    def _vague(self, message: Message) -> Iterator[RangeHit]:
        for pattern, role, share, upwards in _VAGUE:
            field: Field | None = getattr(self._fields, role)
            for start, end, _ in message.find(pattern) if field is not None else ():
                assert field is not None
                known = self._measures.known(field)
                if len(known):
                    bound = round(float(np.quantile(known, share)), 2)
                    yield RangeHit(
                        start, end, field, bound if upwards else None, None if upwards else bound, vague=True
                    )


def _said_of(field: Field, message: Message, start: int) -> tuple[str, int]:
    """Returns what is said of a number before the name of its field ("minimum age 7") and where; or that it only tells how much something is."""
    before = message.words(max(message.sentence(start)[0], start - 5), start)
    match = _BEFORE_NAME.search(before)
    if match is None:
        return _TOLD if _TELLS.search(before) else "", start
    named = {*match["name"].split()} <= described_name(field) | _ARTICLES
    return (match["how"], start - len(match[0].split())) if named else ("", start)


def _compared_with(message: Message, match: re.Match[str]) -> tuple[str, int] | None:
    """Returns how an item is to compare with what a number is told of, and where that is said: "taller than me, I'm 140 cm"."""
    found = _THAN_THAT.search(message.marked[max(0, match.start() - _LEAD) : match.start()].rstrip() + " ")
    if found is None:
        return None
    first, _ = message.range_of(match, 0)
    return found["how"], first - sum(word[0].isalnum() for word in found[0].split())


def _is_dashed(message: Message, match: re.Match[str]) -> bool:
    (_, end), (start, _) = (message.span(*message.range_of(match, group)) for group in ("n", "b"))
    return _DASH.fullmatch(message.text[end:start]) is not None


def _unit(match: re.Match[str]) -> str:
    return match["unit"] or match["glued"] or ""


def _behind(message: Message, end: int) -> str:
    return message.tokens[end].norm if end < len(message) else ""


def _value(said: str) -> float:
    if " point " in said:
        whole, tenths = said.split(" point ")
        return _WORDS[whole] + _WORDS[tenths] / 10
    return 1.0 if said in ("a", "an") else float(_WORDS.get(said, said))
