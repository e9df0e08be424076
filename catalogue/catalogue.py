"""A catalogue: an immutable view of one version's items, interactions and dialogues."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from convrec.catalogue import predicates
from convrec.catalogue.appeals import sincere
from convrec.catalogue.cards import card_of, text_of
from convrec.catalogue.columns import Bools, Floats, Ints, ValueIndex, WholeTexts, WordIndex, numbers, range_ends
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.interactions import Interactions, interactions_of
from convrec.catalogue.schema import MEASURED, NUMERIC, VALUED, Schema, nearest
from convrec.catalogue.segments import read_dialogues, read_interactions, read_items, segments
from convrec.catalogue.version import Version
from convrec.core.errors import PredicateError, UnknownItemError
from convrec.core.predicate import Predicate

_SEVERAL = 20  # rows from which on they are read together
_AT_ONCE = 8192  # rows turned into Python objects at a time


@dataclass(frozen=True)
class Item:
    """One item: its id, its row in this catalogue, and its facts (only those it has), field → value.

    Text, category, date, range ("2-4", "3+"), url and image are str, tags a list of str, a number int or float, bool a bool.
    """

    id: str
    row: int
    facts: Mapping[str, Any]

    @property
    def title(self) -> str:
        """Returns the item's name."""
        return str(self.facts["title"])


class Catalogue:
    """One version's items in a fixed order (rows), and what is known about them. Columns are built when first asked for."""

    def __init__(self, folder: Path, version: Version, schema: Schema) -> None:
        self._events = segments(folder, version.interactions)
        self._talks = segments(folder, version.dialogues)
        self._parts = segments(folder, version.items)
        self.version = version.number
        self.schema = schema
        self._table = read_items(self._parts, schema)
        self.ids: list[str] = self._table.column("id").to_pylist()
        self.titles: list[str] = self._table.column("title").to_pylist()
        self._row_of = {item_id: row for row, item_id in enumerate(self.ids)}
        self._values: dict[str, ValueIndex] = {}
        self._numbers: dict[str, Floats] = {}
        self._ends: dict[str, tuple[Floats, Floats]] = {}
        self._wholes: dict[str, WholeTexts] = {}
        self._words: dict[str, WordIndex] = {}
        self._columns: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def n_items(self) -> int:
        """Returns how many items there are; rows whose item was deleted since the catalogue was opened are not counted."""
        return len(self._row_of)

    @property
    def known(self) -> Set[str]:
        """Returns the ids of all items."""
        return self._row_of.keys()

    def row(self, item_id: str) -> int | None:
        """Returns the item's row, None where the id is not in the catalogue."""
        return self._row_of.get(item_id)

    def has(self, row: int) -> bool:
        """Tells whether the item in a row is there; one that was deleted since the catalogue was opened is not."""
        return self._row_of.get(self.ids[row]) == row

    def rows(self, item_ids: Sequence[str]) -> Ints:
        """Returns the items' rows `(n,)`, -1 for each id that is not in the catalogue."""
        return np.array([self._row_of.get(item_id, -1) for item_id in item_ids], np.int64)

    def item(self, which: int | str) -> Item:
        """Returns the item in a row (an int) or of an id (a str).

        Raises:
            UnknownItemError: there is none.
        """
        row = self._row_of.get(which) if isinstance(which, str) else int(which)
        if row is None or not 0 <= row < len(self.ids):
            raise UnknownItemError(f"There is no item {which!r} in the catalogue.", "Check its id.")
        return Item(self.ids[row], row, self._facts(row))

    def mask(self, predicate: Predicate | None) -> Bools:
        """Returns `(n_items,)`, true where the predicate holds; all true for None.

        Raises:
            PredicateError: a field is unknown, or a value is of the wrong type for it.
        """
        return predicates.mask(predicate, self)

    def numbers(self, field: str) -> Floats:
        """Returns `(n_items,)` of a number, date (days since 1970-01-01), bool (0, 1) or range (its least) field, NaN where missing.

        Raises:
            PredicateError: the field is unknown or of another type.
        """
        if field not in self._numbers:
            self._checked(field, *MEASURED, "bool")
            ranged = self.schema.field(field).type == "range"
            self._numbers[field] = self.ends(field)[0] if ranged else numbers(self._arrow(field))
        return self._numbers[field]

    def ends(self, field: str) -> tuple[Floats, Floats]:
        """Returns `(n_items,)` the least and the most of a number or range field, NaN where missing, infinite where there is no most.

        Raises:
            PredicateError: the field is unknown or of another type.
        """
        self._checked(field, *NUMERIC)
        if self.schema.field(field).type == "number":
            return self.numbers(field), self.numbers(field)
        if field not in self._ends:
            self._ends[field] = range_ends(self._arrow(field))
        return self._ends[field]

    def values(self, field: str) -> ValueIndex:
        """Returns which items carry which values of a category, tags or other text-like field.

        Raises:
            PredicateError: the field is unknown or of another type.
        """
        if field not in self._values:
            self._checked(field, *VALUED, "text", "url", "image")
            self._values[field] = ValueIndex(self._arrow(field), len(self))
        return self._values[field]

    def whole_texts(self, field: str) -> WholeTexts:
        """Returns which items' text, url or image is which, as a whole.

        Raises:
            PredicateError: the field is unknown or of another type.
        """
        if field not in self._wholes:
            self._checked(field, "text", "url", "image")
            self._wholes[field] = WholeTexts(self._arrow(field))
        return self._wholes[field]

    def word_index(self, field: str) -> WordIndex:
        """Returns which items' text has which words, for a text or category field.

        Raises:
            PredicateError: the field is unknown or of another type.
        """
        if field not in self._words:
            self._checked(field, "text", "category")
            self._words[field] = WordIndex(self._arrow(field))
        return self._words[field]

    def present(self, field: str) -> Bools:
        """Returns `(n_items,)`, true where the item has the fact."""
        mask: Bools = self._arrow(field).is_valid().to_numpy(zero_copy_only=False)
        return mask

    def card(self, row: int) -> str:
        """Returns what an encoder reads of an item: "Title (year). Genre, Genre. …", what says most first, appeals to whoever recommends left out."""
        return card_of(sincere(self.item(row).facts, self.schema), self.schema)

    def text(self, row: int) -> str:
        """Returns everything searchable about an item: title, source form of the title, values, texts."""
        return text_of(self.item(row).facts, self.schema)

    def cards(self) -> Iterator[str]:
        """Yields every item's card, by row; for many it takes a fraction of the time and memory that single ones take."""
        return (card_of(sincere(facts, self.schema), self.schema) for facts in self._every_facts())

    def texts(self) -> Iterator[str]:
        """Yields every item's searchable text, by row."""
        return (text_of(facts, self.schema) for facts in self._every_facts())

    @property
    def has_interactions(self) -> bool:
        """Returns whether any interactions were brought."""
        return bool(self._events)

    @property
    def has_dialogues(self) -> bool:
        """Returns whether any dialogues were brought."""
        return bool(self._talks)

    def interactions(self) -> Interactions:
        """Returns all interactions with items of the catalogue, in the order in which they were brought."""
        return self._interactions

    def dialogues(self) -> list[Dialogue]:
        """Returns all dialogues, in the order in which they were brought."""
        return self._dialogues

    @cached_property
    def _dialogues(self) -> list[Dialogue]:
        return read_dialogues(self._talks)

    @cached_property
    def _interactions(self) -> Interactions:
        return interactions_of(read_interactions(self._events), self._row_of)

    def _facts(self, row: int) -> dict[str, Any]:
        return known_facts({name: self._table.column(name)[row].as_py() for name in self.schema.names})

    def _facts_of(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Returns the facts of several rows, in a fraction of the time that single ones take."""
        if len(rows) < _SEVERAL:
            return [self._facts(row) for row in rows]
        return list(map(known_facts, self._table.select(list(self.schema.names)).take(rows).to_pylist()))

    def _every_facts(self) -> Iterator[dict[str, Any]]:
        names = list(self.schema.names)
        for batch in self._table.select(names).to_batches(max_chunksize=_AT_ONCE):
            columns = [batch.column(place).to_pylist() for place in range(len(names))]
            for values in zip(*columns, strict=True):
                yield known_facts(dict(zip(names, values, strict=True)))

    def _arrow(self, field: str) -> Any:
        if field not in self._columns:
            column = self._table.column(field)
            self._columns[field] = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        return self._columns[field]

    def _checked(self, name: str, *types: str) -> None:
        field = self.schema.field(name)
        if field.type not in types:
            fitting = tuple(f.name for f in self.schema.fields if f.type in types)
            raise PredicateError(
                f"The field `{name}` is a {field.type}, not {' or '.join(types)}.", nearest(name, fitting)
            )


def known_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facts that are there, whole numbers as int."""
    return {name: _plain(value) for name, value in facts.items() if value is not None}


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
