"""The profile: lasting tastes, written only from the user's own words or clicks, each with its quote."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from convrec.core.clock import NewId
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold
from convrec.core.understanding import Preference, Understanding


@dataclass(frozen=True)
class Patch:
    """What a turn changes in a profile: entries written (new, or old ones now superseded) and ids taken out."""

    entries: tuple[ProfileEntry, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where an entry comes from: the thread, the turn, the moment and the words."""

    thread_id: str
    turn: int
    now: datetime
    text: str


def learn(profile: tuple[ProfileEntry, ...], heard: Understanding, origin: Origin, new_id: NewId) -> Patch:
    """Returns the patch for what the message says lastingly: tastes marked so, and films liked or disliked by name."""
    written: list[ProfileEntry] = []
    for preference in heard.preferences:
        if preference.scope == "lasting" or preference.facet == "item":
            written += _written(profile, preference, origin, new_id)
    return Patch(tuple(written))


def _written(profile: tuple[ProfileEntry, ...], taste: Preference, origin: Origin, new_id: NewId) -> list[ProfileEntry]:
    """Returns the new entry, and the older one about the same thing as superseded; nothing when it is known already."""
    if taste.facet == "item" and taste.item_id is None:
        return []
    old = next((entry for entry in profile if _same(entry, taste)), None)
    if old is not None and old.polarity == taste.polarity and old.strength == taste.strength:
        return []
    start, end = taste.span
    entry = ProfileEntry(
        id=new_id(), facet=taste.facet, value=taste.value, item_id=taste.item_id, polarity=taste.polarity, strength=taste.strength,
        scope="lasting", quote=origin.text[start:end] or origin.text[:200], thread_id=origin.thread_id, turn=origin.turn,
        created=origin.now, updated=origin.now,
    )  # fmt: skip
    superseded = [old.model_copy(update={"superseded_by": entry.id, "updated": origin.now})] if old else []
    return [*superseded, entry]


def _same(entry: ProfileEntry, taste: Preference) -> bool:
    if entry.item_id or taste.item_id:
        return entry.item_id == taste.item_id
    return entry.facet == taste.facet and fold(entry.value) == fold(taste.value)


def clicked(
    profile: tuple[ProfileEntry, ...], item_id: str, title: str, polarity: int, origin: Origin, new_id: NewId
) -> Patch:
    """Returns the patch for a like or dislike button."""
    taste = Preference(facet="item", value=title, item_id=item_id, polarity=1 if polarity > 0 else -1, scope="lasting")
    return Patch(tuple(_written(profile, taste, origin, new_id)))


def unlearn(profile: tuple[ProfileEntry, ...], named: Iterable[Preference]) -> Patch:
    """Returns the patch that takes out the entries about the things named."""
    wanted = list(named)
    return Patch(removed=tuple(entry.id for entry in profile if any(_same(entry, taste) for taste in wanted)))


def faded(entry: ProfileEntry, now: datetime, half_life_days: float) -> float:
    """Returns the entry's weight today, in (0, 1]: it halves every `half_life_days` since it was last confirmed."""
    days = max((now - entry.updated).total_seconds() / 86_400, 0.0)
    return float(entry.weight * 0.5 ** (days / half_life_days))
