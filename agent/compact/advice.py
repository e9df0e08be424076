"""Where the learned reader is heard beside the rules: what a message thinks of items, words for facets that no rule links, acts."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rapidfuzz import fuzz, process

from convrec.agent.compact.lexicon import FUNCTION
from convrec.agent.compact.message import Message
from convrec.agent.compact.preferences import Wish
from convrec.agent.compact.scope import PLEASES, is_of_today
from convrec.agent.compact.sentiment import Attitude
from convrec.agent.compact.tagger.labels import MOOD, POINTER, TITLE
from convrec.agent.compact.tagger.reader import Marked, Reading
from convrec.agent.state import DialogueState
from convrec.agent.wording import is_kind
from convrec.catalogue.catalogue import Catalogue
from convrec.core.text import fold, words
from convrec.core.understanding import Act, Preference, Span

_SURE, _VERY_SURE = 0.5, 0.85  # share from which an attitude is taken from the reader
_SAME = {
    ("neutral", "none"),
    ("neutral", "asked"),
    ("neutral", "excluded"),
    ("liked", "like"),
    ("disliked", "excluded"),
    ("seen", "excluded"),
}
_CERTAIN = 0.85  # probability from which the reader's word stands against a linked value
_FACET = 0.7  # probability from which words are taken for a facet's
_ALIKE = 88.0  # of 100: how like a value's spelling words must be to stand for it
_ACT, _NO_ACT = 0.8, 0.05
_LASTS, _SIGN, _ASKED = 0.85, 0.95, 0.2
"""Shares from which a wish is a taste, and one that is unwanted, and up to which a message asks for nothing."""
_PLEASE = re.compile(r"(?<!to )\b(?:please|pls|plz)\b(?! (?:me|us|him|her)\b)")
_DOING = re.compile(
    r"\bnot \w+ing$", re.IGNORECASE
)  # a deed, or what something is like: "not walking far", "not boring"
_BEING = re.compile(r"\b(?:i.?m|i am|we.?re|we are|as)(?: an?)? $", re.IGNORECASE)  # what somebody is, is no wish
_YES = re.compile(r"^(?:(?:oh|ok|okay|alright|,) )*(?:yes|yeah|yep|sure|great|perfect|fine|(?:ok|okay)(?= [,.]))\b")
_ONWARD = re.compile(
    r"^(?:(?:hm+|ok|okay|and|yes|please|just|,) )*(?:go on|carry on|continue|keep going|next|more|others?|another)(?: (?:please|then|one|ones|thanks))*[ .!]*$"
)
_JUDGED: Mapping[str, Attitude] = {"liked": "liked", "disliked": "disliked", "seen": "seen", "neutral": "none"}
_HEARD: tuple[Act, ...] = ("answer", "accept", "reject", "ask_item", "thank", "bye")
_UNSURE = {"answer", "reject"}  # which rules hear where there is none


def judged(rule: Attitude, span: Span, reading: Reading) -> Attitude:
    """Returns what a message thinks of the item that its characters `span` name: the reader's word where it is sure.

    Comparisons, permissions and "less like" are the rules' own, and so are examples ("like Heat") and exclusions unless the reader is very sure.
    """
    if rule in ("compared", "permitted", "unlike"):
        return rule
    here = [
        one for one in reading.marked if one.label in (TITLE, POINTER) and one.start < span[1] and span[0] < one.end
    ]
    if not here:
        return rule
    shares = here[0].meant["attitude"]
    best = max(shares, key=lambda label: shares[label])
    firm = rule in ("like", "excluded") or (rule == "asked" and best == "disliked")
    if shares[best] < (_VERY_SURE if firm else _SURE):
        return rule
    if (best, rule) in _SAME:
        return rule
    return _JUDGED[best]


def is_part(text: str, span: Span, fields: Iterable[str], reading: Reading) -> bool:
    """Tells whether the reader is sure that the words of a value of these fields are a part of something longer: a name, a date.

    A title is written as one here; of one in small letters that the catalogue does not have, the words mean what they say.
    """
    own = {POINTER, MOOD, *fields}
    return any(
        one.start <= span[0] and span[1] <= one.end and (one.start, one.end) != span
        for one in reading.marked
        if one.probability >= _CERTAIN and one.label not in own
        if one.label != TITLE or _is_written_as_name(text[one.start : one.end])
    )


def _is_written_as_name(said: str) -> bool:
    return any(word[:1].isupper() for word in said.split())


def unlinked(
    text: str, reading: Reading, taken: Sequence[Span], catalogue: Catalogue, kinds: Collection[Span] = ()
) -> Iterator[Preference]:
    """Yields wishes for words that the reader takes for a facet's and no rule linked: a value spelt much alike, else the words themselves.

    None of them is a demand: what the catalogue does not have can filter nothing, but titles that are called by it. A kind of item that is not there is one
    where its words are among `kinds`; else they may mean something else, and stay free words.
    """
    for one in reading.marked:
        if one.probability < _FACET or one.label not in catalogue.schema.names or one.overlaps(taken):
            continue
        if _BEING.search(text[: one.start]):
            continue
        if not catalogue.schema.field(one.label).valued:
            continue
        polarity = max(one.meant["polarity"], key=lambda label: one.meant["polarity"][label])
        if polarity != "let_go":
            said = text[one.start : one.end]
            value = _nearest(said, catalogue.values(one.label).values)
            if value is None and is_kind(catalogue.schema.field(one.label)) and (one.start, one.end) not in kinds:
                continue
            if value is None and (said.isdigit() or all(word in FUNCTION for word in words(said))):
                continue
            free = value is None and polarity == "unwanted"  # it may stand in a title
            yield Preference(
                facet="text" if free else one.label,
                value=value or said,
                polarity=1 if polarity == "wanted" else -1,
                strength="hard" if free and one.meant["strength"]["hard"] > one.meant["strength"]["soft"] else "soft",
                scope="lasting" if _is_told_for_good(one, reading) else "session",
                span=(one.start, one.end),
            )


def felt_by(wishes: Iterable[Preference], text: str, reading: Reading) -> Iterator[Preference]:
    """Yields the wishes in free words that the reader, too, takes for something that is wished for; all of them without a reader.

    What is not wanted needs no word of the reader, unless it may be a deed.
    """
    for wish in wishes:
        if (
            wish.facet != "text"
            or (wish.polarity < 0 and not _DOING.search(text[max(0, wish.span[0] - 4) : wish.span[1]]))
            or reading.acts is None
            or any(one.overlaps([wish.span]) for one in reading.marked)
        ):
            yield wish


def respanned(stated: Preference, reading: Reading) -> Preference:
    """Returns a wish with the words that the reader takes for its facet: the whole name where a rule read a part."""
    for one in reading.marked:
        if one.label == stated.facet and one.probability >= _CERTAIN and one.overlaps([stated.span]):
            return stated.model_copy(update={"span": (one.start, one.end)})
    return stated


def lasts(wish: Wish, message: Message, reading: Reading, alone: Callable[[int], Reading]) -> Wish:
    """Returns a wish as a taste where the reader is sure that it is told of oneself for good and that nothing is asked for: "musicals bore me to tears".

    Where a message asks for something, a wish in another sentence is read once more, as that sentence is read `alone`: "war films wear me out. Got
    something light?". A like that lasts is no demand. Of a taste the reader's no stands against the rules' yes, which they give wherever no word that they
    know says no; of what is asked for they know better.
    """
    if wish.number or wish.stance.permits or reading.acts is None:
        return wish
    if wish.stance.scope != "lasting" and reading.acts["request"] > _ASKED:
        told = _told(wish, message, alone(wish.start))
        return told if told.stance.scope == "lasting" else _told(wish, message, reading)
    return _told(wish, message, reading)


def _told(wish: Wish, message: Message, reading: Reading) -> Wish:
    """Returns a wish as lasting, with the sign that it has there, where one reading is sure that it is told for good."""
    span, stance = message.span(wish.start, wish.end), wish.stance
    here = [one for one in reading.marked if one.label == wish.facet and one.overlaps([span])]
    said = message.words(*message.sentence(wish.start))
    if not here or not _is_told_for_good(here[0], reading) or is_of_today(message, wish.start) or _PLEASE.search(said):
        return wish
    signs, firm = here[0].meant["polarity"], here[0].meant["strength"]["hard"] > here[0].meant["strength"]["soft"]
    pleases = bool(PLEASES.search(said))
    liked = pleases or signs["wanted"] >= _LASTS
    if stance.polarity > 0 and signs["unwanted"] >= _SIGN and not pleases and "only" not in said.split():
        stance = replace(stance, polarity=-1, strength="hard" if firm else "soft")
    if liked or stance.polarity < 0:
        strength = "soft" if stance.polarity > 0 else stance.strength
        stance = replace(stance, scope="lasting", strength=strength, taste=True)
    return replace(wish, stance=stance)


def _is_told_for_good(one: Marked, reading: Reading) -> bool:
    """Tells whether the reader is sure that words tell a taste, and that their message asks for nothing."""
    asked = (reading.acts or {}).get("request", 1.0)
    return asked <= _ASKED and one.meant["scope"]["lasting"] >= _LASTS


def titles_in(reading: Reading, taken: Sequence[Span]) -> list[Span]:
    """Returns the words that the reader is sure are a title, where no title was linked."""
    return [
        (one.start, one.end)
        for one in reading.marked
        if one.label == TITLE and one.probability >= _CERTAIN and not one.overlaps(taken)
    ]


def advised(
    message: Message,
    acts: Sequence[Act],
    reading: Reading,
    state: DialogueState,
    preferences: Sequence[Preference],
    felt: Sequence[Attitude],
) -> tuple[Act, ...]:
    """Returns the acts with those that the reader is sure of, and without those that it is sure are none, unless nothing would be left.

    A message that wishes for something takes or turns down nothing unless a rule says so, or it begins with a yes; one that asks, be it for an
    item, turns down nothing, and nothing is taken by who asks on.
    """
    if reading.acts is None:
        return tuple(acts)
    told = bool(state.shown or state.focus or state.reply)  # something that can be answered, taken or turned down
    possible = [act for act in _HEARD if told or act in ("thank", "bye")]
    wishful = "compared" in felt or any(stated.facet != "item" for stated in preferences)
    asks = "asked" in felt or bool({"ask_item", "ask_why", "compare"} & set(acts))
    onward = message.has(_ONWARD) or (message.has(r"\?$") and not asks)
    settled = {"accept": onward or (wishful and not message.has(_YES)), "reject": wishful or asks or "accept" in acts}
    possible = [act for act in possible if not settled.get(act)]
    added = [act for act in possible if reading.acts[act] >= _ACT and act not in acts]
    unsure = {*_UNSURE, "request"} if added or len(acts) > 1 else _UNSURE
    unsure = unsure - {"request"} if message.has(_PLEASE) else unsure
    kept = [act for act in acts if act not in unsure or reading.acts[act] >= _NO_ACT]
    return tuple(dict.fromkeys([*(act for act in kept if act != "other" or not added), *added])) or tuple(acts)


def _nearest(said: str, values: Sequence[str]) -> str | None:
    found = process.extractOne(fold(said), values, processor=fold, scorer=fuzz.ratio, score_cutoff=_ALIKE)
    return None if found is None else str(found[0])
