"""JSON lines in, JSON lines out: order kept, each answer on the disk before the next row, resumable after a kill."""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from convrec.core.errors import BusyError, ConvrecError, InputError
from convrec.core.progress import Progress

Row = dict[str, Any]
Answer = Callable[[Row, int], Row]
"""Called with a row and its number (from 0 among the rows that are not blank); returns the answer without its id."""

_START = b'{"id": '  # how every answer begins


@dataclass(frozen=True)
class BatchSummary:
    """How a batch went: rows in all, answered before (`resumed`), with an error in this run, `seconds` for this run."""

    rows: int
    resumed: int
    errors: int
    seconds: float
    out: str


def run_batch(source: Path, out: Path, answer: Answer, progress: Progress) -> BatchSummary:
    """Answers every row of `source` into `out`, going on after the last whole row that `out` has.

    A row that can't be answered gives `{"id", "error"}`. An answer is flushed to the disk before the next row begins.

    Raises:
        InputError: `source` can't be read, is `out` itself, or `out` holds the answers to other rows.
        BusyError: another process is writing to `out`.
    """
    started = time.monotonic()
    rows = _lines(source)
    if out.exists() and out.samefile(source):
        raise InputError(f"{out} is the input itself.", "Name another file with --out.")
    errors = 0
    with _opened(out) as file:
        resumed = _go_on_from(file, rows, out)
        for number, line in enumerate(rows[resumed:], resumed):
            document = _answered(line, number, answer)
            errors += "error" in document
            _write(file, document)
            progress("rows", number + 1, len(rows))
    return BatchSummary(len(rows), resumed, errors, round(time.monotonic() - started, 3), str(out))


def _lines(source: Path) -> list[bytes]:
    try:
        return [line for line in source.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    except OSError as error:
        raise InputError(
            f"{source} can't be read: {error.strerror}.", "Name a file of JSON lines with --batch."
        ) from error


def _parsed(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError("The row is not JSON.") from error
    if not isinstance(row, dict):
        raise InputError("The row is not a JSON object.")
    return row


def _id_of(line: bytes) -> str | int | None:
    try:
        found = _parsed(line).get("id")
    except InputError:
        return None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _answered(line: bytes, number: int, answer: Answer) -> Row:
    """Returns the row's answer or its error: a bad row must not stop the rest."""
    row_id = _id_of(line)
    try:
        row = _parsed(line)
        if row_id is None:
            raise InputError("`id`: the row has none; give it a string.")
        return {"id": row_id, **answer(row, number)}
    except ConvrecError as error:
        return {"id": row_id, "error": str(error)}
    except Exception as error:  # noqa: BLE001  (a batch row is an outermost boundary)
        return {"id": row_id, "error": f"convrec ran into {type(error).__name__}: {error}. This is a bug."}


@contextmanager
def _opened(out: Path) -> Iterator[IO[bytes]]:
    try:
        file = out.open("a+b")
    except OSError as error:
        raise InputError(f"{out} can't be written: {error.strerror}.", "Name another file with --out.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"Another process is writing to {out}.", "Wait for it, or name another file with --out."
            ) from error
        yield file


def _go_on_from(file: IO[bytes], rows: list[bytes], out: Path) -> int:
    """Cuts a torn last line off `file` and returns how many rows it answers already."""
    file.seek(0)
    *whole, torn = file.read().split(b"\n")
    if len(whole) > len(rows):
        raise InputError(f"{out} has more answers than the input has rows.", "Name a new file with --out.")
    for number, (line, row) in enumerate(zip(whole, rows, strict=False), 1):
        if not _is_answer(line) or _id_of(line) != _id_of(row):
            raise InputError(
                f"Line {number} of {out} does not answer row {number} of the input.", "Name a new file with --out."
            )
    if torn.strip(b"\0") and not torn.startswith(_START[: len(torn)]):
        raise InputError(f"{out} ends with something that is no answer.", "Name a new file with --out.")
    file.truncate(sum(len(line) + 1 for line in whole))
    return len(whole)


def _is_answer(line: bytes) -> bool:
    try:
        return "id" in _parsed(line)
    except InputError:
        return False


def _write(file: IO[bytes], document: Row) -> None:
    try:
        line = json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: only its escape can be written
        line = json.dumps(document).encode()
    file.write(line + b"\n")
    file.flush()
    os.fsync(file.fileno())
