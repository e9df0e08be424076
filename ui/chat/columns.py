"""What a file that a person brings seems to hold: its columns, their types, and which of them names an item."""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from convrec.catalogue.inference import field_as, infer_field
from convrec.catalogue.reading import file_source
from convrec.catalogue.rejected import Rejections
from convrec.catalogue.schema import Field, FieldType
from convrec.core.errors import InputError

SAMPLE = 2_000
"""Rows that are looked at before a person decides."""
_IDS = ("id", "item_id", "itemid", "product_id", "sku", "asin", "isbn", "code", "uuid", "key")
_TITLES = ("title", "name", "product", "product_name", "productname", "label", "headline", "item", "movie", "book")
_EXAMPLE = 60  # characters
_PLURAL = re.compile(r"[^\W\d_]+s", re.IGNORECASE)


@dataclass(frozen=True)
class Column:
    """One column: the type that its values seem to have, an example of them, and, should they be tags or numbers, what parts or prices them."""

    name: str
    type: FieldType
    example: str
    separator: str = "|"
    currency: str = ""

    def field(self, kind: FieldType) -> Field:
        """Returns the column as a field of a type."""
        told = {"tags": {"separator": self.separator}, "number": {"currency": self.currency}}.get(kind, {})
        return Field(name=self.name, type=kind, **told)


@dataclass(frozen=True)
class Look:
    """A file at first sight. `id_column` is blank where none tells rows apart; `more` says that only the first rows were looked at; `nouns`
    is what its items may be called, by its name."""

    path: Path
    name: str
    columns: tuple[Column, ...]
    rows: int
    more: bool
    unreadable: int
    id_column: str
    title_column: str
    nouns: str


def look(path: Path) -> Look:
    """Returns what the file seems to hold, from its first rows.

    Raises:
        InputError: it is empty, damaged, or of an encoding or layout that is not read.
    """
    with TemporaryDirectory() as folder, Rejections(Path(folder)) as rejections:
        with closing(_rows(path, rejections)) as rows:
            read = [row for _, row in islice(rows, SAMPLE + 1)]
        unreadable = rejections.n
    if not read:
        raise InputError(f"{path.name} has no rows.", "Give a file with a row an item.")
    shown = read[:SAMPLE]
    names = [name for name in dict.fromkeys(name for row in shown for name in row) if name.strip()]
    values = {name: [row.get(name) for row in shown] for name in names}
    return Look(
        path=path, name=path.name, columns=tuple(_column(name, values[name]) for name in names), rows=len(shown),
        more=len(read) > SAMPLE, unreadable=unreadable, id_column=_id_column(values), title_column=_title_column(values),
        nouns=_nouns(path.name.split(".")[0]),
    )  # fmt: skip


def _rows(path: Path, rejections: Rejections) -> Any:  # a generator, which the caller closes
    return file_source(path).rows(rejections)


def _column(name: str, values: Sequence[Any]) -> Column:
    first = next((str(value) for value in values if value not in (None, "", [])), "")
    example = first if len(first) <= _EXAMPLE else f"{first[: _EXAMPLE - 1]}…"
    called = name if name != "id" else "key"
    separator = field_as(called, "tags", values).separator
    currency = field_as(called, "number", values).currency
    return Column(name, infer_field(called, values).type, example, separator, currency)


def _nouns(stem: str) -> str:
    return stem.casefold() if _PLURAL.fullmatch(stem) else "items"


def _id_column(values: Mapping[str, Sequence[Any]]) -> str:
    named = [name for wanted in _IDS for name in values if name.casefold() == wanted]
    return next((name for name in named if _distinct(values[name]) == 1.0), "")


def _title_column(values: Mapping[str, Sequence[Any]]) -> str:
    named = [name for wanted in _TITLES for name in values if name.casefold() == wanted]
    if named:
        return named[0]
    texts = [
        name
        for name in values
        if infer_field(name if name != "id" else "key", values[name]).type in ("text", "category")
    ]
    return max(texts, key=lambda name: _distinct(values[name]), default=next(iter(values)))


def _distinct(values: Sequence[Any]) -> float:
    """Returns the share of values that no other row has; a missing one counts as had by others."""
    present = [str(value) for value in values if value not in (None, "")]
    return len(set(present)) / len(values)
