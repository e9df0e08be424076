"""Rows out of labelled files, plain or gzipped. Bad ones are kept with their place and reason; too many end the reading."""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convrec.core.errors import InputError, RejectedRowsError

_GZIP = b"\x1f\x8b"
MAX_REJECTED = 0.01
"""The share of bad rows up to which a file is read."""


@dataclass(frozen=True)
class Rejected:
    """A row that can't be used: `line` counts from 1 (in a JSON array: entries), `column` is a path with dots, "" for the whole row."""

    file: str
    line: int
    column: str
    reason: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.file}, line {self.line}{column}: {self.reason}"


class BadRowError(ValueError):
    """A row does not have the layout's shape; `column` names the place."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(reason)


@dataclass
class Reading:
    """One reading: how many rows were good, and those that were not."""

    good: int = 0
    rejected: list[Rejected] = field(default_factory=list)

    def reject(self, path: Path, line: int, error: BadRowError) -> None:
        """Keeps a bad row."""
        self.rejected.append(Rejected(path.name, line, error.column, error.reason))

    def check(self, path: Path, max_rejected: float = MAX_REJECTED) -> None:
        """Ends the reading if there is nothing in it or too much of it is bad.

        Raises:
            InputError: there are no rows. RejectedRowsError: more than `max_rejected` of all rows are bad.
        """
        n, total = len(self.rejected), self.good + len(self.rejected)
        if not total:
            raise InputError(f"{path} has no rows.", "Give a file with rows.")
        if n > max_rejected * total:
            raise RejectedRowsError(
                f"{n:,} of {total:,} rows of {path} can't be used ({n / total:.1%}, allowed are {max_rejected:.1%}). "
                f"The first: {str(self.rejected[0]).rstrip('.?')}.",
                "Mend them.",
            )


def file_in(source: Path, ending: str) -> Path:
    """Returns a file, or of a folder the file `train` with the ending, else the first with it by name, plain or gzipped.

    Raises:
        InputError: the folder has none.
    """
    if not source.is_dir():
        return source
    found = sorted(path for path in source.iterdir() if path.name.removesuffix(".gz").endswith(ending))
    if not found:
        raise InputError(f"{source} has no file *{ending} (plain or .gz).", "Give the folder that holds the data set.")
    return next((path for path in found if path.name.removesuffix(".gz") == f"train{ending}"), found[0])


def text_of(path: Path) -> str:
    """Returns a file's text, unpacked if need be.

    Raises:
        InputError: the file is missing, empty, damaged or not UTF-8.
    """
    try:
        raw = path.read_bytes()
        content = gzip.decompress(raw) if raw.startswith(_GZIP) else raw
        text = content.decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", "Give the path of one.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 (byte {error.start + 1}).", "Save it as UTF-8.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path} is damaged: {error}.", "Copy or download it again.") from error
    except OSError as error:
        raise InputError(f"{path} can't be read: {(error.strerror or str(error)).lower()}.") from error
    if not text.strip():
        raise InputError(f"{path} is empty.", "Give a file with rows.")
    return text


def json_rows(path: Path, reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yields the objects of a file of JSON lines, or of one JSON array, each with its line (its entry, in an array)."""
    text = text_of(path)
    if text.lstrip().startswith("["):
        yield from _objects(path, enumerate(_array(path, text), 1), reading)
        return
    yield from _objects(path, _lines(path, text, reading), reading)


def csv_rows(path: Path, columns: tuple[str, ...], reading: Reading) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields the rows of a CSV file with their lines.

    Raises:
        InputError: the file lacks one of the columns.
    """
    rows = csv.DictReader(text_of(path).splitlines(keepends=True))
    missing = [name for name in columns if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{path} has no column `{missing[0]}`.", f"It needs {', '.join(columns)}.")
    for row in rows:
        if None in row or None in row.values():
            reading.reject(path, rows.line_num, BadRowError("", "not as many cells as the header has"))
        else:
            yield rows.line_num, row


def _array(path: Path, text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON: {error}.", "Copy or download it again.") from error
    return found if isinstance(found, list) else []


def _lines(path: Path, text: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            reading.reject(path, number, BadRowError("", f"not JSON: {error}"))


def _objects(path: Path, rows: Iterable[tuple[int, Any]], reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, row in rows:
        if isinstance(row, dict):
            yield number, row
        else:
            reading.reject(path, number, BadRowError("", "not a JSON object"))


def part(row: Any, column: str, kind: type, where: str = "") -> Any:
    """Returns what an object holds under a name.

    Raises:
        BadRowError: it is missing or of another type; `where` is put before the name in the place.
    """
    if not isinstance(row, dict) or column not in row:
        raise BadRowError(f"{where}{column}", "it is missing")
    value = row[column]
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadRowError(f"{where}{column}", f"{type(value).__name__} where {kind.__name__} is due")
    return value
