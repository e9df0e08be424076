"""Changes that a person makes to their profile themselves: add, correct, weigh, pause, take out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from convrec.agent.memory.learning import Patch, same_taste
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import NewId
from convrec.core.errors import ConvrecError, InputError
from convrec.core.predicate import parse_predicate
from convrec.core.profile import ProfileEntry
from convrec.core.text import fold, well_formed
from convrec.core.understanding import Preference

_GIVEN = frozenset(ProfileEntry.model_fields) - {"id", "superseded_by"}
_CHANGED = frozenset({"value", "polarity", "strength", "weight", "paused", "expires", "about"})
_MEANING = frozenset({"value", "polarity", "strength", "about"})
"""What, corrected, makes an entry one of today; a taste weighed anew is as old as it was."""


class Editor:
    """Turns a document of changes into a patch of one person's profile."""

    def __init__(self, catalogue: Catalogue, profile: Sequence[ProfileEntry], now: datetime, new_id: NewId) -> None:
        self._catalogue, self._now, self._new_id = catalogue, now, new_id
        self._entries = {entry.id: entry for entry in profile}

    def edit(
        self,
        add: Sequence[Mapping[str, Any]] = (),
        update: Sequence[Mapping[str, Any]] = (),
        remove: Sequence[str] = (),
    ) -> Patch:
        """Returns the patch: entries without id to add, `{"id", …}` to change, ids to take out; all of it or nothing.

        What is added about something that is known already changes that entry.

        Raises:
            InputError: a facet, item, key or id is unknown, or a value of the wrong type; it says which.
        """
        written: dict[str, ProfileEntry] = {}
        for change in update:
            entry = self._changed(dict(change))
            written[entry.id] = self._entries[entry.id] = entry
        for document in add:
            entry = self._added(dict(document))
            written[entry.id] = self._entries[entry.id] = entry
        for entry_id in remove:
            self._known(entry_id)
        return Patch(tuple(entry for entry in written.values() if entry.id not in remove), tuple(remove))

    def _known(self, entry_id: object) -> ProfileEntry:
        entry = self._entries.get(str(entry_id))
        if entry is None:
            raise InputError(f"The profile has no entry {entry_id!r}.", "`convrec profile show` lists the ids.")
        return entry

    def _changed(self, change: dict[str, Any]) -> ProfileEntry:
        entry = self._known(change.pop("id", None))
        _only(change, _CHANGED)
        moved = {"updated": max(self._now, entry.updated)} if _MEANING & change.keys() else {}
        return self._checked({**entry.model_dump(), **change, **moved})

    def _added(self, document: dict[str, Any]) -> ProfileEntry:
        _only(document, _GIVEN)
        times = {
            "created": document.get("created", self._now),
            "updated": document.get("updated", document.get("created", self._now)),
        }
        entry = self._checked({"polarity": 1, "scope": "lasting", "value": "", **document, **times, "id": "new"})
        taste = Preference(facet=entry.facet, value=entry.value, item_id=entry.item_id, polarity=entry.polarity)
        old = next((known for known in self._entries.values() if _same(known, entry, taste)), None)
        if old is None:
            return entry.model_copy(update={"id": self._new_id()})
        return entry.model_copy(update={"id": old.id, "created": old.created, "quote": entry.quote or old.quote})

    def _checked(self, document: dict[str, Any]) -> ProfileEntry:
        broken = [name for name, value in document.items() if isinstance(value, str) and well_formed(value) != value]
        if broken:
            raise InputError(f"The profile entry's {broken[0]} holds half of a character.", "Correct it.")
        try:
            entry = ProfileEntry.model_validate(document)
        except ValidationError as error:
            first = error.errors()[0]
            raise InputError(
                f"The profile entry's {'.'.join(map(str, first['loc']))} is not right: {first['msg']}.", "Correct it."
            ) from error
        if entry.facet == "item":
            if entry.item_id is None:
                raise InputError("A profile entry about an item needs its item_id.", "Give the item's id.")
            return entry.model_copy(update={"value": self._catalogue.item(entry.item_id).title})
        if not entry.value.strip():
            raise InputError("A profile entry needs a value.", "Give what is liked or disliked.")
        return entry if entry.facet == "text" else self._linked(entry)

    def _linked(self, entry: ProfileEntry) -> ProfileEntry:
        """Returns an entry with its value as the catalogue spells it."""
        schema = self._catalogue.schema
        if entry.facet not in schema.names:
            known = [*schema.names, "item", "text"]
            near = get_close_matches(entry.facet, known, 1, 0.0)
            raise InputError(
                f"The facet {entry.facet!r} is unknown.", f"The nearest is {near[0]!r}; a wish in free words is 'text'."
            )
        field = schema.field(entry.facet)
        if field.valued:
            found = self._catalogue.values(field.name).find(entry.value)
            return entry if found is None else entry.model_copy(update={"value": found})
        if field.measured:
            low, dots, high = entry.value.partition("..")
            try:
                for bound in filter(None, (low, high) if dots else (low,)):
                    self._catalogue.mask(
                        parse_predicate(
                            {
                                "field": field.name,
                                "op": "ge",
                                "value": bound if field.type == "date" else float(bound),
                            }
                        )
                    )
            except (ConvrecError, ValueError) as error:
                raise InputError(
                    f"{entry.value!r} is no range of {field.name}.", "Write 1990..1999, 1990.. or ..1999."
                ) from error
        return entry


def _only(document: Mapping[str, Any], allowed: frozenset[str]) -> None:
    unknown = sorted(document.keys() - allowed)
    if unknown:
        raise InputError(f"{unknown[0]!r} can't be given for a profile entry.", f"Use {', '.join(sorted(allowed))}.")


def _same(known: ProfileEntry, entry: ProfileEntry, taste: Preference) -> bool:
    if entry.about or known.about:
        return known.about == entry.about and fold(known.value) == fold(entry.value)
    return same_taste(known, taste)
