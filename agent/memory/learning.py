"""What a turn teaches about a person: lasting tastes and facts, written only from their own words or clicks, each with its quote."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz.fuzz import partial_ratio, ratio

from convrec.agent.memory.facts import MANY, Fact, changes_of
from convrec.agent.memory.whose import is_judged, is_over, is_own, sentence_at
from convrec.core.clock import NewId
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold, words
from convrec.core.understanding import Preference, Understanding

_NAMED = 80  # of 100: how much of a title the words of a message must have to name it
_QUOTED = 200  # characters of a sentence that are quoted
_SAME_VALUE = 85  # of 100: how alike two values of one fact are that are one, spelt otherwise
_FIRST = re.compile(r"\b(?:i|im|ive|id|we|weve)\b", re.IGNORECASE)
_PARTNER = re.compile(
    r"^(?:wife|husband|partner|girlfriend|boyfriend|fianc[eé]e?|spouse|missus|hubby|gf|bf|fella|(?:other|better) half)(?='s )"
)


@dataclass(frozen=True)
class Patch:
    """What a turn changes in a profile: entries written (new, or old ones now superseded or confirmed) and ids taken out."""

    entries: tuple[ProfileEntry, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where an entry comes from: the thread, the turn, the moment and the words."""

    thread_id: str
    turn: int
    now: datetime
    text: str


class Learner:
    """Gathers what one message writes into a profile, so that what it says twice is written once."""

    def __init__(self, profile: Iterable[ProfileEntry], origin: Origin, new_id: NewId) -> None:
        self._current = {entry.id: entry for entry in profile if entry.superseded_by is None}
        self._origin, self._new_id = origin, new_id
        self._written: dict[str, ProfileEntry] = {}
        self._spoken_for: list[tuple[int, int]] = []

    @property
    def patch(self) -> Patch:
        """Returns what was written."""
        return Patch(tuple(self._written.values()))

    def tastes(self, heard: Understanding) -> None:
        """Writes the lasting tastes, and the items liked or disliked by name; what is a wish for today is no fact."""
        text = self._origin.text
        own = [*_own_tastes(heard, text)]
        for taste in own:
            self.taste(taste)
        self._spoken_for += [taste.span for taste in own]
        self._spoken_for += [wish.span for wish in heard.preferences if _is_for_today(wish, text)]

    def facts(self, facts: Iterable[Fact]) -> None:
        """Writes the facts told in the message, and the changes of those known; of two in one place, or of one where a taste is, the first counts."""
        changed = [fact.span for fact in changes_of(self._origin.text) if self.change(fact)]
        spoken_for = [
            *self._spoken_for,
            *changed,
        ]  # "my favourite genre is drama" is a taste, "changed my mind, a romcom" a wish
        for fact in facts:
            if any(fact.span[0] < end and start < fact.span[1] for start, end in spoken_for):
                continue
            changes = (fact.instead or not fact.about) and self.change(fact)
            if not changes and fact.about:
                self.fact(fact)
            spoken_for.append(fact.span)

    def taste(self, taste: Preference) -> None:
        """Writes a taste; one that is known is confirmed, one that turned is superseded."""
        if taste.facet == "item" and taste.item_id is None:
            return
        old = next((entry for entry in self._current.values() if same_taste(entry, taste)), None)
        new = ProfileEntry(
            id="", facet=taste.facet, value=taste.value, item_id=taste.item_id, polarity=taste.polarity, strength=taste.strength, scope="lasting",
            quote=sentence_at(self._origin.text, taste.span[0])[:_QUOTED], **self._place(),
        )  # fmt: skip
        known = old is not None and (old.polarity, old.strength) == (taste.polarity, taste.strength)
        self._confirm(old) if old is not None and known else self._write(new, old)

    def change(self, fact: Fact) -> bool:
        """Writes a fact in the place of the one whose value it replaces or ends, and tells whether there is such a one; where somebody was born never ends."""
        told = (entry for entry in self._current.values() if entry.about not in ("", "origin") and entry.polarity > 0)
        old = next((entry for entry in told if alike(bare(entry.value), bare(fact.instead or fact.value))), None)
        if old is not None:
            self._write(self._told(replace(fact, about=old.about)), old)
        return old is not None

    def fact(self, fact: Fact) -> None:
        """Writes a fact; in other words it is the same one, another value supersedes it where a person has but one."""
        entries = [entry for entry in self._current.values() if entry.about]
        same = next((entry for entry in entries if _same_fact(entry, fact)), None)
        if same is not None and (same.polarity < 0) == fact.over:
            self._confirm(same)
        elif same is not None or not fact.over:
            of_kind = [entry for entry in entries if _matter(entry.about) == _matter(fact.about) not in MANY]
            self._write(self._told(fact), same or next(iter(of_kind), None))

    def _told(self, fact: Fact) -> ProfileEntry:
        start, end = fact.sentence or fact.span
        return ProfileEntry(
            id="", facet="text", value=fact.value, about=fact.about, polarity=-1 if fact.over else 1, scope="lasting",
            quote=self._origin.text[start:end].strip()[:_QUOTED], **self._place(),
        )  # fmt: skip

    def _place(self) -> dict[str, object]:
        at = self._origin
        return {"thread_id": at.thread_id, "turn": at.turn, "created": at.now, "updated": at.now}

    def _confirm(self, entry: ProfileEntry) -> None:
        confirmed = entry.model_copy(update={"updated": max(self._origin.now, entry.updated)})
        self._current[entry.id] = self._written[entry.id] = confirmed

    def _write(self, entry: ProfileEntry, old: ProfileEntry | None) -> None:
        new = entry.model_copy(update={"id": self._new_id()})
        if old is not None:
            del self._current[old.id]
            ended = max(self._origin.now, old.updated)
            self._written[old.id] = old.model_copy(update={"superseded_by": new.id, "updated": ended})
        self._current[new.id] = self._written[new.id] = new


def _own_tastes(heard: Understanding, text: str) -> Iterator[Preference]:
    """Yields the lasting tastes, and the items that are said to be liked or disliked: the person's own, not those of somebody whom they ask for or speak of."""
    for preference in heard.preferences:
        span, lasting = preference.span, preference.scope == "lasting"
        if not is_own(text, span):
            continue
        judged = is_judged(text, span)
        if preference.facet == "item":
            named = partial_ratio(fold(text[slice(*span)]), fold(preference.value)) >= _NAMED
            kept = judged or (named and lasting)  # "that one" must have been judged
        elif preference.facet == "text":
            kept = lasting and judged
        elif is_over(text, span):
            yield preference.model_copy(update={"polarity": -1, "strength": "soft"})
            continue
        else:
            kept = lasting
        if kept:
            yield preference


def _is_for_today(wish: Preference, text: str) -> bool:
    """Tells whether a value of the catalogue is wished for in a sentence that says nothing of an "I"."""
    return (
        wish.facet not in ("item", "text")
        and wish.scope != "lasting"
        and not _FIRST.search(sentence_at(text, wish.span[0]))
    )


def same_taste(entry: ProfileEntry, taste: Preference) -> bool:
    """Tells whether an entry is about the same item, or the same value of the same facet."""
    if entry.about:
        return False
    if entry.item_id or taste.item_id:
        return entry.item_id == taste.item_id
    return entry.facet == taste.facet and fold(entry.value) == fold(taste.value)


def settled(
    entries: Sequence[ProfileEntry], known: Sequence[ProfileEntry], current: Sequence[ProfileEntry]
) -> tuple[ProfileEntry, ...]:
    """Returns what may still be written of entries that were made of the profile as it was `known`, now that it is `current`.

    What was changed, added or taken out meanwhile by another hand stands: whatever is about the same is not written.
    """
    then, now = ({entry.id: _meant(entry) for entry in some} for some in (known, current))
    moved = [entry for entry in (*known, *current) if then.get(entry.id) != now.get(entry.id)]
    if not moved:
        return tuple(entries)
    ids = {entry.id for entry in moved}
    lost = ids | {entry.superseded_by for entry in entries if entry.id in ids}
    lost |= {entry.id for entry in entries if entry.id not in then and any(same_matter(entry, one) for one in moved)}
    return tuple(entry for entry in entries if entry.id not in lost and entry.superseded_by not in lost - {None})


def _meant(entry: ProfileEntry) -> ProfileEntry:
    """Returns an entry without when it was confirmed last."""
    return entry.model_copy(update={"updated": entry.created})


def same_matter(entry: ProfileEntry, other: ProfileEntry) -> bool:
    """Tells whether two entries are about the same: one item or value, whatever is thought of it, or a fact of which one holds."""
    if entry.about or other.about:
        one_of = entry.about not in MANY
        same = _matter(entry.about) == _matter(other.about)
        return same and (one_of or alike(bare(entry.value), bare(other.value)))
    return same_taste(
        other, Preference(facet=entry.facet, value=entry.value, item_id=entry.item_id, polarity=entry.polarity)
    )


def _same_fact(entry: ProfileEntry, fact: Fact) -> bool:
    """Tells whether an entry tells the same: of the same matter a value that is spelt alike, or in other words just the same value."""
    old, new = bare(entry.value), bare(fact.key)
    if _matter(entry.about) == _matter(fact.about):
        return alike(old, new)
    whose = [about for about in (entry.about, fact.about) if "'s " in about]
    return not whose and old == new and not new.isdigit()


def _matter(about: str) -> str:
    """Returns what a fact is about, whatever the one is called whom somebody shares their life with: of these there is one."""
    return _PARTNER.sub("partner", about)


def bare(value: str) -> str:
    """Returns a fact's value as words alone."""
    return " ".join(words(value))


def alike(old: str, new: str) -> bool:
    """Tells whether two bare values of one fact are one, spelt otherwise."""
    bare = [
        {word for word in text.split() if word not in ("a", "an", "the", "my", "old", "new")} for text in (old, new)
    ]
    if any(word.isdigit() for word in bare[0] | bare[1]):
        return bare[0] == bare[1]
    return bool(bare[0] and bare[1]) and (bare[0] <= bare[1] or bare[1] <= bare[0] or ratio(old, new) >= _SAME_VALUE)


def clicked(
    profile: tuple[ProfileEntry, ...], item_id: str, title: str, polarity: int, origin: Origin, new_id: NewId
) -> Patch:
    """Returns the patch for a like or dislike button."""
    learner = Learner(profile, origin, new_id)
    learner.taste(
        Preference(facet="item", value=title, item_id=item_id, polarity=1 if polarity > 0 else -1, scope="lasting")
    )
    return learner.patch


def unlearn(profile: tuple[ProfileEntry, ...], named: Iterable[Preference]) -> Patch:
    """Returns the patch that takes out the entries about the things named."""
    wanted = list(named)
    return Patch(removed=tuple(entry.id for entry in profile if any(same_taste(entry, taste) for taste in wanted)))


def faded(entry: ProfileEntry, now: datetime, half_life_days: float) -> float:
    """Returns the entry's weight today, in (0, 1]: it halves every `half_life_days` since it was last confirmed."""
    days = max((now - entry.updated).total_seconds() / 86_400, 0.0)
    return float(entry.weight * 0.5 ** (days / half_life_days))
