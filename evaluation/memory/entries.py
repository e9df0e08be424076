"""What a profile's entries are worth: which fact each is, which are junk, out of date, or there twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from convrec.evaluation.memory.facts import Known, Value

Entry = Mapping[str, Any]


@dataclass(frozen=True)
class Audit:
    """A profile against what is known: entries that last, those of them that are some fact, facts that have an entry of their own, entries that were true once, and the rest."""

    entries: tuple[Entry, ...]
    right: tuple[Entry, ...]
    covered: int
    stale: tuple[Entry, ...]
    junk: tuple[Entry, ...]

    @property
    def doubled(self) -> int:
        """Returns how many entries say what another says."""
        return len(self.right) - self.covered


def audit(profile: Sequence[Entry], told: Sequence[Known]) -> Audit:
    """Returns what the lasting entries of a profile are worth; wishes of a session are no part of it, nor that something is no longer so."""
    lasting = [entry for entry in profile if entry["scope"] == "lasting" or entry["facet"] == "text"]
    entries = [entry for entry in lasting if not any(is_denied(entry, each) for each in told)]
    now = [each for each in told if each.value is not None]
    fitting = [[place for place, each in enumerate(now) if is_about(entry, each, each.value)] for entry in entries]
    right = [entry for entry, places in zip(entries, fitting, strict=True) if places]
    rest = [entry for entry, places in zip(entries, fitting, strict=True) if not places]
    stale = [entry for entry in rest if any(is_about(entry, each, each.old) for each in told)]
    junk = [entry for entry in rest if entry not in stale]
    return Audit(tuple(entries), tuple(right), _covered(fitting), tuple(stale), tuple(junk))


def is_about(entry: Entry, each: Known, value: Value | None) -> bool:
    """Tells whether an entry says that a fact has a value."""
    fact = each.fact
    if value is None or entry["polarity"] != fact.polarity:
        return False
    if fact.item and entry["item_id"]:
        return bool(entry["item_id"] == fact.item)
    if fact.facet == "text":
        return entry["facet"] == "text" and value.within(f"{entry['about']} {entry['value']}")
    return value.within(str(entry["value"]))


def is_denied(entry: Entry, each: Known) -> bool:
    """Tells whether an entry says that what was so is no longer so: true, though nobody needs it."""
    return is_about({**entry, "polarity": -entry["polarity"]}, each, each.old) and not is_about(entry, each, each.value)


def _covered(fitting: Sequence[Sequence[int]]) -> int:
    """Returns how many facts can have an entry of their own at most (a matching by augmenting paths: Kuhn 1955)."""
    holder: dict[int, int] = {}

    def placed(entry: int, tried: set[int]) -> bool:
        for fact in fitting[entry]:
            if fact not in tried:
                tried.add(fact)
                if fact not in holder or placed(holder[fact], tried):
                    holder[fact] = entry
                    return True
        return False

    return sum(placed(entry, set()) for entry in range(len(fitting)))
