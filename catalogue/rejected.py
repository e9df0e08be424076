"""Rows that could not be used: each is written down with its place and reason, and counted."""

import json
import os
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from convrec.core.errors import ConvrecError

REPORT = "rejected.jsonl"
_UNFINISHED = "rejected.jsonl.tmp"


class Rejections:
    """A report being written, a line a rejected row: `{"file", "line", "column", "reason"}`.

    Rows go to a temporary file at once, so that any number of them fits; leaving the block puts the report in the place
    of the last one (and removes that one where nothing was rejected this time). An interrupted one leaves the last.
    """

    def __init__(self, folder: Path) -> None:
        self._path, self._unfinished = folder / REPORT, folder / _UNFINISHED
        self._lines: IO[str] | None = None
        self.counts: Counter[str] = Counter()  # rejected rows a file
        self.first = ""

    @property
    def n(self) -> int:
        """Returns how many rows were rejected."""
        return self.counts.total()

    def add(self, file: str, line: int | None, column: str | None, reason: str) -> None:
        """Writes one rejected row down; `line` counts from 1 (in Parquet: rows), `column` is None where none is at fault."""
        if self._lines is None:
            self._lines = self._unfinished.open("w", encoding="utf-8", errors="backslashreplace")
        if not self.first:
            place = "".join((f", line {line}" if line else "", f", column {column}" if column else ""))
            self.first = f"{file}{place}: {reason}"
        self.counts[file] += 1
        row = {"file": file, "line": line, "column": column, "reason": reason}
        self._lines.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Ends the writing: what could fail for want of space has happened by then."""
        if self._lines is not None:
            self._lines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lines is not None:
            self.close()
            if kind is None or issubclass(kind, ConvrecError):
                os.replace(self._unfinished, self._path)
            else:
                self._unfinished.unlink(missing_ok=True)
        elif kind is None:
            self._path.unlink(missing_ok=True)
