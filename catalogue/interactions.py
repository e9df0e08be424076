"""What people did with items: ratings, views, purchases and the like, as arrays."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from convrec.catalogue.columns import Floats, Ints

EVENTS = ("rating", "view", "click", "purchase", "play", "like", "dislike", "skip")


@dataclass(frozen=True)
class Interactions:
    """Events in the order in which they were brought; all arrays are `(n_events,)`.

    `users` are the ids that `user` indexes; `row` is the item's row in the catalogue; `value` is NaN where none was given;
    `event` is one of `EVENTS`, "" where none was said; `timestamp` is in Unix seconds, NaN where unknown. Events with items that
    are no longer in the catalogue are dropped and counted in `n_unknown`.
    """

    users: list[str]
    user: Ints
    row: Ints
    value: Floats
    event: npt.NDArray[np.str_]
    timestamp: Floats
    n_unknown: int

    def __len__(self) -> int:
        return len(self.user)

    def of_user(self, user_id: str) -> "Interactions":
        """Returns one person's events; none where nothing is known of them."""
        place = self._places.get(user_id)
        kept = np.flatnonzero(self.user == place) if place is not None else np.empty(0, np.int64)
        return Interactions(
            [user_id], np.zeros(len(kept), np.int64), self.row[kept], self.value[kept], self.event[kept], self.timestamp[kept], 0,
        )  # fmt: skip

    def and_then(self, table: Any, row_of: Mapping[str, int]) -> "Interactions":
        """Returns these events and those of an Arrow table after them."""
        later = interactions_of(table, row_of)
        places = dict(self._places)
        mapped = np.array([places.setdefault(user, len(places)) for user in later.users], np.int64)
        whole = Interactions(
            users=list(places),
            user=np.concatenate([self.user, mapped[later.user] if len(later) else later.user]),
            row=np.concatenate([self.row, later.row]),
            value=np.concatenate([self.value, later.value]),
            event=np.concatenate([self.event, later.event]),
            timestamp=np.concatenate([self.timestamp, later.timestamp]),
            n_unknown=self.n_unknown + later.n_unknown,
        )
        whole.__dict__["_places"] = places
        return whole

    @cached_property
    def _places(self) -> dict[str, int]:
        return {user: place for place, user in enumerate(self.users)}


def interactions_of(table: Any, row_of: Mapping[str, int]) -> Interactions:
    """Returns an Arrow table of interactions as arrays, their items as rows of a catalogue."""
    users, user = _coded(table.column("user_id"))
    items, item = _coded(table.column("item_id"))
    events, event = _coded(table.column("event"))
    rows = np.array([row_of.get(each, -1) for each in items], np.int64)[item] if items else item
    known = rows >= 0
    return Interactions(
        users=users,
        user=user[known],
        row=rows[known],
        value=_floats(table.column("value"))[known],
        event=(np.array(events, np.str_)[event] if events else np.empty(0, np.str_))[known],
        timestamp=_floats(table.column("timestamp"))[known],
        n_unknown=int((~known).sum()),
    )


def _coded(column: Any) -> tuple[list[str], Ints]:
    whole = column.combine_chunks()
    whole = whole.chunk(0) if hasattr(whole, "num_chunks") and whole.num_chunks else whole
    return whole.dictionary.to_pylist(), whole.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _floats(column: Any) -> Floats:
    floats: Floats = column.to_numpy().astype(np.float64)
    return floats
