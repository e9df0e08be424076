"""People who ask, drawn from a catalogue: what they like, what they dislike, and what they look for, in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.errors import InputError
from convrec.core.text import fold
from convrec.tools.feedback import best_rating, positive

_LIKED = 2
_FEWEST = 4  # items that a value must leave
_WELL_KNOWN = 400  # people without a history like the items that most chose


@dataclass(frozen=True)
class Asker:
    """Somebody with two items liked and one disliked, by their ids, who looks for items that carry a value of a field."""

    id: str
    liked: tuple[str, ...]
    disliked: str
    field: str
    value: str
    said: tuple[str, ...]
    """Their messages: what they like, what they don't, what they look for."""


def askers(catalogue: Catalogue, n: int, seed: int = 0) -> list[Asker]:
    """Returns `n` people whose titles and values are each of one item or field alone, so that no doubt is left about what they mean.

    Raises:
        InputError: the catalogue has no such items, or no such values.
    """
    chance = Random(f"askers/{seed}")
    clear = _clear(catalogue)
    histories = [rows for rows in _histories(catalogue) if len(rows & clear) >= _LIKED]
    every = sorted(clear)
    values = _values(catalogue)
    if len(every) <= _LIKED or not values:
        raise InputError(
            "The catalogue has too few titles, or no kinds, to ask about.",
            "Bring items with a field of tags or a category.",
        )
    found = []
    for number in range(n):
        own = sorted(histories[number % len(histories)] & clear) if histories else every[:_WELL_KNOWN]
        liked = chance.sample(own, _LIKED)
        disliked = chance.choice([row for row in every if row not in liked])
        carried = [
            (field, value)
            for field, value in values
            if any(value in catalogue.values(field.name).of(row) for row in liked)
        ]
        field, value = chance.choice(carried or values)
        found.append(_asker(catalogue, f"asker {number}", liked, disliked, field, value))
    return found


def _asker(catalogue: Catalogue, name: str, liked: Sequence[int], disliked: int, field: Field, value: str) -> Asker:
    titles = [catalogue.titles[row] for row in liked]
    said = (
        f"I loved {titles[0]}, and {titles[1]} was great too.",
        f"I didn't like {catalogue.titles[disliked]} at all.",
        f"Show me something with {field.label or field.name.replace('_', ' ')} {value}, please.",
    )
    return Asker(name, tuple(catalogue.ids[row] for row in liked), catalogue.ids[disliked], field.name, value, said)


def _clear(catalogue: Catalogue) -> set[int]:
    """Returns the items whose title is theirs alone, and long enough to be no word of a sentence."""
    folded = [fold(title) for title in catalogue.titles]
    times: dict[str, int] = {}
    for title in folded:
        times[title] = times.get(title, 0) + 1
    return {row for row, title in enumerate(folded) if times[title] == 1 and len(title) > _FEWEST}


def _histories(catalogue: Catalogue) -> Iterator[set[int]]:
    """Yields what each person of the interactions chose and liked."""
    if not catalogue.has_interactions:
        return
    events = catalogue.interactions()
    kept = positive(events, np.ones(len(events), np.bool_), best_rating(events))
    order = np.argsort(events.user[kept], kind="stable")
    users, rows = events.user[kept][order], events.row[kept][order]
    for some in np.split(rows, np.flatnonzero(np.diff(users)) + 1):
        yield set(some.tolist())


def _values(catalogue: Catalogue) -> list[tuple[Field, str]]:
    """Returns the values of kinds that some items carry, each of one field alone."""
    found: dict[str, list[tuple[Field, str]]] = {}
    for field in catalogue.schema.valued:
        index = catalogue.values(field.name)
        for value in index.values:
            found.setdefault(fold(value), []).append((field, value))
    alone = [each[0] for each in found.values() if len(each) == 1]
    return [
        (field, value)
        for field, value in alone
        if _FEWEST <= len(catalogue.values(field.name).rows(value)) < len(catalogue)
    ]
