"""From events and dialogues to what tools learn from: who chose what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.interactions import Interactions
from convrec.core.errors import NotFittedError
from convrec.tools.contract import Bools, Floats, Ints

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_GOOD_SHARE = 0.7  # of the best value on the scale; 3.5 of 5 stars
_REFUSED = ("dislike", "skip")
_CHOSEN = ("liked", "recommended", "mentioned", "seen")


def positive(events: Interactions, kept: Bools, best: float | None = None) -> Bools:
    """Returns `(n_events,)`, true where the person liked it; of events that are not `kept` nothing is known, their ratings' scale neither.

    Dislikes and skips are not. A rating is where it is no lower than the person's mean and than 0.7 of the scale's top (3.5 of 5), which
    is the `best` rating, of these events where not given. Anything else (a view, a purchase, an event without a value) is.
    """
    rated = is_rating(events) & kept
    liked = kept & ~np.isin(events.event, _REFUSED)
    if rated.any():
        values = np.where(rated, events.value, 0.0)
        n = np.bincount(events.user, weights=rated, minlength=len(events.users))
        mean = np.bincount(events.user, weights=values, minlength=len(events.users)) / np.maximum(n, 1)
        floor = np.maximum(
            mean[events.user] - 1e-9, _GOOD_SHARE * (events.value[rated].max() if best is None else best)
        )
        liked &= ~rated | (events.value >= floor)
    return liked


def best_rating(events: Interactions) -> float | None:
    """Returns the highest rating of all; None where there is none."""
    rated = events.value[is_rating(events)]
    return float(rated.max()) if len(rated) else None


def is_rating(events: Interactions) -> Bools:
    """Returns `(n_events,)`, true where the event's value is a judgement: it says `rating`, or says nothing but a value."""
    return np.isin(events.event, ("rating", "")) & ~np.isnan(events.value)


def matrix(users: Ints, rows: Ints, n_users: int, n_items: int) -> csr_array[Any, tuple[int, int]]:
    """Returns `(n_users, n_items)` float32, 1 wherever the user chose the item at least once."""
    from scipy.sparse import csr_array as csr

    chosen = csr((np.ones(len(users), np.float32), (users, rows)), shape=(n_users, n_items))
    chosen.sum_duplicates()
    chosen.data[:] = 1.0
    return chosen


def dialogue_choices(dialogues: Sequence[Dialogue], catalogue: Catalogue) -> tuple[Ints, Ints]:
    """Returns users (the dialogues' places) and rows of what was liked, recommended or mentioned, and never disliked, in each."""
    users, rows = [], []
    for place, dialogue in enumerate(dialogues):
        named = [item for turn in dialogue.turns for item in turn.items]
        disliked = {item.id for item in named if item.relation == "disliked"}
        for item_id in dict.fromkeys(item.id for item in named if item.relation in _CHOSEN):
            row = catalogue.row(item_id)
            if item_id not in disliked and row is not None:
                users.append(place)
                rows.append(row)
    return np.array(users, np.int64), np.array(rows, np.int64)


def enough(user_items: csr_array[Any, tuple[int, int]]) -> Ints:
    """Returns the rows of all items that someone chose, ascending.

    Raises:
        NotFittedError: fewer than two people chose two items or more, so nothing can be learned about what goes with what.
    """
    per_user = np.diff(user_items.indptr)
    if int((per_user >= 2).sum()) < 2:
        raise NotFittedError(
            "Fewer than two people chose two items or more.", "Ingest more interactions or dialogues with items."
        )
    return np.unique(user_items.indices).astype(np.int64)


def ratings(events: Interactions, kept: Bools) -> Floats:
    """Returns `(n_ratings, 2)`: row and value of every kept rating."""
    rated = is_rating(events) & kept
    return np.stack([events.row[rated].astype(np.float64), events.value[rated]], axis=1)


def without(
    pairs: Iterable[tuple[int, int]], user_items: csr_array[Any, tuple[int, int]]
) -> csr_array[Any, tuple[int, int]]:
    """Returns the matrix with some (user, row) entries taken out."""
    taken = set(pairs)
    coo = user_items.tocoo()
    users, rows = coo.coords
    kept = np.array(
        [(user, row) not in taken for user, row in zip(users.tolist(), rows.tolist(), strict=True)], np.bool_
    )
    return matrix(users[kept].astype(np.int64), rows[kept].astype(np.int64), *user_items.shape)
