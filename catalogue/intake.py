"""Items, deletions and dialogues from rows: ids and types checked, the schema extended, what does not fit rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convrec.catalogue.dialogues import BadDialogueError, Dialogue, read_dialogue
from convrec.catalogue.inference import doubt, infer_field
from convrec.catalogue.reading import Source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import Field, Schema, nearest
from convrec.catalogue.segments import items_table
from convrec.catalogue.values import BadValueError, Stored, identifier, stored
from convrec.core.errors import InputError, RejectedRowsError
from convrec.core.progress import Progress

if TYPE_CHECKING:
    from convrec.catalogue.ingest import Intake

_EVERY = 2000  # rows between two looks at the progress


@dataclass(frozen=True)
class ItemsTaken:
    """Items as they go into a segment: ids and table (each id once, the last row that has it), `n_rows` rows that were good,
    the schema with the fields that are new, and what columns may be meant for that they were not taken for."""

    ids: list[str]
    table: Any
    n_rows: int
    schema: Schema
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Raw:
    file: str
    line: int
    id: str
    facts: dict[str, Any]


def take_items(intake: Intake, schema: Schema, rejections: Rejections, progress: Progress) -> ItemsTaken:
    """Returns the items of all sources, checked against the schema and with fields for the columns that it lacks.

    Raises:
        InputError: a file has no id or title column.
        RejectedRowsError: no row of a file can be used.
    """
    raw: list[_Raw] = []
    for source in intake.items:
        taken = len(raw)
        raw.extend(_raw_items(source, intake, rejections, progress))
        _none_usable(source, len(raw) - taken, rejections)
    full, hints = _extended(schema, intake.described, raw)
    columns, bad = _columns(raw, full)
    for row, (column, reason) in sorted(bad.items()):
        rejections.add(raw[row].file, raw[row].line, column, reason)
    last = {each.id: row for row, each in enumerate(raw) if row not in bad}
    kept = {field: [values[row] for row in last.values()] for field, values in columns.items()}
    return ItemsTaken(list(last), items_table(list(last), kept), len(raw) - len(bad), full, hints)


def take_deletions(sources: Sequence[Source], known: AbstractSet[str], rejections: Rejections) -> list[str]:
    """Returns the ids to delete; an id that is not in the catalogue is rejected."""
    ids: dict[str, None] = {}
    for source in sources:
        taken = len(ids)
        for line, row in source.rows(rejections):
            try:
                item_id = identifier(row.get("id"))
            except BadValueError as error:
                rejections.add(source.name, line, "id", str(error))
                continue
            if item_id in known:
                ids[item_id] = None
            else:
                rejections.add(source.name, line, "id", f"there is no item {item_id!r}")
        _none_usable(source, len(ids) - taken, rejections)
    return list(ids)


def take_dialogues(
    sources: Sequence[Source], known: AbstractSet[str], rejections: Rejections, progress: Progress
) -> list[Dialogue]:
    """Returns the dialogues of all sources, each id once (the last); one that names an unknown item is rejected."""
    taken: dict[str, Dialogue] = {}
    for source in sources:
        lines: dict[str, int] = {}
        for n, (line, row) in enumerate(source.rows(rejections)):
            if n % _EVERY == 0:
                progress(f"reading {source.name}", n, None)
            try:
                dialogue = read_dialogue(row)
            except BadDialogueError as error:
                rejections.add(source.name, line, error.column, error.reason)
                continue
            unknown = _unknown_item(dialogue, known)
            if unknown is not None:
                rejections.add(source.name, line, *unknown)
            elif dialogue.id in lines:
                rejections.add(
                    source.name, line, "id", f"the id {dialogue.id!r} is on line {lines[dialogue.id]} already"
                )
            else:
                lines[dialogue.id] = line
                taken[dialogue.id] = dialogue
        _none_usable(source, len(lines), rejections)
    return list(taken.values())


def _unknown_item(dialogue: Dialogue, known: AbstractSet[str]) -> tuple[str, str] | None:
    for t, turn in enumerate(dialogue.turns):
        for i, item in enumerate(turn.items):
            if item.id not in known:
                return f"turns.{t}.items.{i}.id", f"there is no item {item.id!r}"
    return None


def _raw_items(source: Source, intake: Intake, rejections: Rejections, progress: Progress) -> Iterator[_Raw]:
    lines: dict[str, int] = {}
    named = False
    columns: dict[str, None] = {}
    for n, (line, row) in enumerate(source.rows(rejections)):
        if n % _EVERY == 0:
            progress(f"reading {source.name}", n, None)
        if not named:
            columns.update(dict.fromkeys(row))
            named = intake.id_column in columns and intake.title_column in columns
        facts = _renamed(row, intake)
        try:
            item_id = identifier(facts.pop("id", None))
        except BadValueError as error:
            rejections.add(source.name, line, intake.id_column, str(error))
            continue
        if item_id in lines:
            rejections.add(
                source.name, line, intake.id_column, f"the id {item_id!r} is on line {lines[item_id]} already"
            )
            continue
        lines[item_id] = line
        yield _Raw(source.name, line, item_id, facts)
    for name, option in ((intake.id_column, "--id-column"), (intake.title_column, "--title-column")):
        if columns and name not in columns:
            raise InputError(
                f"{source.name} has no column `{name}`.", f"{nearest(name, tuple(columns))} Name it with {option}."
            )


def _renamed(row: dict[str, Any], intake: Intake) -> dict[str, Any]:
    if intake.id_column == "id" and intake.title_column == "title":
        return dict(row)
    names = {intake.id_column: "id", intake.title_column: "title"}
    clashing = {name: f"original_{name}" for name in names.values() if name not in names}
    return {(names | clashing).get(name, name): value for name, value in row.items()}


def _extended(schema: Schema, described: Schema, raw: list[_Raw]) -> tuple[Schema, tuple[str, ...]]:
    """Returns the schema with a field for each new column, and what may be meant otherwise than was inferred."""
    names = dict.fromkeys(name for each in raw for name in each.facts)
    given = {field.name: field for field in described.fields}
    fields, hints = [], []
    for name in _new(names, schema):
        values = [] if name in given else [each.facts.get(name) for each in raw]
        fields.append(given.get(name) or infer_field(name, values))
        hints.append("" if name in given else doubt(fields[-1], values))
    words = {"noun": described.noun, "nouns": described.nouns, "audience": described.audience}
    title = schema.field("title")
    full = schema.with_fields_of(Schema(fields=(title, *fields), **words))
    return full, tuple(hint for hint in hints if hint)


def _new(names: dict[str, None], schema: Schema) -> list[str]:
    there = set(schema.names)
    return [name for name in names if name not in there and name.strip()]


def _columns(raw: list[_Raw], schema: Schema) -> tuple[dict[Field, list[Stored | None]], dict[int, tuple[str, str]]]:
    columns: dict[Field, list[Stored | None]] = {}
    bad: dict[int, tuple[str, str]] = {}
    for field in schema.fields:
        values: list[Stored | None] = []
        for row, each in enumerate(raw):
            value = None
            try:
                value = stored(each.facts.get(field.name), field)
            except BadValueError as error:
                bad.setdefault(row, (field.name, str(error)))
            values.append(value)
        columns[field] = values
    titles = columns[schema.field("title")]
    for row, title in enumerate(titles):
        if isinstance(title, str):
            titles[row] = " ".join(title.split())
        else:
            bad.setdefault(row, ("title", "the title is missing"))
    return columns, bad


def _none_usable(source: Source, n_taken: int, rejections: Rejections) -> None:
    if n_taken:
        return
    n = rejections.counts[source.name]
    if not n:
        raise InputError(f"{source.name} has no rows.", "Give a file with rows.")
    raise RejectedRowsError(f"No row of {source.name} can be used; nothing was changed. The first: {rejections.first}.")
