"""A later version laid over an opened catalogue: what did not change is shared, so that a change costs what it weighs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from convrec.catalogue.cards import spoken_fields
from convrec.catalogue.catalogue import Catalogue, known_facts
from convrec.catalogue.columns import Bools, Floats, Ints, ValueIndex, WholeTexts, WordIndex, grown, number_of
from convrec.catalogue.interactions import Interactions, interactions_of
from convrec.catalogue.segments import INTERACTIONS, Segment, arrow_type, read_changes, read_interactions, segments
from convrec.catalogue.version import Version
from convrec.core.errors import WorkspaceError
from convrec.core.predicate import Predicate

Index = TypeVar("Index", ValueIndex, WholeTexts, WordIndex)


@dataclass(frozen=True)
class Change:
    """What differs from the catalogue below: `rows` `(n,)` ascending, those whose words or kinds do (`spoken`), and which fields do.

    Rows from `start` on are new; rows of deleted items are among both.
    """

    rows: Ints
    spoken: Ints
    fields: frozenset[str]
    start: int


class LaidCatalogue(Catalogue):
    """A version's items over those of an opened catalogue. Rows stay where they are: new items follow, a deleted one leaves its row
    empty, in which no mask is true and which no id finds. `n_laid` counts the rows that differ from what was opened whole.
    """

    def __init__(self, below: Catalogue, published: Version, parts: Parts, put: Any, deleted: Sequence[str]) -> None:
        self.schema, self.version = below.schema, published.number
        self._parts, self._events, self._talks = parts.items, parts.events, parts.talks
        self._table, self._columns = below._table, below._columns
        self.ids, self.titles, self._row_of = below.ids, below.titles, below._row_of
        laid = below if isinstance(below, LaidCatalogue) else None
        self._n_opened: int = len(below) if laid is None else laid._n_opened
        self._late: dict[int, dict[str, Any]] = {} if laid is None else laid._late
        self._gone: dict[str, int] = {} if laid is None else laid._gone
        self._lay(below, self._taken(below, put, deleted))
        known = below.__dict__.get("_interactions")
        heard = (known, ()) if known is not None else laid._heard if laid is not None else None
        self._heard: tuple[Interactions, tuple[Any, ...]] | None = (
            None if heard is None or parts.fresh is None else (heard[0], (*heard[1], parts.fresh))
        )

    @property
    def n_laid(self) -> int:
        """Returns how many rows differ from what was opened whole."""
        return len(self._late)

    def _taken(self, below: Catalogue, put: Any, deleted: Sequence[str]) -> dict[int, dict[str, Any]]:
        """Gives new items their rows, and returns the facts of every row that changed: none where the item is deleted."""
        facts: dict[int, dict[str, Any]] = {}
        rows = put.to_pylist()
        there = {row["id"] for row in rows}
        gone = [item_id for item_id in deleted if item_id in self._row_of and item_id not in there]
        new = [row for row in rows if row["id"] not in self._row_of]
        if gone or new:
            self.ids, self.titles, self._row_of = list(self.ids), list(self.titles), dict(self._row_of)
            self._gone = dict(self._gone)
        for item_id in gone:
            row = self._row_of.pop(item_id)
            self._gone[item_id], facts[row] = row, {}
        for item in new:
            row = self._gone.pop(item["id"], len(self.ids))
            if row == len(self.ids):
                self.ids.append(item["id"])
                self.titles.append(item["title"])
            self._row_of[item["id"]] = row
        if any(self.titles[self._row_of[item["id"]]] != item["title"] for item in rows):
            self.titles = list(self.titles)
        for item in rows:
            row = self._row_of[item.pop("id")]
            self.titles[row] = item["title"]
            facts[row] = known_facts(item)
        return facts

    def _lay(self, below: Catalogue, taken: Mapping[int, dict[str, Any]]) -> None:
        there = [row for row in taken if row < len(below)]
        old = dict(zip(there, below._facts_of(there), strict=True))
        names, none = self.schema.names, dict[str, Any]()
        differing = {
            row: changed
            for row, facts in taken.items()
            if (changed := {name for name in names if old.get(row, none).get(name) != facts.get(name)})
            or row not in old
        }
        facts = {row: taken[row] for row in differing}
        rows, spoken = np.array(sorted(facts), np.int64), spoken_fields(self.schema)
        self.change = Change(
            rows=rows,
            spoken=np.array([row for row in rows.tolist() if differing[row] & spoken], np.int64),
            fields=frozenset().union(*differing.values()) if differing else frozenset(),
            start=len(below),
        )
        self._late = {**self._late, **facts}
        self._columns = {} if facts else self._columns
        self._ends = {}
        ranged = {field.name for field in self.schema.of_type("range")}
        self._numbers = {
            name: self._numbers_with(numbers, name, facts)
            for name, numbers in below._numbers.items()
            if name not in ranged
        }
        self._values = {name: self._index_with(index, name, facts) for name, index in below._values.items()}
        self._wholes = {name: self._index_with(index, name, facts) for name, index in below._wholes.items()}
        self._words = {name: self._index_with(index, name, facts) for name, index in below._words.items()}

    def _numbers_with(self, numbers: Floats, name: str, facts: Mapping[int, dict[str, Any]]) -> Floats:
        if name not in self.change.fields and len(self) == len(numbers):
            return numbers
        changed: Floats = grown(numbers, len(self), np.nan)
        for row, known in facts.items():
            changed[row] = number_of(known.get(name))
        return changed

    def _index_with(self, index: Index, name: str, facts: Mapping[int, dict[str, Any]]) -> Index:
        if name not in self.change.fields and len(self) == len(index.present):
            return index
        values = [facts[row].get(name) for row in self.change.rows.tolist()]
        if isinstance(index, ValueIndex):
            return index.with_rows(self.change.rows, [_listed(value) for value in values], len(self))
        return index.with_rows(self.change.rows, values, len(self))

    def mask(self, predicate: Predicate | None) -> Bools:
        """Returns `(n_items,)`, true where the predicate holds and the item is still there.

        Raises:
            PredicateError: as for a catalogue.
        """
        held = super().mask(predicate)
        return held & self._there if self._gone else held

    @cached_property
    def _there(self) -> Bools:
        there = np.ones(len(self), np.bool_)
        there[list(self._gone.values())] = False
        return there

    def present(self, field: str) -> Bools:
        """Returns `(n_items,)`, true where the item has the fact."""
        found: Bools = grown(
            self._table.column(field).is_valid().combine_chunks().to_numpy(zero_copy_only=False), len(self), False
        )
        for row, facts in self._late.items():
            found[row] = field in facts
        return found

    @cached_property
    def _interactions(self) -> Interactions:
        if self._heard is None:
            return interactions_of(read_interactions(self._events), self._row_of)
        known, later = self._heard
        for table in later:
            known = known.and_then(table, self._row_of) if len(table) else known
        return known

    def _facts(self, row: int) -> dict[str, Any]:
        return self._late[row] if row in self._late else super()._facts(row)

    def _facts_of(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        opened = [row for row in rows if row not in self._late]
        found = dict(zip(opened, super()._facts_of(opened), strict=True))
        return [self._late[row] if row in self._late else found[row] for row in rows]

    def _every_facts(self) -> Iterator[dict[str, Any]]:
        row = -1
        for row, facts in enumerate(super()._every_facts()):
            yield self._late.get(row, facts) or {"title": self.titles[row]}
        for later in range(self._n_opened, len(self)):
            yield self._late[later] or {"title": self.titles[later]}

    def _arrow(self, field: str) -> Any:
        if field not in self._columns:
            kind = arrow_type(self.schema.field(field).type)
            column = self._table.column(field)
            rows = sorted(self._late)
            late = pa.array([self._late[row].get(field) for row in rows], kind)
            whole = pa.concat_arrays([*column.chunks, late])
            place = np.arange(len(self))
            place[rows] = len(column) + np.arange(len(rows))
            self._columns[field] = whole.take(pa.array(place))
        return self._columns[field]


@dataclass(frozen=True)
class Parts:
    """The segments of a version, held open, and the events that it has beyond those below; None where they are not those and more."""

    items: list[Segment]
    events: list[Segment]
    talks: list[Segment]
    fresh: Any


def laid_over(below: Catalogue, folder: Path, published: Version) -> LaidCatalogue:
    """Returns a version's catalogue laid over another's, an earlier one's over a later one's too. It is to have the schema of the catalogue below.

    Raises:
        WorkspaceError: a segment is missing or damaged.
    """
    items = segments(folder, published.items, below._parts)
    common = _common(below._parts, items)
    put, deleted = read_changes(items[common:], below.schema)
    there = put.column("id").to_pylist()
    if not common:  # all of it was read, so what is not there is gone
        deleted = [*deleted, *(below.known - set(there))]
    laid = {item for part in below._parts[common:] for item in part.read(["id"]).column("id").to_pylist()}
    if (
        undone := laid - {*there, *deleted} if common else None
    ):  # rolled back: they are again as what lies below both has them
        old, _ = read_changes(items[:common], below.schema, undone)
        put = pa.concat_tables([put, old])
        deleted = [*deleted, *(undone - set(old.column("id").to_pylist()))]
    events = segments(folder, published.interactions, below._events)
    parts = Parts(items, events, segments(folder, published.dialogues, below._talks), _fresh(below._events, events))
    return LaidCatalogue(below, published, parts, put, deleted)


def rows_changed(catalogue: Catalogue, folder: Path, before: Sequence[str]) -> Ints | None:
    """Returns the rows `(n,)` of a catalogue, ascending, whose items were brought after those of the segments `before`; None where that
    can't be told without reading all of it.

    Raises:
        WorkspaceError: a segment is damaged.
    """
    try:
        old = segments(folder, before, catalogue._parts)
    except WorkspaceError:  # cleared away since
        return None
    common = _common(old, catalogue._parts)
    if before and not common:
        return None
    ids = {
        item
        for part in (*old[common:], *catalogue._parts[common:])
        for item in part.read(["id"]).column("id").to_pylist()
    }
    rows = catalogue.rows(sorted(ids))
    return np.sort(rows[rows >= 0])


def _fresh(held: Sequence[Segment], events: Sequence[Segment]) -> Any:
    """Returns the events, an Arrow table, that come after those held; None where the held ones are not the first of them."""
    common = _common(held, events)
    known, found = read_interactions(held[common:]), read_interactions(events[common:])
    plain = pa.schema([(field.name, _plain(field.type)) for field in INTERACTIONS])
    same = len(found) >= len(known) and found.slice(0, len(known)).cast(plain).equals(known.cast(plain))
    return found.slice(len(known)) if same else None


def _plain(kind: Any) -> Any:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _common(one: Sequence[Segment], other: Sequence[Segment]) -> int:
    """Returns how many segments both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a.name != b.name), min(len(one), len(other)))


def _listed(value: Any) -> Sequence[str]:
    return () if value is None else value if isinstance(value, list) else (value,)
