"""Which shown or mentioned items a message points at: "the second one", "it", "both", "the last two", "number 3"."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.agent.compact.message import Message
from convrec.agent.compact.numerals import NUMBERS
from convrec.agent.state import DialogueState

_ORDINALS = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5, "sixth": 6, "6th": 6,
             "seventh": 7, "7th": 7, "eighth": 8, "8th": 8, "ninth": 9, "9th": 9, "tenth": 10, "10th": 10, "last": -1, "final": -1, "bottom": -1,
             "top": 1, "penultimate": -2, "middle": 0, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6, "7": 7, "8": 8, "9": 9, "10": 10}  # fmt: skip
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5, "2": 2, "3": 3, "4": 4, "5": 5, "couple": 2, "few": 3}
_NTH = r"first|1st|second|2nd|third|3rd|fourth|4th|fifth|5th|sixth|6th|seventh|7th|eighth|8th|ninth|9th|tenth|10th|last|final|penultimate"
_SEVERAL = re.compile(
    rf"\b(?:the |your |those )?(?P<end>first|top|last|bottom|other) (?P<n>{'|'.join(_COUNTS)})\b(?! (?:years?|decades?|hundred|times?|weeks|months|days|hours))"
)
_ORDINAL = re.compile(
    rf"\b(?:the |your |that |my |this )?(?:very )?(?P<nth>{_NTH}|middle|top|bottom)(?P<noun> (?:one(?:ll|d)?|NOUN|option|suggestion|pick|choice|recommendation|title|item|result|film|movie))?\b"
    r"(?! (?:times?|things?|years?|nights?|weeks?|weekends?|months?|decades?|century|of all|try|thoughts?|thought|hand|place|class|names?|half|part|rated|of the (?:series|trilogy|franchise)|world|lady|blood|best|two|three|four|few|couple|gear|fiddle|minute|resort|\d0s|\d{4}|in the series))"
)
_NUMBER = re.compile(
    r"(?:# ?|\b(?:number|no|nr|num|option|pick|choice) )(?P<n>10|[1-9]|one|two|three|four|five|six)\b(?! (?:stars?|hours?|people|players|euros|dollars))"
)
_BARE = re.compile(
    r"^(?:the )?(?P<n>[1-9]|10)(?: (?:and|or|vs|versus|,|&) (?P<m>[1-9]|10))?(?: please| thanks| [.!])*$"
)
_BARE_PAIR = re.compile(r"\b(?:compare|between) (?P<n>[1-9]|10) (?:and|with|vs|to|versus) (?P<m>[1-9]|10)\b")
_ALL = re.compile(
    r"\b(?P<all>(?:all|none|any|either|neither|each|every one|most) of (?:them|these|those|the (?:above|films|movies|NOUNS))|all (?:three|four|five) (?:of (?:them|these))?|them all|these all|all these|all those"
    r"|seen (?:them|these|those)(?! both)|(?:like|than) (?:these|those|them)(?= ?(?:$|[.,!?]|but|and|please|ones))|compare (?:them|these|those)|none (?=[.,!?]|$)|none$|not (?:these|those)(?: (?:ones|films|movies|NOUNS))?|(?:hate|dislike|love|like) (?:these|those|them)(?: all)?)\b"
)
_BOTH = re.compile(
    r"\bboth (?:of (?:them|these|those)|ones|NOUNS)\b|\b(?:them|these|those) both\b|\b(?:seen|compare|like|know|watched|read|played|loved|hated|take|about|in) both\b|^both\b|\b(?:the|those) two(?: of them)?(?= ?(?:$|[.,!?])| (?:is|are|was|were|has|have|costs?|would)\b)"
)
_ONE = re.compile(
    r"\b(?:that|this) (?:one|NOUN|film|movie)\b|\b(?<=is )that(?= (?:\w+er|more|less)\b)|\bthat(?=(?: (?:again|already|too|either|please|then|though|really|itself))* ?(?:$|[.,!?]|but|and))|\bthis(?= ?(?:$|[.,!?]))|\bthe same one\b"
)
_IT = re.compile(
    r"\bits? (?=about|funny|scary|good|any)|\bit\b(?! (?:should|needs?|has to|must|can be|could be|would be|doesnt|does not|dont|seems|is for|up|all|out of|down|matters?|takes place|a (?:try|go|shot|rest)|possible|to be|be|feels like|rains|sounds))"
)
_NOT_IT = re.compile(
    r"\b(?:make|(?<!who )made|do|speed|get|got|forget|call|keep|hold|take it easy|cheer|mix|lets|let|put|thats|can|could|as|if|when|so|worth|believe|mean|go for|help|beat|how is|hows|whats|cut|leave|what would|it is what|say|call|swap|change|narrow) $"
)
_NEARLY = re.compile(  # "the second one is more like it"
    r"\b(?:is|s|was|looks|feels|comes|gets) (?:much |a lot |a bit |very )?(?:more like|nearly|almost|close to|closer to|near|nearer) $"
)
_CONTAINED = re.compile(r"\b(?:with|without|no|has|have|having|any)\b[^.,!?]{1,40} in $")
_OTHER = re.compile(r"\bthe other (?:one|NOUN|film|movie)\b|\bthe other(?= ?(?:$|[.,!?]))")
_TEXT_LIMIT = 24


@dataclass(frozen=True)
class Pointer:
    """Items pointed at by tokens `[start, end)`; `turned_down` where the words around them deny that they are meant."""

    start: int
    end: int
    kind: Literal["ordinal", "pronoun", "title", "description"]
    item_ids: tuple[str, ...]
    turned_down: bool = False


class PointerReader:
    """Resolves pointing words against what a thread has shown and talked about."""

    def __init__(self, nouns: frozenset[str]) -> None:
        one, many = _alternatives(nouns, "film"), _alternatives({f"{noun}s" for noun in nouns} | nouns, "films")
        self._patterns = {
            name: re.compile(pattern.pattern.replace("NOUNS", many).replace("NOUN", one))
            for name, pattern in {
                "several": _SEVERAL,
                "ordinal": _ORDINAL,
                "all": _ALL,
                "both": _BOTH,
                "one": _ONE,
                "other": _OTHER,
            }.items()
        }

    def read(self, message: Message, state: DialogueState, named: Sequence[Pointer]) -> list[Pointer]:
        """Returns the pointers, in order, without those inside a title; `named` are the titles of this message."""
        found: list[Pointer] = []
        for pointer in self._all(message, state, named):
            titled = pointer.kind == "ordinal" and any(0 <= o.start - pointer.end <= 0 for o in named)
            clash = titled or any(pointer.start < o.end and o.start < pointer.end for o in (*found, *named))
            if not clash and pointer.item_ids:
                found.append(pointer)
        return sorted(found, key=lambda p: p.start)

    def _all(self, message: Message, state: DialogueState, named: Sequence[Pointer]) -> Iterator[Pointer]:
        shown = state.shown
        if shown:
            yield from self._counted(message, shown)
            yield from self._several(message, shown)
        for start, end, _ in message.find(self._patterns["both"]):
            yield Pointer(start, end, "pronoun", _both(state, named, start))
        for start, end, _ in message.find(self._patterns["all"]):
            yield Pointer(start, end, "pronoun", shown)
        for start, end, _ in message.find(self._patterns["other"]):
            others = tuple(item for item in shown if item not in state.focus[-1:])
            yield Pointer(start, end, "pronoun", others[:1])
        for start, end, _ in message.find(self._patterns["one"]):
            yield Pointer(start, end, "pronoun", _single(state, named, start))
        for start, end, match in message.find(_IT):
            before = message.marked[: match.start()]
            idle = _NEARLY.search(before) or _NOT_IT.search(before[-_TEXT_LIMIT:]) or _CONTAINED.search(before)
            if not idle:
                yield Pointer(start, end, "pronoun", _single(state, named, start))

    def _several(self, message: Message, shown: tuple[str, ...]) -> Iterator[Pointer]:
        for start, end, match in message.find(self._patterns["several"]):
            count = _COUNTS[match["n"]]
            items = shown[:count] if match["end"] in ("first", "top") else shown[-count:]
            yield Pointer(start, end, "ordinal", items)

    def _counted(self, message: Message, shown: tuple[str, ...]) -> Iterator[Pointer]:
        taken = [(start, end) for start, end, _ in message.find(self._patterns["several"])]
        for start, end, match in message.find(self._patterns["ordinal"]):
            vague = match["nth"] in ("top", "bottom", "final", "middle") and not match["noun"]
            if (
                not vague
                and not any(a < end and start < b for a, b in taken)
                and not _is_idle(message, start, end, match)
            ):
                yield Pointer(start, end, "ordinal", _nth(shown, _ORDINALS[match["nth"]]))
        for start, end, match in message.find(_NUMBER):
            yield Pointer(start, end, "ordinal", _nth(shown, NUMBERS.get(match["n"]) or int(match["n"])))
        for pattern in (_BARE, _BARE_PAIR):
            for _, _, match in message.find(pattern):
                for group in ("n", "m"):
                    if match[group]:
                        yield Pointer(*message.range_of(match, group), "ordinal", _nth(shown, int(match[group])))


def _is_idle(message: Message, start: int, end: int, match: re.Match[str]) -> bool:
    """Tells whether an ordinal only orders the speech: "first, …", "at last", "second, I want"."""
    before = message.tokens[start - 1].norm if start else ""
    if before in ("at", "one", "my", "every", "a"):
        return True
    bare = match[0].strip() == match["nth"]
    return bare and start == 0 and end < len(message) and message.tokens[end].mark == "," and len(message) > 3


def _nth(shown: tuple[str, ...], place: int) -> tuple[str, ...]:
    if place == 0:
        return (shown[len(shown) // 2],) if shown else ()
    index = place - 1 if place > 0 else len(shown) + place
    return (shown[index],) if 0 <= index < len(shown) else ()


def _single(state: DialogueState, named: Sequence[Pointer], at: int) -> tuple[str, ...]:
    """Returns the item that "it" means: a title earlier in the message, else the one in focus, else one just praised where several were shown, else the first shown."""
    before = [pointer for pointer in named if pointer.end <= at]
    if before:
        return before[-1].item_ids[:1]
    praised = tuple(
        held.preference.item_id for held in state.held if held.turn == state.turn and held.preference.polarity > 0
    )
    return state.focus[-1:] or tuple(item for item in praised if item and len(state.shown) > 1)[-1:] or state.shown[:1]


def _both(state: DialogueState, named: Sequence[Pointer], at: int) -> tuple[str, ...]:
    before = tuple(dict.fromkeys(pointer.item_ids[0] for pointer in named if pointer.end <= at))
    if len(before) >= 2:
        return before[-2:]
    if len(state.shown) == 2:
        return state.shown
    recent = tuple(dict.fromkeys(state.focus))
    return recent[-2:] if len(recent) >= 2 else state.shown[:2]


def _alternatives(words: Iterable[str], default: str) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True)) or default
