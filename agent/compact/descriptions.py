"""Shown items that a message describes: "the western one", "the one with Tom Hanks", "the oldest", "not the one set in space"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from convrec.agent.compact.asked import WHICH_OF
from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.preferences import carries
from convrec.agent.compact.ranges import RangeHit
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.relative import COMPARATIVES
from convrec.agent.compact.superlatives import OF_THEM, ORDERS, SAID, WHICH_HAS
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.describing.phrase import phrase_of
from convrec.agent.describing.resolver import Resolver
from convrec.agent.describing.words import telling
from convrec.agent.state import WHICH, DialogueState
from convrec.core.predicate import Predicate

_OF_TWO = {
    word: meant
    for word, meant in COMPARATIVES.items()
    if "too " not in word and word not in ("dated", "better", "earlier", "later")
}
_LEAD = re.compile(
    rf"{WHICH_OF} (?:is|are|was|were|has|have|had|does|do|can|costs?|serves?|offers?|comes?|runs?|allows?)(?: (?:got|a|an|any|the|also|good|for|on|in|with|from|by|open|available|made|released|have|serve|offer|come|run|allow|cost))*$"
    r"|\b(?:the|that|this) one (?:\w+ )?(?:with|from|by|about|in|starring|directed by|made in|of|featuring)(?: the| a)?$"
)
_SMALL = {"the", "that", "this", "from", "in", "made", "of"}
_BEFORE = re.compile(r"\b(?:the|that|this)$")
_MOST = re.compile(
    rf"\b(?:the|your|which (?:one )?(?:{OF_THEM} )?is(?: the)?) (?P<word>{SAID})(?: one)?(?: {OF_THEM})?"
    r"(?= ?(?:$|[.,!?]| please| and| but| or))"
    rf"|\b(?P<of_them>{SAID})(?: one)? of (?:them|these|those)\b"
    rf"|{WHICH_HAS}"
    r"|\bthe (?P<plain>old|new|cheap|short|long) one\b"
    rf"|\bthe (?P<of_two>{'|'.join(sorted(_OF_TWO, key=len, reverse=True))})(?: one\b(?! than\b)|(?: one)? of the two\b)"
)
_ASKS = re.compile(r"\b(?:who|whos|what|whats|when|where|how|does|did|is|was|has|tell me)\b")
_TOLD = re.compile(
    r"\b(?:not )?(?:the|that) (?:(?!other\b|same\b|next\b)\w+ ){0,3}one(?: (?:with|without|about|where|when|that|which|who|whose|by|from|in|on|at|of|set|made|featuring|having) [^.,;!?]+|(?= ?(?:$|[.,!?])))"
)
_ASKED = 0.52  # the chance from which an item is taken for the one meant, where one of those shown must be
_UNASKED = 0.6  # … where something else may be spoken of
_ANY = 0.4  # "the one …" is said of what is shown more often than not
_ORDERS = {**ORDERS,
           "old": ("year", False), "new": ("year", True), "cheap": ("price", False), "short": ("length", False), "long": ("length", True), **_OF_TWO}  # fmt: skip


@dataclass(frozen=True)
class Described:
    """The pointers of the message, those that a description holds left out, and the token ranges of the values it uses up."""

    pointers: list[Pointer]
    used: set[tuple[int, int]]


class DescriptionReader:
    """Finds the shown items that a singular description fits; descriptions that fit none of them stay wishes."""

    def __init__(self, fields: Fields, resolver: Resolver) -> None:
        self._fields, self._resolver = fields, resolver

    def read(
        self, message: Message, state: DialogueState, values: Sequence[ValueHit], ranges: Sequence[RangeHit],
        pointers: Sequence[Pointer],
    ) -> Described:  # fmt: skip
        """Returns what is described. After "do you mean A or B?" the whole message may describe one of them."""
        there = state.shown or state.focus  # compared items need not have been shown
        shown = [row for item in there if (row := self._fields.catalogue.row(item)) is not None]
        if not shown:
            return Described(list(pointers), set())
        linked = [(hit.start, hit.end) for hit in values] + [(hit.start, hit.end) for hit in ranges]
        answer = self._answer(message, state, shown, pointers)
        if answer is not None:
            return _holding([answer], pointers, linked)
        found, used = self._by_fields(message, shown, state.focus, values, ranges)
        told = self._told(message, shown, found, linked)
        whole = _holding(told, [*pointers, *found], linked)
        return Described(whole.pointers, whole.used | used)

    def _answer(
        self, message: Message, state: DialogueState, shown: Sequence[int], pointers: Sequence[Pointer]
    ) -> Pointer | None:
        """Returns the item that answers "which do you mean?"; None where that was not asked, or nothing but names or places is said."""
        if state.question is None or state.question.facet != WHICH:
            return None
        pointed = {place for p in pointers for place in range(p.start, p.end)}
        if not telling(" ".join(token.raw for place, token in enumerate(message.tokens) if place not in pointed)):
            return None
        offered = [row for row in shown if self._fields.catalogue.titles[row] in state.question.options]
        elsewhere = any(p.kind == "title" and not set(p.item_ids) & set(state.shown) for p in pointers)
        return self._resolved(message, 0, len(message), offered or shown, _ASKED, sure=elsewhere)

    def _told(
        self, message: Message, shown: Sequence[int], found: Sequence[Pointer], linked: Sequence[tuple[int, int]]
    ) -> list[Pointer]:
        """Returns the items that "the one where …" means, where no linked value says which."""
        told = []
        for start, end, _ in message.find(_TOLD):
            taken = [(p.start, p.end) for p in found]
            if not any(start < b and a < end for a, b in (*taken, *linked)):
                told.append(self._resolved(message, start, end, shown, _UNASKED, sure=True))
        return [pointer for pointer in told if pointer is not None]

    def _resolved(
        self, message: Message, start: int, end: int, rows: Sequence[int], least: float, sure: bool
    ) -> Pointer | None:
        """Returns the item that the words mean; None where the best chance is under `least`, or, to be `sure`, likely none is meant."""
        if len(rows) < 2:
            return None
        first, last = message.span(start, end)
        phrase = phrase_of(message.text[first:last])
        resolved = self._resolver.resolve(phrase.text, rows)
        best = max(range(len(rows)), key=resolved.chances.__getitem__)
        if resolved.chances[best] < least or (sure and resolved.any_of_them < _ANY):
            return None
        begins = next(place for place in range(start, end) if message.tokens[place].end > first + phrase.start)
        item = self._fields.catalogue.ids[rows[best]]
        return Pointer(begins, end, "description", (item,), turned_down=phrase.turned_down)

    def _by_fields(
        self,
        message: Message,
        shown: Sequence[int],
        focus: Sequence[str],
        values: Sequence[ValueHit],
        ranges: Sequence[RangeHit],
    ) -> tuple[list[Pointer], set[tuple[int, int]]]:
        catalogue = self._fields.catalogue
        pointers: list[Pointer] = []
        used: set[tuple[int, int]] = set()
        of_kind = [hit.end for hit in values if message.words(hit.start - 1, hit.start) in ("which", "what")]
        for start, end, match in message.find(_MOST):
            if any(told <= start for told in of_kind):  # "which Italian place is the cheapest?" asks of all
                continue
            said = message.words(*message.sentence(start))
            if match["of_two"] and not match[0].endswith("two") and not _ASKS.search(said):
                continue  # "the newer one" alone may be a wish
            two = [row for item in focus[-2:] if (row := catalogue.row(item)) is not None]
            extreme = _extreme(
                self._fields,
                match[match.lastgroup or 0],
                two if match["of_two"] and two else list(shown),
            )
            if extreme is not None:
                pointers.append(Pointer(start, end, "description", (catalogue.ids[extreme],)))
                used |= {(hit.start, hit.end) for hit in ranges if start <= hit.start < end}
        places: list[tuple[int, int, Predicate]] = [
            (hit.start, hit.end, carries(hit.value.field, hit.value.value)) for hit in values
        ]
        places += [(hit.start, hit.end, hit.predicate()) for hit in ranges if not hit.vague]
        for start, end, predicate in places:
            if (start, end) in used or not _is_description(message, start, end):
                continue
            mask = catalogue.mask(predicate)
            fitting = tuple(catalogue.ids[row] for row in shown if mask[row])
            if fitting:
                pointers.append(Pointer(start, end, "description", fitting))
                used.add((start, end))
        return pointers, used


def _holding(told: Sequence[Pointer], others: Sequence[Pointer], linked: Sequence[tuple[int, int]]) -> Described:
    """Returns the pointers with those that stand inside a description left out, and the linked places that it holds."""

    def held(start: int, end: int) -> bool:
        return any(start < p.end and p.start < end for p in told)

    kept = [pointer for pointer in others if not held(pointer.start, pointer.end)]
    return Described([*told, *kept], {(start, end) for start, end in linked if held(start, end)})


def _extreme(fields: Fields, word: str, rows: list[int]) -> int | None:
    """Returns the row with the most or least of what a superlative orders by; None where nothing is known."""
    role, most = _ORDERS[word]
    field = fields.of_role(role)
    column = fields.years() if role == "year" else None if field is None else fields.catalogue.numbers(field.name)
    if field is not None and field.type == "range" and most:
        column = fields.catalogue.ends(field.name)[1]
    known = [row for row in rows if column is not None and column[row] == column[row]]
    if column is None or not known:
        return None
    return max(known, key=lambda row: column[row] if most else -column[row])


def _is_description(message: Message, start: int, end: int) -> bool:
    while message.tokens[start].norm in _SMALL and end - start > 1:
        start += 1
    before = message.words(max(0, start - 9), start)
    after = message.tokens[end].norm if end < len(message) and not message.tokens[end].mark else ""
    return bool(_LEAD.search(before)) or (after == "one" and bool(_BEFORE.search(before)))
