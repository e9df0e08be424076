"""Rows out of files: CSV, JSON lines and Parquet, gzipped or not, each with its line; what is no row is rejected."""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from convrec.catalogue.rejected import Rejections
from convrec.core.errors import InputError

Row = tuple[int, dict[str, Any]]
"""A line number (from 1) and what stands there, column → raw value."""

MAX_LINE_BYTES = 4 * 2**20
"""The longest line that is read; longer ones are skipped piece by piece, so that memory stays bounded."""

_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"
_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


@dataclass(frozen=True)
class Source:
    """Rows to take in: the file's name (for reports), and a function that yields them and rejects what is none."""

    name: str
    rows: Callable[[Rejections], Iterator[Row]]


@dataclass(frozen=True)
class _Line:
    number: int
    text: str
    fault: str = ""


def file_source(
    path: Path, required: Sequence[str] = (), *, quoted: bool = True, columns: Sequence[str] = ()
) -> Source:
    """Returns a file's rows; its format is told by its content, its name deciding between CSV and TSV.

    `quoted` says whether quotes around a CSV cell are notation or part of the text; `columns` names the columns of a
    tab-separated file that has no header.

    Raises (when the rows are read):
        InputError: the file is missing, empty, damaged, of an unreadable encoding, or lacks a `required` column.
    """
    return Source(path.name, lambda rejections: _rows(path, rejections, required, quoted, columns))


def _rows(
    path: Path, rejections: Rejections, required: Sequence[str], quoted: bool, columns: Sequence[str]
) -> Iterator[Row]:
    with _legible(path), _opened(path) as stream:
        head = stream.peek(4096)
        if not head.strip():
            raise InputError(f"{path} is empty.", "Give a file with rows.")
        for mark, encoding in _MARKS.items():
            if head.startswith(mark):
                raise InputError(f"{path} is in {encoding}.", "Save it as UTF-8.")
        if head.startswith(_PARQUET):
            rows = _parquet_rows(stream)
        elif path.suffix.lower() == ".parquet":
            raise InputError(f"{path} is no Parquet file, or a damaged one.", "Write it anew.")
        elif _is_json(path, head):
            rows = _json_rows(path, stream, rejections)
        else:
            rows = _csv_rows(path, stream, rejections, required, quoted, columns)
        yield from rows


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", "Give the path of one.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise InputError(f"{path} can't be read: {(error.strerror or str(error)).lower()}.") from error
    except (EOFError, zlib.error, gzip.BadGzipFile, pa.ArrowInvalid) as error:
        raise InputError(f"{path} is damaged: {error}.", "Copy or download it again.") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:  # a BufferedReader over whatever unpacks the file
    with path.open("rb") as raw:
        if not raw.peek(2).startswith(_GZIP):
            yield raw
            return
        with gzip.open(raw) as unpacked, io.BufferedReader(cast(io.RawIOBase, unpacked), 2**20) as stream:
            yield stream


def _is_json(path: Path, head: bytes) -> bool:
    names = path.name.casefold().removesuffix(".gz")
    if names.endswith((".jsonl", ".ndjson", ".json")):
        return True
    return not names.endswith((".csv", ".tsv", ".txt")) and head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def _lines(stream: IO[bytes]) -> Iterator[_Line]:
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(raw) > MAX_LINE_BYTES:
            while raw and not raw.endswith(b"\n"):
                raw = stream.readline(MAX_LINE_BYTES)
            yield _Line(number, "", f"the line is longer than {MAX_LINE_BYTES // 2**20} MiB")
            continue
        try:
            yield _Line(number, raw.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError as error:
            odd = f"byte {raw[error.start]:#04x} at {error.start + 1} is not UTF-8"
            yield _Line(
                number, raw.decode("latin-1"), f"{odd} (the file may be Latin-1 or Windows-1252: save it as UTF-8)"
            )


def _json_rows(path: Path, stream: IO[bytes], rejections: Rejections) -> Iterator[Row]:
    for line in _lines(stream):
        if line.fault:
            rejections.add(path.name, line.number, None, line.fault)
            continue
        text = line.text.strip()
        if not text:
            continue
        if line.number == 1 and text.startswith("["):
            raise InputError(f"{path} is a JSON array.", "Write JSON lines: one object a line.")
        try:
            row = json.loads(text)
        except (json.JSONDecodeError, RecursionError, ValueError) as error:
            rejections.add(path.name, line.number, None, f"not JSON: {error}")
            continue
        if not isinstance(row, dict):
            rejections.add(path.name, line.number, None, "not a JSON object")
        elif "\\ud" in text.lower() and not _is_unicode(row):
            rejections.add(path.name, line.number, None, "not Unicode: half of a surrogate pair")
        else:
            yield line.number, row


def _is_unicode(row: dict[str, Any]) -> bool:
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


class _Replayed:
    """Lines for the CSV reader: those of the row being read can be handed out again after a quote that never closes."""

    def __init__(self, lines: Iterator[_Line]) -> None:
        self._lines = lines
        self._again: list[_Line] = []
        self.row: list[_Line] = []  # the lines of the row being read
        self.faults: list[_Line] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines)
        self.row.append(line)
        if line.fault:
            self.faults.append(line)
        return line.text

    def start_row(self) -> None:
        """Forgets the last row's lines."""
        self.row = []
        self.faults = []

    def drop_first_line(self) -> _Line:
        """Returns the row's first line and hands the others out again."""
        self._again.extend(reversed(self.row[1:]))
        return self.row[0]


def _csv_rows(
    path: Path,
    stream: IO[bytes],
    rejections: Rejections,
    required: Sequence[str],
    quoted: bool,
    columns: Sequence[str],
) -> Iterator[Row]:
    lines = _Replayed(_lines(stream))
    csv.field_size_limit(MAX_LINE_BYTES)
    header, delimiter = (list(columns), "\t") if columns else _header(path, lines)
    missing = [name for name in required if name not in header]
    if missing:
        raise InputError(
            f"{path} has no column `{missing[0]}`, only {', '.join(header)}.",
            f"In the file's first line, call the column that holds it `{missing[0]}`.",
        )
    cells = csv.reader(lines, delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE)
    while True:
        lines.start_row()
        try:
            row = next(cells)
        except StopIteration:
            return
        except csv.Error as error:
            first = lines.drop_first_line()
            rejections.add(path.name, first.number, None, first.fault or f"not CSV: {error}")
            continue
        number = lines.row[0].number
        if lines.faults:
            rejections.add(path.name, lines.faults[0].number, None, lines.faults[0].fault)
        elif len(row) == len(header):
            yield number, dict(zip(header, row, strict=True))
        elif row:
            rejections.add(path.name, number, None, f"{len(row)} cells where the header has {len(header)}")


def _header(path: Path, lines: _Replayed) -> tuple[list[str], str]:
    line = next(lines)
    while not line.strip():
        line = next(lines)
    if lines.faults:
        raise InputError(f"The header of {path} can't be read: {lines.faults[0].fault}.")
    delimiter = max("\t,;", key=line.count) if not path.name.casefold().removesuffix(".gz").endswith(".tsv") else "\t"
    names = [name.strip() or f"column_{i + 1}" for i, name in enumerate(next(csv.reader([line], delimiter=delimiter)))]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise InputError(f"{path} has two columns named `{twice[0]}`.", "Rename one.")
    return names, delimiter


def _parquet_rows(stream: IO[bytes]) -> Iterator[Row]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(
        stream if stream.seekable() and not isinstance(stream, gzip.GzipFile) else io.BytesIO(stream.read())
    )
    number = 0
    for batch in file.iter_batches(batch_size=8192):
        for row in batch.to_pylist():
            number += 1
            yield number, row
