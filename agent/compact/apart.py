"""Which of several items with like names is meant, and what in a message only describes the item that it names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.lexicon import FUNCTION, LINGO, is_common
from convrec.agent.compact.message import Message
from convrec.agent.compact.preferences import carries
from convrec.agent.compact.references import Pointer
from convrec.agent.compact.title_linker import TitleLinker
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.state import DialogueState

_BETWEEN = frozenset("the by in on at near with from a an one newer older new old original version".split())
_W_ONE = re.compile(r"\bthe (?P<w>[a-z]+(?: [a-z]+)?) one\b")
_CORRECTS = re.compile(r"^(?:no|nope|nah|sorry|i mean|not that|wrong)\b")
_POINTS = frozenset("the that this".split())
_FEW = 5  # titles that may have a word in common which still tells one of those shown


class ApartReader:
    """Tells items of like names apart, for one catalogue."""

    def __init__(self, fields: Fields, titles: TitleLinker) -> None:
        self._catalogue, self._titles = fields.catalogue, titles

    def described(
        self, message: Message, named: Sequence[Pointer], values: Sequence[ValueHit]
    ) -> tuple[list[Pointer], list[ValueHit]]:
        """Returns the titles, each as that item of its series which the values right behind it fit ("Mama Rosa by the station"), and the values left.

        A value that the item named has says no more than which is meant: "Les Misérables, the musical".
        """
        found, left = [], list(values)
        for pointer in named:
            telling = [hit for hit in values if _describes(message, pointer, hit)]
            fitting = self._fitting(pointer, telling) if telling and pointer.kind == "title" else ()
            found.append(replace(pointer, item_ids=fitting) if fitting else pointer)
            left = [hit for hit in left if not (fitting and hit in telling)]
        return found, left

    def _fitting(self, pointer: Pointer, telling: Sequence[ValueHit]) -> tuple[str, ...]:
        rows = [row for item in pointer.item_ids if (row := self._catalogue.row(item)) is not None]
        for hit in telling:
            mask = self._catalogue.mask(carries(hit.value.field, hit.value.value))
            fitting = [row for row in rows if mask[row]]
            rows = fitting or [row for row in self._titles.of_the_same_name(rows[0]) if mask[row]] if rows else []
        return tuple(self._catalogue.ids[row] for row in rows)

    def pointed(
        self, message: Message, state: DialogueState, named: Sequence[Pointer], values: Sequence[ValueHit]
    ) -> Iterator[Pointer]:
        """Yields the items that a word of their titles points at: "the Russian one" beside Sage, "not that Mariachi trash" of one shown."""
        taken: list[Pointer | ValueHit] = [*named, *values]
        for start, end, match in message.find(_W_ONE):
            about = [p.item_ids[0] for p in named if p.item_ids and p.end <= start][-1:] or list(state.focus[-1:])
            rows = [row for item in about if (row := self._catalogue.row(item)) is not None]
            kin = [other for row in rows for other in self._titles.of_the_same_name(row, match["w"].split())]
            if kin and not any(hit.start < end and start < hit.end for hit in taken):
                yield Pointer(start, end, "description", (self._catalogue.ids[kin[0]],))
        for place, token in enumerate(message.tokens):
            settled = message.words(place + 1, place + 3) == "it is"  # "Nair's it is" names no cook
            free = settled or not any(hit.start <= place < hit.end for hit in taken)
            pointing = settled or (place > 0 and message.tokens[place - 1].norm in _POINTS)
            if free and pointing and token.bare not in LINGO | FUNCTION:
                owners = self._shown_with(token.norm, state) or self._shown_with(token.bare, state)
                if len(owners) == 1:
                    yield Pointer(place, place + 1, "description", (owners[0],))

    def _shown_with(self, word: str, state: DialogueState) -> list[str]:
        """Returns the items talked about or shown last that have a word in their titles; else the only one of all, by a rare word."""
        items = [self._catalogue.ids[row] for row in self._titles.having(word)]
        met = [item for item in items if item in {*state.shown, *state.focus}] if len(items) <= _FEW else []
        return met or ([] if len(items) > 1 or is_common(word) else items)

    def corrected(self, message: Message, state: DialogueState) -> DialogueState:
        """Returns the state as a message sees it that puts right which one of a series it asked for: "no, the third one" counts the parts."""
        asked = state.shown[:1] if state.shown[:1] == state.mentioned[-1:] else ()
        row = self._catalogue.row(asked[0]) if asked and message.has(_CORRECTS) else None
        series = () if row is None else self._titles.of_the_same_name(row)
        if len(series) < 2:
            return state
        parts = tuple(self._catalogue.ids[row] for row in series)
        return state.model_copy(update={"slates": (*state.slates[:-1], parts)})


def _describes(message: Message, pointer: Pointer, hit: ValueHit) -> bool:
    """Tells whether only small words stand between a title and a value behind it; over a comma it takes "the"."""
    between = message.norms(pointer.end, hit.start)
    if not (pointer.end < hit.start and 0 < len(between) <= 4 and {*between} <= _BETWEEN):
        return False
    marks = [message.tokens[place].mark for place in range(pointer.end, hit.start + 1) if message.tokens[place].mark]
    return not marks or (between[0] == "the" and len(marks) == 1 and message.tokens[pointer.end].mark != "")
