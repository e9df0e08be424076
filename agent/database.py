"""What SQLite refuses, said as a sentence."""

import sqlite3
import time
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
_PAUSE_S = 0.01


def log_ahead(db: sqlite3.Connection, wait_s: float) -> None:
    """Lets the database keep a write-ahead log.

    SQLite refuses at once, without its usual wait, where another connection turns a new database to that log at the same
    moment; this tries again for `wait_s` seconds.

    Raises:
        sqlite3.OperationalError: the database was busy all that time.
    """
    give_up = time.monotonic() + wait_s
    while True:
        try:
            db.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in _BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


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
