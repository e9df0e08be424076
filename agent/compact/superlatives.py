"""What items are to be ordered by: "the cheapest", "the newest ones", "with the fewest players"."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from convrec.agent.compact.fields import Fields, plain_name
from convrec.agent.compact.message import Message
from convrec.agent.compact.scope import Scopes, Stance
from convrec.catalogue.schema import Field
from convrec.core.understanding import Ordering

SUPERLATIVES: Mapping[str, tuple[str, bool]] = MappingProxyType({
    "oldest": ("year", False), "earliest": ("year", False), "least recent": ("year", False),
    "newest": ("year", True), "latest": ("year", True), "most recent": ("year", True),
    "cheapest": ("price", False), "least expensive": ("price", False), "most affordable": ("price", False), "lowest priced": ("price", False),
    "most expensive": ("price", True), "priciest": ("price", True), "dearest": ("price", True), "costliest": ("price", True), "highest priced": ("price", True),
    "shortest": ("length", False), "quickest": ("length", False), "briefest": ("length", False), "longest": ("length", True), "lengthiest": ("length", True),
    "best rated": ("rating", True), "highest rated": ("rating", True), "top rated": ("rating", True), "best reviewed": ("rating", True),
    "lowest rated": ("rating", False), "worst rated": ("rating", False),
    "tallest": ("height", True), "biggest": ("height", True), "largest": ("height", True), "smallest": ("height", False),
})  # fmt: skip
"""What a superlative is about, and whether it means the most of it."""
_REVIEWS = ("rating", "ratings", "score", "scores", "reviews")
HAD: Mapping[str, tuple[str, bool]] = MappingProxyType({
    **{f"{most} {what}": ("rating", True) for most in ("best", "highest") for what in _REVIEWS},
    **{f"{least} {what}": ("rating", False) for least in ("worst", "lowest") for what in _REVIEWS},
    "best price": ("price", False), "lowest price": ("price", False), "highest price": ("price", True),
})  # fmt: skip
"""What an item has rather than is, like `SUPERLATIVES`."""
ORDERS: Mapping[str, tuple[str, bool]] = MappingProxyType({**SUPERLATIVES, **HAD})
SAID, _HAD = ("|".join(sorted(said, key=len, reverse=True)) for said in (SUPERLATIVES, HAD))
"""The superlatives, as a pattern."""
OF_THEM = r"of (?:them|these|those|the \w+)"
"""What follows a superlative that picks one of those shown, as a pattern."""
WHICH_HAS = rf"\bwhich (?:one )?(?:{OF_THEM} )?has (?:got )?the (?P<had>{_HAD})\b"
"""Asks which of those shown has the most or least of something, as a pattern."""
ASKS_WHICH = re.compile(  # not "I'll take the cheapest of those"
    rf"\b(?:which|what|whats)\b[^.,!?]* (?P<word>{SAID}|{_HAD})\b"
    rf"|(?:^|[.,!?] )(?:(?:and|so|then|ok|okay|just|please|tell me|show me|,) )*(?:the )?(?P<of>{SAID})(?: one)? {OF_THEM}\b"
)
"""Asks which of several is the most or least of something: "which is the cheapest?", "the best rated of those"."""
_CALLED = {
    "price": ("price", "cost"),
    "length": ("length", "duration", "runtime", "running time", "playing time"),
    "rating": ("rating", "score"),
}
_MOST = ("highest", "most", "largest", "biggest", "greatest", "longest", "latest", "maximum", "max")
_LEAST = ("lowest", "least", "fewest", "smallest", "shortest", "earliest", "minimum", "min")
_STRAY = re.compile(  # whose somebody is, or a bound of time
    r"\b(?:my|his|her|their|our|at(?: the)?|one of my|whos|who is)(?: \w+)? $"
)
_TOLD = re.compile(  # of an item that is known: "that's the newest one", "Heat is one of the oldest"
    r"\b(?:(?:it|this|(?:this|that|the \w+) one) ha[sd]|is|are|was|were|s|its|thats|seen|saw|watched|watching|played|read)(?: (?:in|like|probably|also|definitely|one of|of))*(?: the| his| her)? $"
)
_ASKS = re.compile(r"\b(?:what|whats|which)\b")
_NOT_BEHIND = (  # nor "the newest is Heat", which asks for nothing
    r"(?! (?:time|ago|son|daughter|child|kid|brother|sister|friend|boy|girl|titled|episode|season|bit|part|(?:\w+ )?(?:i|ive|we|weve|he|hes|she|shes))\b)"
    r"(?! (?:(?!that\b|which\b)\w+ ){0,4}(?:is|was)\b)"
)


class SuperlativeReader:
    """Reads superlatives over one catalogue's number and date fields."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._names = dict(_names(fields))
        names = _alternatives(self._names)
        self._pattern = re.compile(rf"\b(?P<word>{SAID}|{_HAD})\b{_NOT_BEHIND}")
        self._by_name = re.compile(
            rf"\b(?:(?P<most>{'|'.join(_MOST)})|(?P<least>{'|'.join(_LEAST)})) (?P<name>{names})\b"
        )

    def read(self, message: Message, scopes: Scopes) -> Ordering | None:
        """Returns the order that the message asks for, the last that it names; None where it asks for none that a field can give."""
        found = [*self._named(message), *self._worded(message)]
        meant = [hit for hit in found if _is_asked_for(scopes.stance(*hit[:2])) and not _is_stray(message, hit[0])]
        if not meant:
            return None
        start, end, field, most = max(meant, key=lambda hit: hit[1])
        return Ordering(facet=field.name, descending=most, span=message.span(start, end))

    def _named(self, message: Message) -> Iterator[tuple[int, int, Field, bool]]:
        for start, end, match in message.find(self._by_name) if self._names else ():
            counted = match[0].split()[0] in ("most", "least")
            if not counted or message.words(start - 1, start) in ("the", "with", "has", "have"):  # not "most people"
                yield start, end, self._names[match["name"]], match["most"] is not None

    def _worded(self, message: Message) -> Iterator[tuple[int, int, Field, bool]]:
        for start, end, match in message.find(self._pattern):
            role, most = ORDERS[match["word"]]
            field = self._fields.of_role(role)
            if field is not None:
                yield start, end, field, most


def _is_asked_for(stance: Stance) -> bool:
    """Tells whether what is put so is asked for, not turned down, told or liked in general."""
    return stance.polarity > 0 and stance.strength == "hard"


def _is_stray(message: Message, start: int) -> bool:
    lead = message.marked[: message.marked_at(start)]
    first = message.marked[message.marked_at(message.sentence(start)[0]) : message.marked_at(start)]
    return _STRAY.search(lead) is not None or (_TOLD.search(lead) is not None and not _ASKS.search(first))


def _names(fields: Fields) -> Iterator[tuple[str, Field]]:
    """Yields what each field that can be ordered by is called."""
    for role, names in _CALLED.items():
        field = fields.of_role(role)
        if field is not None:
            yield from ((name, field) for name in names)
    for field in fields.catalogue.schema.measured:
        plain = plain_name(field)
        if plain:
            yield plain, field
            yield f"{plain}s" if not plain.endswith("s") else plain[:-1], field


def _alternatives(names: Mapping[str, object]) -> str:
    return "|".join(sorted(map(re.escape, names), key=len, reverse=True)) or "(?!)"
