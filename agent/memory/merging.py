"""Two profiles that turn out to be one person's."""

from collections.abc import Sequence
from dataclasses import dataclass

from convrec.agent.memory.learning import alike, bare, same_matter
from convrec.core.profile import ProfileEntry


@dataclass(frozen=True)
class Joined:
    """What two profiles are together: the entries to write, and, of those that came in, the ones that an own entry says already."""

    entries: tuple[ProfileEntry, ...]
    said: frozenset[str]


def joined(own: Sequence[ProfileEntry], others: Sequence[ProfileEntry]) -> Joined:
    """Returns the entries that bring a profile to what both say. Both come with their history; no id is in both.

    What both say is said once, since the earlier and until the later of the two, weighed and paused as in the later. Where they say
    different things of one matter, the later holds, and supersedes the other.
    """
    current = [entry for entry in own if entry.superseded_by is None]
    written = {entry.id: entry for entry in others}
    instead: dict[str, str] = {}
    for entry in others:
        same = next((one for one in current if same_matter(entry, one)), None)
        if entry.superseded_by is not None or same is None:
            continue
        same = written.get(same.id, same)
        if same.superseded_by is not None:
            continue
        later, earlier = (entry, same) if entry.updated > same.updated else (same, entry)
        if _say_the_same(entry, same):
            instead[entry.id] = same.id
            written[same.id] = same.model_copy(
                update={"created": min(entry.created, same.created), "updated": later.updated, "weight": later.weight, "paused": later.paused}
            )  # fmt: skip
        else:
            written[earlier.id] = earlier.model_copy(update={"superseded_by": later.id, "updated": later.updated})
    entries = (
        entry.model_copy(update={"superseded_by": instead.get(entry.superseded_by or "", entry.superseded_by)})
        for entry in written.values()
        if entry.id not in instead
    )
    return Joined(tuple(entries), frozenset(instead))


def _say_the_same(entry: ProfileEntry, other: ProfileEntry) -> bool:
    if (entry.polarity, entry.strength) != (other.polarity, other.strength):
        return False
    return not entry.about or alike(bare(entry.value), bare(other.value))
