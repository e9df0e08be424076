"""What a message only tells of: what befell somebody, and when, what stands beside an item, what somebody chews up. None of it is wished for."""

import re

from convrec.agent.compact.message import Message

_KIN = r"(?:dad|daddy|father|mum|mom|mother|granddad|grandad|grandpa|gran|nan|nana|grandma|everyone|everybody|somebody|someone)"
_OTHER = r"(?!(?:had|be|shall|will|to|get|gets|getting|going|can|could|would|should|may|might|are|is|am|do|did|dont|didnt)\b)\w+"
_WHO = rf"(?:i|we|he|she|they|you|u|ive|weve|hes|shes|theyve|(?:my|our|his|her|their|the) (?:{_OTHER} ){{0,2}}?{_OTHER}|{_KIN})"
_BEFELL = (
    r"(?:had(?! (?:hoped|planned|thought|wanted|better|in mind)\b)|ate|went|came|took|gave|bought|sold|lost|found|met|moved|married|retired|tried|ordered|cooked|visited"
    r"|stayed|watched|rewatched|saw|seen|read|played|worked|lived|served|finished|started|began|broke|died|killed|passed|planted|grew|sowed|quit|was born|were born|(?:was|were|been) (?:there|here)|got (?:married|engaged|back|home))"
)
_HAPPENED = re.compile(
    rf"\b{_WHO} (?:{_OTHER} ){{0,2}}?{_BEFELL}\b|^(?:(?:and|oh|well|already|just) )*(?:had|ate|went|moved|retired|watched|saw|bought|visited|tried)\b"
)
_LIVED = re.compile(  # without what tells only which items somebody knows
    r"\b(?:had|ate|went|came|took|bought|tried|ordered|cooked|visited|planted|grew|lost|killed|worked|lived|served)\b"
)
_FELT = re.compile(
    r"\b(?:lov|lik|enjoy|ador)(?:e|ed|es)\b|\b(?:great|good|brilliant|amazing|lovely|fantastic|delicious|like that|more|again)\b"
)
_ASKS = re.compile(
    r"\b(?:want(?:s|ed)?|needs?|looking|something|anything|somewhere|show|give me|find me|recommend|suggest|please|would like|id|love|prefer|rather|should|must|has to|have to|which|who|what|(?:\w+s|ones?) that)\b"
)
_BY_DATE = re.compile(r"^(?:in|during|back in)\b(?! the\b)|^(?:last|this) year$")
_AT_TIME = re.compile(
    r"\b(?:in|on|since|until|till|last|that|this|back in|from|during|over|every)(?: the)?(?: (?:early|mid|late|last))?$"
)
_STAMP = re.compile(
    r"\b(?:yesterday|ago|last (?:night|week|month|year|time|summer|winter|spring|autumn|\w+day)|the other (?:day|week|night)|(?:in|back in) (?:1[5-9]|20)\d\d|this morning|for (?:lunch|breakfast)|for (?:\w+ ){1,2}(?:years|months|weeks|decades))\b"
)
_BESIDE = re.compile(
    r"\b(?:under|underneath|beneath|below|beside|next to|behind|in front of|close to|near|opposite|alongside)(?: to)? (?:an?|the|my|our|his|her|their|some|two|this|that)(?: (?!and\b|or\b)\w+){0,2}?$"
)
_HEADING = re.compile(r"^(?:genre|category|section|label|heading|tag|umbrella)s?\b")
_CHEWED = re.compile(
    r"\b(?:treats?|chews?|nibbles?|attacks?|destroys?|knocks? over|digs? up)(?: on| at| up)? (?:anything|everything|all things|any|all)$"
)


def is_dated(message: Message, start: int, end: int) -> bool:
    """Tells whether tokens `[start, end)` say when something befell somebody: "we moved here in 1998", "I watched it last year"."""
    return _BY_DATE.search(message.words(start, end)) is not None and _is_past(message, start, end)


def is_told_time(message: Message, start: int, end: int) -> bool:
    """Tells whether a month, a day or a season is that of what has been: "I retired in March"."""
    lead = message.words(max(clause(message, start, end)[0], start - 4), start)
    return _AT_TIME.search(lead) is not None and _is_past(message, start, end)


def is_incident(message: Message, start: int, end: int) -> bool:
    """Tells whether a thing stands in what befell somebody once, without a word of what they think of it: "we ate Indian yesterday"."""
    first, stop = clause(message, start, end)
    said = message.words(first, stop)
    lived = _LIVED.search(said) is not None and _STAMP.search(said) is not None and not _FELT.search(said)
    return lived and _is_past(message, start, end)


def is_beside(message: Message, start: int, end: int) -> bool:
    """Tells whether a thing is what something else is to stand by: "a bed under a big tree", "round the corner, next to the bistro"."""
    lead = message.words(max(clause(message, start, end)[0], start - 5), start)
    return _BESIDE.search(lead) is not None and not _HEADING.search(message.words(end, end + 1))


def is_chewed(message: Message, start: int) -> bool:
    """Tells whether a thing is what somebody falls upon: "a puppy that attacks anything red"."""
    return not message.tokens[start].mark and _CHEWED.search(message.words(max(0, start - 4), start)) is not None


def _is_past(message: Message, start: int, end: int) -> bool:
    """Tells whether the clause around a place tells what befell somebody and asks for nothing."""
    first, stop = clause(message, start, end)
    return _HAPPENED.search(message.words(first, start)) is not None and not _ASKS.search(message.words(first, stop))


def clause(message: Message, start: int, end: int) -> tuple[int, int]:
    """Returns the tokens `[first, stop)` between the punctuation or the "so" and "but" around a place."""
    first, stop, limit = start, end, message.sentence(start)
    while (
        first > limit[0]
        and not message.tokens[first].mark
        and message.tokens[first - 1].norm not in ("so", "but", "because")
    ):
        first -= 1
    while (
        stop < limit[1]
        and not message.tokens[stop].mark
        and message.tokens[stop].norm not in ("so", "but", "because", "and")
    ):
        stop += 1
    return first, stop
