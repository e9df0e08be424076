"""Facts told in words that no rule foresaw: from the marks that were learned, and which facts of the rules these bear out."""

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from convrec.agent.memory.facts import MANY, Fact, may_be_kept
from convrec.agent.memory.marking import GONE, OTHER, WHOSE, Mark, Marked
from convrec.agent.memory.topics import PETS
from convrec.agent.memory.whose import sentence_span
from convrec.core.text import fold

_SURE = 0.6
"""Mean probability of the words of a value from which it is believed."""
_OVER = 0.5
"""The like of a value that is said to hold no more: it counts only where the person has it."""
_VOUCHED = 0.1
"""How likely what a rule reads must tell something; less is a joke or another's."""
_ABOUT: Mapping[str, str] = MappingProxyType({"device": "uses"})
_SHAPES: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "age": re.compile(r"\d|\w*(?:teen|ty|een)\b|\b(?:twelve|eleven|ten|three-oh)\b|\w+genarian", re.IGNORECASE),
        "family": re.compile(
            r"\b(?:\d+|an? |two|three|four|five|six|seven|eight|nine|ten|both|twins|triplets|only|first|second|third|fourth|fifth|step|single)",
            re.IGNORECASE,
        ),
        "status": re.compile(
            r"\b(?:married|marriage|single|engaged|divorce[ds]?|widow(?:ed|er)?|separated|wed|newly\W?weds?|bachelor|partnership|alone|relationship|long distance|together)\b",
            re.IGNORECASE,
        ),
    }
)
"""How values must look of topics whose words often stand by the way: "my son" alone is no news of a family."""


def sensed(text: str, found: Marked) -> Iterator[Fact]:
    """Yields the facts that marks tell, in order; what is only said to be over has no `about`."""
    gone = [mark for mark in found.marks if mark.label == GONE and mark.probability >= _OVER]
    told = [mark for mark in found.marks if _is_told(mark, text)]
    for mark in told:
        about = _about(mark, found.marks, text)
        left = _nearest(mark, gone) if about in MANY or "'s " in about else None
        instead = text[left.start : left.end] if left else ""
        yield Fact(
            about, text[mark.start : mark.end], (mark.start, mark.end), False, instead, sentence_span(text, mark.start)
        )
    for mark in gone if not told else ():
        value = text[mark.start : mark.end]
        if may_be_kept(value, ""):
            yield Fact("", value, (mark.start, mark.end), True, "", sentence_span(text, mark.start))


def vouched(facts: Iterable[Fact], found: Marked) -> Iterator[Fact]:
    """Yields those facts read by rules whose words the marks do not take for a joke, a report or a passing state."""
    for fact in facts:
        if found.tells(*fact.span) >= _VOUCHED:
            yield fact


def _is_told(mark: Mark, text: str) -> bool:
    value = text[mark.start : mark.end]
    shape = _SHAPES.get(mark.label)
    kept = mark.probability >= _SURE and may_be_kept(value, _ABOUT.get(mark.label, mark.label))
    return kept and mark.label not in (GONE, WHOSE, OTHER) and (shape is None or shape.search(value) is not None)


def _about(mark: Mark, marks: Iterable[Mark], text: str) -> str:
    """Returns what a value is about, by whose it is said to be: "sister's home", "favourite colour"."""
    owner, _, matter = mark.label.rpartition("'s ")
    if not owner and mark.label != "favourite":
        return _ABOUT.get(mark.label, mark.label)
    near = _nearest(mark, [other for other in marks if other.label == WHOSE])
    named = fold(text[near.start : near.end]) if near else ""
    if mark.label == "favourite":
        return f"favourite {named}".strip()
    if owner == "pet":
        return f"{named if named in PETS else 'pet'}'s {matter}"
    return f"{named or owner}'s {matter}"


def _nearest(mark: Mark, others: Iterable[Mark]) -> Mark | None:
    return min(others, key=lambda other: max(other.start - mark.end, mark.start - other.end), default=None)
