"""Parquet segments: how items, deletions, interactions and dialogues lie on the disk, and how they come together again."""

import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.schema import Field, FieldType, Schema
from convrec.catalogue.store import new_file
from convrec.catalogue.values import BadValueError, stored
from convrec.core.errors import InputError, WorkspaceError

DELETED = "deleted"

_TEXTS = pa.dictionary(pa.int32(), pa.string())
INTERACTIONS = pa.schema(
    [("user_id", _TEXTS), ("item_id", _TEXTS), ("value", pa.float64()), ("event", _TEXTS), ("timestamp", pa.float64())]
)
_NAMED = pa.struct([("id", pa.string()), ("relation", pa.string()), ("start", pa.int32()), ("end", pa.int32())])
_SAID = pa.struct([("role", pa.string()), ("text", pa.string()), ("items", pa.list_(_NAMED))])
DIALOGUES = pa.schema([("id", pa.string()), ("turns", pa.list_(_SAID))])


def arrow_type(kind: FieldType) -> Any:
    """Returns the Arrow type in which values of a field type are kept."""
    match kind:
        case "tags":
            return pa.list_(pa.string())
        case "number":
            return pa.float64()
        case "bool":
            return pa.bool_()
        case _:
            return pa.string()


def items_table(ids: Sequence[str], columns: Mapping[Field, Sequence[Any]]) -> Any:
    """Returns items as an Arrow table: `id`, then one column a field, each marked with its field's type."""
    fields = [_arrow_field(field) for field in columns]
    arrays = [pa.array(values, arrow_type(field.type)) for field, values in columns.items()]
    return pa.table([pa.array(ids, pa.string()), *arrays], schema=pa.schema([pa.field("id", pa.string()), *fields]))


def write_segment(folder: Path, kind: str, table: Any) -> str:
    """Writes a table as a new segment, flushed to the disk, and returns its name."""
    folder.mkdir(exist_ok=True)
    name = f"{kind}-{secrets.token_hex(8)}.parquet"
    with new_file(folder / name) as path:
        pq.write_table(table, path, compression="zstd")
    return name


class Segment:
    """One segment, held open: it can be read as long as this object lives, also after it was cleared away."""

    def __init__(self, folder: Path, name: str) -> None:
        self.name = name
        self._damaged = WorkspaceError(
            f"The segment {folder / name} is missing or damaged.", "Roll back, or ingest again."
        )
        try:
            self._file = pa.memory_map(str(folder / name))
        except (FileNotFoundError, pa.ArrowException) as error:
            raise self._damaged from error

    @property
    def n_rows(self) -> int:
        """Returns how many rows it has.

        Raises:
            WorkspaceError: it is damaged.
        """
        try:
            return int(pq.ParquetFile(self._file).metadata.num_rows)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged from error

    def read(self, columns: Sequence[str] | None = None) -> Any:
        """Returns the segment's table, or some columns of it.

        Raises:
            WorkspaceError: it is damaged.
        """
        try:
            return pq.ParquetFile(self._file).read(columns=columns)
        except (OSError, pa.ArrowException) as error:
            raise self._damaged from error


def segments(folder: Path, names: Iterable[str], held: Iterable[Segment] = ()) -> list[Segment]:
    """Returns the segments of those names, held open; those among `held` are not opened again.

    Raises:
        WorkspaceError: one is missing.
    """
    known = {segment.name: segment for segment in held}
    return [known.get(name) or Segment(folder, name) for name in names]


def read_items(parts: Iterable[Segment], schema: Schema) -> Any:
    """Returns the items of the segments, later ones winning by id, with one column a field of the schema.

    An item keeps the place where it first appeared; deleted ones are gone.

    Raises:
        InputError: a stored value does not fit the type that the schema now gives its field.
    """
    return read_changes(parts, schema)[0]


def read_changes(
    parts: Iterable[Segment], schema: Schema, only: Collection[str] | None = None
) -> tuple[Any, list[str]]:
    """Returns what segments come to that lie over others: the items that they put there, as `read_items`, and the ids that they
    took away at any time; one that came back afterwards is among both. `only` leaves all other items out.

    Raises:
        InputError: as for `read_items`.
    """
    tables: list[Any] = []
    place: dict[str, int] = {}
    deleted: dict[str, None] = {}
    start = 0
    for part in parts:
        table = part.read()
        if only is not None:
            table = table.filter(pc.is_in(table.column("id"), pa.array(sorted(only), pa.string())))
        ids = table.column("id").to_pylist()
        if part.name.startswith(DELETED):
            for item_id in ids:
                place.pop(item_id, None)
            deleted.update(dict.fromkeys(ids))
            continue
        place.update(zip(ids, range(start, start + len(ids)), strict=True))
        start += len(ids)
        tables.append(table)
    if not tables:
        return items_table([], {field: [] for field in schema.fields}), list(deleted)
    if len(place) == start:
        return _joined(tables, schema), list(deleted)
    rows = np.fromiter(place.values(), np.int64, len(place))
    # What was replaced or deleted is left out before types are looked at: it need not fit them any more.
    in_force = np.sort(rows)
    ends = np.cumsum([len(table) for table in tables])
    bounds = [0, *np.searchsorted(in_force, ends)]
    left = [
        table.take(pa.array(in_force[first:last] - (end - len(table))))
        for table, end, first, last in zip(tables, ends, bounds, bounds[1:], strict=False)
    ]
    return _joined(left, schema).take(pa.array(np.searchsorted(in_force, rows))), list(deleted)


def read_item_ids(parts: Iterable[Segment]) -> set[str]:
    """Returns the ids of the items that the segments come to."""
    ids: set[str] = set()
    for part in parts:
        found = part.read(["id"]).column("id").to_pylist()
        ids = ids.difference(found) if part.name.startswith(DELETED) else ids.union(found)
    return ids


def read_interactions(parts: Iterable[Segment]) -> Any:
    """Returns the interactions of the segments, in the order in which they were brought."""
    tables = [part.read().cast(INTERACTIONS) for part in parts]
    return pa.concat_tables([INTERACTIONS.empty_table(), *tables]).unify_dictionaries().combine_chunks()


def interactions_table(events: Sequence[tuple[str, str, float | None, str, float | None]]) -> Any:
    """Returns interactions as an Arrow table; each is user id, item id, value, event, timestamp."""
    columns: Iterable[Sequence[Any]] = zip(*events, strict=True) if events else ([] for _ in INTERACTIONS)
    arrays = [
        pa.array(column, field.type.value_type).dictionary_encode()
        if pa.types.is_dictionary(field.type)
        else pa.array(column, field.type)
        for column, field in zip(columns, INTERACTIONS, strict=True)
    ]
    return pa.table(arrays, schema=INTERACTIONS)


def dialogues_table(dialogues: Iterable[Dialogue]) -> Any:
    """Returns dialogues as an Arrow table."""
    return pa.Table.from_pylist([_as_row(dialogue) for dialogue in dialogues], schema=DIALOGUES)


def read_dialogues(parts: Iterable[Segment]) -> list[Dialogue]:
    """Returns the dialogues of the segments, later ones winning by id."""
    found: dict[str, Dialogue] = {}
    for part in parts:
        for row in part.read().to_pylist():
            found[row["id"]] = _as_dialogue(row)
    return list(found.values())


def _arrow_field(field: Field) -> Any:
    return pa.field(field.name, arrow_type(field.type), metadata={"type": field.type})


def _joined(tables: Iterable[Any], schema: Schema) -> Any:
    return pa.concat_tables([_fitted(table, schema) for table in tables]).combine_chunks()


def _fitted(table: Any, schema: Schema) -> Any:
    arrays = [table.column("id").combine_chunks()]
    for field in schema.fields:
        if field.name not in table.column_names:
            arrays.append(pa.nulls(len(table), arrow_type(field.type)))
            continue
        kept_as = (table.schema.field(field.name).metadata or {}).get(b"type", b"").decode()
        column = table.column(field.name).combine_chunks()
        arrays.append(column if kept_as == field.type else _converted(column, field, table.column("id")))
    return pa.table(arrays, schema=pa.schema([pa.field("id", pa.string()), *map(_arrow_field, schema.fields)]))


def _converted(column: Any, field: Field, ids: Any) -> Any:
    values = []
    for row, value in enumerate(column.to_pylist()):
        try:
            values.append(stored(value, field))
        except BadValueError as error:
            raise InputError(
                f"schema.yaml calls `{field.name}` a {field.type}, but of item {ids[row].as_py()} {error}.",
                "Give the field its former type, or ingest the items again with values that fit.",
            ) from error
    return pa.array(values, arrow_type(field.type))


def _as_row(dialogue: Dialogue) -> dict[str, Any]:
    turns = [
        {
            "role": turn.role,
            "text": turn.text,
            "items": [
                {"id": item.id, "relation": item.relation}
                | ({"start": item.span[0], "end": item.span[1]} if item.span is not None else {})
                for item in turn.items
            ],
        }
        for turn in dialogue.turns
    ]
    return {"id": dialogue.id, "turns": turns}


def _as_dialogue(row: dict[str, Any]) -> Dialogue:
    for turn in row["turns"]:
        for item in turn["items"]:
            start, end = item.pop("start"), item.pop("end")
            item["span"] = None if start is None else (start, end)
    return Dialogue.model_validate(row)
