"""Shown items that a message describes: "the western one", "the one with Tom Hanks", "the oldest"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from convrec.agent.compact.message import Message
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.core.predicate import Comparison, Predicate

_LEAD = re.compile(r"\b(?:the|that|this) one (?:\w+ )?(?:with|from|by|about|in|starring|directed by|made in|of|featuring)(?: the| a)?$")
_BEFORE = re.compile(r"\b(?:the|that|this)$")


@dataclass(frozen=True)
class Described:
    """The pointers found, and the token ranges of the values that they use up (those are no wishes)."""

    pointers: list[Pointer]
    used: set[tuple[int, int]]


def described_items(
    message: Message, state: DialogueState, values: Sequence[ValueHit], ranges: Sequence[RangeHit], catalogue: Catalogue
) -> Described:
    """Returns the shown items that a singular description fits; descriptions that fit none of them stay wishes."""
    pointers: list[Pointer] = []
    used: set[tuple[int, int]] = set()
    rows = [(item, row) for item in state.shown if (row := catalogue.row(item)) is not None]
    if not rows:
        return Described(pointers, used)
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


def _is_description(message: Message, start: int, end: int) -> bool:
    before = message.words(max(0, start - 5), start)
    after = message.tokens[end].norm if end < len(message) and not message.tokens[end].mark else ""
    return bool(_LEAD.search(before)) or (after == "one" and bool(_BEFORE.search(before)))


def _equal(hit: ValueHit) -> Predicate:
    op = "contains" if hit.value.field.type == "tags" else "eq"
    return Comparison.model_validate({"field": hit.value.field.name, "op": op, "value": hit.value.value})


