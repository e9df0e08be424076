"""What SQLite refuses, said as a sentence."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convrec.core.errors import BusyError, WorkspaceError

_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_REFUSALS = {
    sqlite3.SQLITE_FULL: ("The disk is full", "Free some space and try again."),
    sqlite3.SQLITE_READONLY: ("It can't be written", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_PERM: ("It can't be written", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_CANTOPEN: ("It can't be opened", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_IOERR: ("The disk refuses", "Check that the disk is whole and has space."),
    sqlite3.SQLITE_CORRUPT: ("It is damaged", "Restore a backup."),
    sqlite3.SQLITE_NOTADB: ("It is no SQLite database", "Restore a backup, or move the file away to start afresh."),
}


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turns what SQLite raises over the state database into a sentence for people.

    Raises:
        BusyError: another process held the database for longer than the wait.
        WorkspaceError: the file or its disk can't be read or written.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte is the family, the rest says which kind
        if code in _BUSY:
            raise BusyError("The state database is busy.", "Another process holds it; try again.") from error
        what, fix = _REFUSALS.get(code, (f"It can't be used ({error})", "Check the folder, or restore a backup."))
        raise WorkspaceError(f"{what}: the state database {path}.", fix) from error
