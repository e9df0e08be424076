"""Changes while the catalogue is served: a few rows put, patched, deleted or added, each call one new version, or none.

Whoever serves the workspace takes them up with the next turn. A bad row is an error of its own and does not stop the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.folding import fold_interactions, fold_items
from convrec.catalogue.intake_events import BadCellError, EventReader
from convrec.catalogue.schema import Schema, nearest
from convrec.catalogue.segments import DELETED, interactions_table, items_table, write_segment
from convrec.catalogue.store import disk_errors
from convrec.catalogue.values import BadValueError, identifier, stored
from convrec.catalogue.version import Version
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.text import well_formed

MOST_ROWS = 10_000
"""How many rows one call may bring."""

_WAIT_S = 5.0  # for another writer's place
_EVENT = ("user_id", "item_id", "value", "event", "timestamp")

Row = Mapping[str, Any]
Facts = dict[str, Any]


class BadRow(BaseModel):
    """A row that was not taken: its place in the call, from 0, its id where it has one, and why."""

    model_config = ConfigDict(frozen=True)

    row: int
    id: str | None
    error: str


class Written(BaseModel):
    """What a call did: the version in which its changes stand (the current one where there are none), rows taken, rows that were not."""

    model_config = ConfigDict(frozen=True)

    version: int
    written: int
    errors: tuple[BadRow, ...] = ()


class _BadRowError(ValueError):
    """A row can't be used; the message says why."""


def put_items(workspace: Workspace, rows: Sequence[Row]) -> Written:
    """Adds items, or replaces those of the same id: `{"id", "title", field: value, …}`, typed as the schema says. A later row of an id wins.

    A field that the catalogue does not have is an error of the row: new columns come by ingest.

    Raises:
        InputError: there are more than `MOST_ROWS` rows.
        BusyError: another process is writing, and still is after some seconds.
        WorkspaceError: the disk refuses; nothing was changed.
    """
    return _Write(workspace).items(rows, lambda write, item_id, given: write.whole(given))


def patch_items(workspace: Workspace, rows: Sequence[Row]) -> Written:
    """Changes the given fields of items that are there: `{"id", field: value, …}`; null takes a fact away.

    Raises:
        InputError, BusyError, WorkspaceError: as for `put_items`.
    """
    return _Write(workspace).items(rows, lambda write, item_id, given: write.merged(item_id, given))


def delete_items(workspace: Workspace, ids: Sequence[str]) -> Written:
    """Takes items away; an id that is not there is an error of the row.

    Raises:
        InputError, BusyError, WorkspaceError: as for `put_items`.
    """
    return _Write(workspace).deletions(ids)


def add_interactions(workspace: Workspace, rows: Sequence[Row]) -> Written:
    """Adds events, `{"user_id", "item_id", "value", "event", "timestamp"}`, of which the last three may be left out; without a time, it is now.

    Raises:
        InputError, BusyError, WorkspaceError: as for `put_items`.
    """
    return _Write(workspace).events(rows)


class _Write:
    """One call. Whatever it reads and writes happens while it holds the writer's place."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace, self._folder = workspace, workspace.store.segments
        self._errors: list[BadRow] = []
        self._schema, self._names = Schema(), frozenset[str]()
        self._pending: dict[str, Facts] = {}

    def items(self, rows: Sequence[Row], facts_of: Callable[[_Write, str, Facts], Facts]) -> Written:
        """Puts the items that `facts_of` makes of an id and the fields given with it."""

        def take(current: Version) -> dict[str, Any]:
            for place, row in enumerate(rows):
                self._tried(place, _id_of(row), partial(self._put, row, facts_of))
            if not self._pending:
                return {}
            columns = {
                field: [facts.get(field.name) for facts in self._pending.values()] for field in self._schema.fields
            }
            added = write_segment(self._folder, "items", items_table(list(self._pending), columns))
            return {"items": fold_items(self._folder, [*current.items, added], self._schema)}

        return self._published(rows, take)

    def deletions(self, ids: Sequence[str]) -> Written:
        """Takes the items of these ids away."""

        def take(current: Version) -> dict[str, Any]:
            known, gone = self._catalogue.known, list[str]()
            for place, item_id in enumerate(ids):
                self._tried(place, item_id, lambda: gone.append(_there(identifier(item_id), known)))  # noqa: B023  (called at once)
            if not gone:
                return {}
            added = write_segment(self._folder, DELETED, items_table(list(dict.fromkeys(gone)), {}))
            return {"items": fold_items(self._folder, [*current.items, added], self._schema)}

        return self._published(ids, take)

    def events(self, rows: Sequence[Row]) -> Written:
        """Adds the events."""

        def take(current: Version) -> dict[str, Any]:
            reader, now = EventReader(self._catalogue.known), self._workspace.now().timestamp()
            found: list[tuple[str, str, float | None, str, float | None]] = []
            for place, row in enumerate(rows):
                self._tried(place, _id_of(row, "item_id"), lambda: found.append(_event(reader, row, now)))  # noqa: B023  (the same)
            if not found:
                return {}
            added = write_segment(self._folder, "interactions", interactions_table(found))
            return {"interactions": fold_interactions(self._folder, [*current.interactions, added])}

        return self._published(rows, take)

    @cached_property
    def _catalogue(self) -> Catalogue:
        return self._workspace.latest()

    def whole(self, given: Facts) -> Facts:
        """Returns the facts of an item that is put as a whole.

        Raises:
            _BadRowError: it has no title.
        """
        if not given.get("title"):
            raise _BadRowError("the title is missing")
        return given

    def merged(self, item_id: str, given: Facts) -> Facts:
        """Returns an item's facts with the given ones in the place of its own.

        Raises:
            _BadRowError: there is no such item, or its title is taken away.
        """
        catalogue = self._catalogue
        known = self._pending.get(item_id) or catalogue.item(_there(item_id, catalogue.known)).facts
        return self.whole({**known, **given})

    def _put(self, row: Row, facts_of: Callable[[_Write, str, Facts], Facts]) -> None:
        if not isinstance(row, Mapping):
            raise _BadRowError("a row is an object with an `id`")
        item_id = identifier(row.get("id"))
        facts = facts_of(self, item_id, {name: self._typed(name, value) for name, value in row.items() if name != "id"})
        self._pending.pop(item_id, None)
        self._pending[item_id] = facts

    def _typed(self, name: str, value: Any) -> Any:
        if name not in self._names:
            raise _BadRowError(f"there is no field `{name}`; {nearest(str(name), self._schema.names)}")
        try:
            found = stored(value, self._schema.field(name))
        except BadValueError as error:
            raise _BadRowError(f"`{name}`: {error}") from error
        return " ".join(found.split()) if name == "title" and isinstance(found, str) else found

    def _tried(self, place: int, item_id: Any, take: Callable[[], Any]) -> None:
        try:
            take()
        except (_BadRowError, BadValueError, BadCellError) as error:
            named = well_formed(item_id) if isinstance(item_id, str) else None
            self._errors.append(BadRow(row=place, id=named, error=well_formed(str(error))))

    def _published(self, rows: Sequence[Any], take: Callable[[Version], dict[str, Any]]) -> Written:
        if len(rows) > MOST_ROWS:
            raise InputError(
                f"There are {len(rows):,} rows.", f"Bring at most {MOST_ROWS:,} a call, or use `convrec ingest`."
            )
        workspace = self._workspace
        with disk_errors(workspace.root), workspace.lock(wait_s=_WAIT_S), workspace.store.tidied():
            current = workspace.current()
            self._schema = workspace.schema_of(current)
            self._names = frozenset(self._schema.names)
            changed = take(current)
            version = workspace.publish("live", **changed) if changed else current
        return Written(version=version.number, written=len(rows) - len(self._errors), errors=tuple(self._errors))


def _id_of(row: Any, name: str = "id") -> Any:
    return row.get(name) if isinstance(row, Mapping) else None


def _there(item_id: str, known: Iterable[str]) -> str:
    if item_id not in known:
        raise _BadRowError(f"there is no item {item_id!r}")
    return item_id


def _event(reader: EventReader, row: Row, now: float) -> tuple[str, str, float | None, str, float | None]:
    if not isinstance(row, Mapping):
        raise _BadRowError("a row is an object with `user_id` and `item_id`")
    unknown = next((name for name in row if name not in _EVENT), None)
    if unknown is not None:
        raise _BadRowError(f"there is no field `{unknown}`; {nearest(str(unknown), _EVENT)}")
    user, item, value, event, moment = reader.event(row)
    return user, item, value, event, now if moment is None else moment
