"""Shown items that a message describes: "the western one", "the one with Tom Hanks", "the oldest"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.state import DialogueState
from convrec.catalogue.schema import Field
from convrec.core.predicate import Comparison, Predicate

_LEAD = re.compile(
    r"\b(?:the|that|this) one (?:\w+ )?(?:with|from|by|about|in|starring|directed by|made in|of|featuring)(?: the| a)?$"
)
_SMALL = {"the", "that", "this", "from", "in", "made", "of"}
_BEFORE = re.compile(r"\b(?:the|that|this)$")
_MOST = re.compile(
    r"\b(?:the|your|which (?:one )?is(?: the)?) (?P<word>oldest|newest|latest|most recent|cheapest|most expensive|priciest|shortest|longest|best rated|highest rated|top rated)"
    r"(?: one| of (?:them|these|those|the \w+))?(?= ?(?:$|[.,!?]| please| and| but| or))"
)
_ORDERS = {"oldest": ("year", False), "newest": ("year", True), "latest": ("year", True), "most recent": ("year", True), "cheapest": ("price", False),
           "most expensive": ("price", True), "priciest": ("price", True), "shortest": ("length", False), "longest": ("length", True)}  # fmt: skip


@dataclass(frozen=True)
class Described:
    """The pointers found, and the token ranges of the values that they use up (those are no wishes)."""

    pointers: list[Pointer]
    used: set[tuple[int, int]]


def described_items(
    message: Message, state: DialogueState, values: Sequence[ValueHit], ranges: Sequence[RangeHit], fields: Fields
) -> Described:
    """Returns the shown items that a singular description fits; descriptions that fit none of them stay wishes."""
    catalogue = fields.catalogue
    pointers: list[Pointer] = []
    used: set[tuple[int, int]] = set()
    rows = [(item, row) for item in state.shown if (row := catalogue.row(item)) is not None]
    if not rows:
        return Described(pointers, used)
    for start, end, word in ((start, end, match["word"]) for start, end, match in message.find(_MOST)):
        extreme = _extreme(fields, word, [row for _, row in rows])
        if extreme is not None:
            pointers.append(Pointer(start, end, "description", (catalogue.ids[extreme],)))
            used |= {(hit.start, hit.end) for hit in ranges if start <= hit.start < end}
    places = [(hit.start, hit.end, _equal(hit)) for hit in values]
    places += [(hit.start, hit.end, hit.predicate()) for hit in ranges if not hit.vague]
    for start, end, predicate in places:
        if not _is_description(message, start, end):
            continue
        mask = catalogue.mask(predicate)
        fitting = tuple(item for item, row in rows if mask[row])
        if fitting:
            pointers.append(Pointer(start, end, "description", fitting))
            used.add((start, end))
    return Described(pointers, used)


def _extreme(fields: Fields, word: str, rows: list[int]) -> int | None:
    """Returns the row with the most or least of what a superlative orders by; None where nothing is known."""
    role, most = _ORDERS.get(word, ("rating", True))
    field: Field | None = getattr(fields, role)
    column = fields.years() if role == "year" else None if field is None else fields.catalogue.numbers(field.name)
    known = [row for row in rows if column is not None and column[row] == column[row]]
    if column is None or not known:
        return None
    return max(known, key=lambda row: column[row] if most else -column[row])


def _is_description(message: Message, start: int, end: int) -> bool:
    while message.tokens[start].norm in _SMALL and end - start > 1:
        start += 1
    before = message.words(max(0, start - 5), start)
    after = message.tokens[end].norm if end < len(message) and not message.tokens[end].mark else ""
    return bool(_LEAD.search(before)) or (after == "one" and bool(_BEFORE.search(before)))


def _equal(hit: ValueHit) -> Predicate:
    op = "contains" if hit.value.field.type == "tags" else "eq"
    return Comparison.model_validate({"field": hit.value.field.name, "op": op, "value": hit.value.value})
