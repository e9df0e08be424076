"""Interactions from rows: users, items, values, events and times checked, repeats of what is there left out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import pyarrow as pa

from convrec.catalogue.interactions import EVENTS
from convrec.catalogue.reading import Source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import nearest
from convrec.catalogue.segments import interactions_table
from convrec.catalogue.values import BadValueError, identifier, number, seconds, shown
from convrec.core.errors import InputError, RejectedRowsError, UserIdError
from convrec.core.ids import checked_id
from convrec.core.progress import Progress

_EVERY = 20_000  # rows between two looks at the progress


class BadCellError(ValueError):
    """One cell of a row can't be used."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(reason)


class EventReader:
    """Checks rows one by one; ids that come again are looked up, not checked again."""

    def __init__(self, known: AbstractSet[str]) -> None:
        self._known = known
        self._users: dict[str, str] = {}
        self._items: dict[str, str] = {}

    def event(self, row: Mapping[str, Any]) -> tuple[str, str, float | None, str, float | None]:
        """Returns (user, item, value, event, Unix seconds).

        Raises:
            BadCellError: one of them can't be used.
        """
        user, item = row.get("user_id"), row.get("item_id")
        value = _cell("value", row.get("value"))
        moment = _cell("timestamp", row.get("timestamp"))
        return (
            (isinstance(user, str) and self._users.get(user)) or self._user(user),
            (isinstance(item, str) and self._items.get(item)) or self._item(item),
            value,
            _event(row.get("event"), value),
            moment,
        )

    def _user(self, raw: Any) -> str:
        try:
            user = checked_id(identifier(raw))
        except (BadValueError, UserIdError) as error:
            raise BadCellError("user_id", str(error)) from error
        if isinstance(raw, str):
            self._users[raw] = user
        return user

    def _item(self, raw: Any) -> str:
        try:
            item = identifier(raw)
        except BadValueError as error:
            raise BadCellError("item_id", str(error)) from error
        if item not in self._known:
            raise BadCellError("item_id", f"there is no item {item!r}")
        if isinstance(raw, str):
            self._items[raw] = item
        return item


def take_interactions(
    sources: Sequence[Source], known: AbstractSet[str], rejections: Rejections, progress: Progress
) -> Any:
    """Returns the interactions of all sources as an Arrow table; those with unknown items are rejected.

    Raises:
        RejectedRowsError: no row of a file can be used.
        InputError: a file has no rows.
    """
    events: list[tuple[str, str, float | None, str, float | None]] = []
    checker = EventReader(known)
    for source in sources:
        taken = len(events)
        for n, (line, row) in enumerate(source.rows(rejections)):
            if n % _EVERY == 0:
                progress(f"reading {source.name}", n, None)
            try:
                events.append(checker.event(row))
            except BadCellError as error:
                rejections.add(source.name, line, error.column, error.reason)
        if len(events) == taken:
            _none_usable(source, rejections)
    return interactions_table(events)


def new_events(there: Any, brought: Any) -> Any:
    """Returns the brought events that are not there yet, so that a file taken in twice counts once.

    An event that the brought rows repeat is kept as often as they repeat it, less how often it is there.
    """
    if not len(there):
        return brought
    left = Counter(_rows(there))
    fresh = []
    for event in _rows(brought):
        if left[event] > 0:
            left[event] -= 1
            fresh.append(False)
        else:
            fresh.append(True)
    return brought.filter(pa.array(fresh, pa.bool_()))


def _rows(table: Any) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _cell(column: str, raw: Any) -> float | None:
    if raw is None or raw == "":
        return None
    try:
        return seconds(raw) if column == "timestamp" else number(raw)
    except BadValueError as error:
        raise BadCellError(column, str(error)) from error


def _event(raw: Any, value: float | None) -> str:
    if raw is None or raw == "":
        return "" if value is None else "rating"
    name = str(raw).strip().casefold()
    if name not in EVENTS:
        raise BadCellError("event", f"{shown(raw)} is no event; {nearest(name, EVENTS)}")
    return name


def _none_usable(source: Source, rejections: Rejections) -> None:
    n = rejections.counts[source.name]
    if not n:
        raise InputError(f"{source.name} has no rows.", "Give a file with rows.")
    raise RejectedRowsError(f"No row of {source.name} can be used; nothing was changed. The first: {rejections.first}.")
