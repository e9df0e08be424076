"""Bounds that only an item can give: "older than Jaws", "something newer", "the second is too old", "nothing as long as that"."""

import re
from collections.abc import Sequence

import numpy as np

from convrec.agent.compact.fields import Fields, Floats
from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer
from convrec.agent.state import DialogueState
from convrec.catalogue.schema import Field
from convrec.core.predicate import every, fields_of

COMPARATIVES = {
    "older": ("year", False), "less recent": ("year", False), "more classic": ("year", False), "earlier": ("year", False),
    "newer": ("year", True), "more recent": ("year", True), "more modern": ("year", True), "later": ("year", True), "younger": ("year", True),
    "cheaper": ("price", False), "less expensive": ("price", False), "less pricey": ("price", False), "more affordable": ("price", False),
    "more expensive": ("price", True), "pricier": ("price", True), "dearer": ("price", True), "costlier": ("price", True), "fancier": ("price", True),
    "shorter": ("length", False), "quicker": ("length", False), "less long": ("length", False), "longer": ("length", True),
    "smaller": ("height", False), "lower": ("height", False), "taller": ("height", True), "higher": ("height", True), "bigger": ("height", True),
    "better": ("rating", True), "better rated": ("rating", True), "higher rated": ("rating", True), "better reviewed": ("rating", True),
    "too old": ("year", True), "too dated": ("year", True), "dated": ("year", True), "too recent": ("year", False), "too new": ("year", False), "too modern": ("year", False),
    "too expensive": ("price", False), "too pricey": ("price", False), "too cheap": ("price", True), "too long": ("length", False), "too short": ("length", True),
}  # fmt: skip
"""What a comparative is about, and whether it means more of it."""
_AS = {"old": "newer", "dated": "newer", "new": "older", "recent": "older", "modern": "older", "expensive": "cheaper", "pricey": "cheaper", "cheap": "pricier", "long": "shorter", "short": "longer",
       "tall": "smaller", "high": "smaller", "big": "smaller", "small": "bigger"}  # fmt: skip
_PATTERN = re.compile(
    rf"(?<!\bor )(?<!\bno )(?<!\bany )(?<!see you )\b(?:(?:not (?:really |quite |exactly |too |so )?(?=too ))?(?P<word>{'|'.join(sorted(COMPARATIVES, key=len, reverse=True))})\b(?P<than> than(?P<wish>(?= (?:what )?(?:i|im|ive|id|we|wed)\b))?)?"
    rf"|(?:not|nothing|none|isnt|arent) (?:quite |nearly )?as (?P<adjective>{'|'.join(_AS)})\b(?P<as> as\b)?)(?! or \w+er\b)(?! of (?:the two|them|these|those)\b)"
)
_STATED = re.compile(  # of an item, or of which item is meant
    r"\b(?:titled|it|that|this|one|they) (?:[!?] )?(?:is|was|are|were) (?:\w+ )?$|\btitled , the $"
)
_ASKS_WHICH = re.compile(
    r"\b(?:which(?: one)?(?: of (?:them|these|those|the \w+))?|what)(?: is|s| was| are| gets?| grows?| costs?| lasts?| takes?| looks?| stays?| runs?)(?: the)?$"
)
_AMOUNTS = frozenset(word.removeprefix("too ") for word in COMPARATIVES) | frozenset(_AS)
_FEW = 5  # items that a bound should leave, if it can


def is_amount(words: str) -> bool:
    """Tells whether only a number could say whether an item is so: "cheaper", "long"; "scarier" is not."""
    return words in _AMOUNTS


class RelativeReader:
    """Resolves comparatives for one catalogue."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def read(
        self,
        message: Message,
        state: DialogueState,
        named: Sequence[Pointer],
        examples: Sequence[str],
        ranges: Sequence[RangeHit],
    ) -> list[RangeHit]:
        """Returns the bounds; none for a field that another range of the message settles. `examples` are liked items named here."""
        found = []
        for start, end, match in message.find(_PATTERN):
            word = match["word"] or _AS[match["adjective"]]
            role, upwards = COMPARATIVES[word]
            upwards ^= match["wish"] is not None  # what is older than wanted calls for newer ones
            field = self._fields.of_role(role)
            stray = word in ("earlier", "later") and not match["than"]
            lead = message.marked[: match.start()]
            stray = stray or _ASKS_WHICH.search(lead.rstrip()) is not None
            stray = stray or (_STATED.search(lead) is not None and not match["than"] and not word.startswith("too "))
            if field is None or stray or any(hit.field == field and not hit.vague for hit in ranges):
                continue
            near = self._than(named, end) if match["than"] or match["as"] else None
            if word == "better" and (near is None or near.kind == "title"):
                continue  # better than a title: which of the two is, is asked
            target, stop = (near.item_ids[0], near.end) if near else (None, end)
            items = [target] if target else self._meant(state, named, examples)
            bound = self._bound(field, items, upwards, state)
            if bound is not None:
                found.append(
                    RangeHit(
                        start,
                        stop,
                        field,
                        bound if upwards else None,
                        None if upwards else bound,
                        strict=role != "year",
                    )
                )
        return found

    def _than(self, named: Sequence[Pointer], end: int) -> Pointer | None:
        """Returns the item named right behind "than"."""
        return next((pointer for pointer in named if end <= pointer.start <= end + 3 and pointer.item_ids), None)

    def _meant(self, state: DialogueState, named: Sequence[Pointer], examples: Sequence[str]) -> list[str]:
        """Returns the items to compare with: those meant in the message, else the one in focus if shown, else all shown."""
        if examples:
            return list(examples)
        pointed = [item for pointer in named for item in pointer.item_ids]
        if pointed:
            return pointed
        focus = [item for item in state.focus[-1:] if item in state.shown or not state.shown]
        return focus or list(state.shown)

    def _bound(self, field: Field, items: Sequence[str], upwards: bool, state: DialogueState) -> float | None:
        values = self._values(field, items)
        if not len(values):
            return None
        step = (1.0 if upwards else -1.0) if field == self._fields.year else 0.0
        for middle in (
            float(values.max() if upwards else values.min()),
            float(np.median(values) // 1 if step else np.median(values)),
        ):
            bound = middle + step
            if self._left(field, bound, upwards, state) >= _FEW:
                return bound
        return float(values.max() if upwards else values.min()) + step

    def _values(self, field: Field, items: Sequence[str]) -> Floats:
        catalogue = self._fields.catalogue
        column = self._fields.years() if field == self._fields.year else catalogue.numbers(field.name)
        rows = [row for row in (catalogue.row(item) for item in items) if row is not None]
        values = column[rows] if column is not None and rows else np.array([])
        known: Floats = values[~np.isnan(values)]
        return known

    def _left(self, field: Field, bound: float, upwards: bool, state: DialogueState) -> int:
        hit = RangeHit(
            0, 0, field, bound if upwards else None, None if upwards else bound, strict=field != self._fields.year
        )
        others = [c.predicate for c in state.constraints if field.name not in fields_of(c.predicate)]
        return int(self._fields.catalogue.mask(every(hit.predicate(), *others)).sum())
