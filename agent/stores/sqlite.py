"""The state database as one SQLite file, and what SQLite refuses, said as a sentence."""

import logging
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver

from convrec.agent.stores.checkpoints import TurnSaver
from convrec.agent.stores.database import Database, Parameters, Row, Writer
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
_BUSY_S = 10.0
_PAUSE_S = 0.01
_READERS_MS = 1000
_log = logging.getLogger(__name__)


class SqliteDatabase(Database):
    """One file. WAL with `synchronous=FULL`: a committed turn survives the process and the machine; readers never wait for the one
    writer, a second writer waits up to ten seconds. One connection is shared behind a lock.
    """

    unique_error = sqlite3.IntegrityError
    checkpoint_tables = ("checkpoints", "writes")

    def __init__(self, path: Path) -> None:
        self.path, self.place = path, str(path)
        self._lock = threading.RLock()
        self._saver_connection: sqlite3.Connection | None = None
        with self.errors():
            self.connection = _connected(path, "FULL")
            self._migrate()
            SqliteSaver(self.connection).setup()

    @contextmanager
    def writing(self, user_id: str | None = None) -> Iterator[Writer]:
        """Returns one transaction; whoever it is about, a file has one writer."""
        with self._lock, self.errors():
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
                self.connection.execute("COMMIT")
            except BaseException:
                if self.connection.in_transaction:  # a full disk ends it by itself
                    self.connection.execute("ROLLBACK")
                raise

    def rows(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """Returns what a query finds."""
        with self._lock, self.errors():
            return self.connection.execute(query, parameters).fetchall()

    def purge(self) -> bool:
        """Empties the write-ahead log, which still holds what was deleted, and tells whether nobody kept it from that."""
        with self._lock, self.errors():
            return _log_emptied(self.connection)

    def rewrite(self) -> bool:
        """Vacuums and empties the log, on a connection of its own; readers go on meanwhile, writers wait.

        `secure_delete` alone is not enough: where SQLite splits a page, a copy of what moved stays behind in the first half.
        """
        with self.errors():
            connection = _connected(self.path, "FULL")
        try:
            connection.execute("VACUUM")
            connection.execute(f"PRAGMA busy_timeout={_READERS_MS}")
            return _log_emptied(connection)
        except sqlite3.OperationalError as error:
            _log.warning("%s was not written anew: %s", self.path, error)
            return False
        finally:
            connection.close()

    def saver(self, keep: int) -> TurnSaver:
        """Returns LangGraph's saver, on a connection of its own; what it loses with the machine is mended from the ledger."""
        with self.errors():
            self._saver_connection = _connected(self.path, "NORMAL")
        return SqliteTurnSaver(self._saver_connection, self, keep)

    def close(self) -> None:
        """Closes the connections."""
        if self._saver_connection is not None:
            self._saver_connection.close()
        self.connection.close()

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Turns what SQLite raises into a sentence for people."""
        with said(self.path):
            yield

    def _steps_done(self, db: Writer) -> int:
        found = db.execute("PRAGMA user_version").fetchone()
        return int(found[0]) if found else 0

    def _record(self, db: Writer, step: int) -> None:
        db.execute(f"PRAGMA user_version={step}")


class SqliteTurnSaver(TurnSaver, SqliteSaver):
    """LangGraph's saver of SQLite, held to what the ledger says."""

    database_error = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection, database: Database, keep: int) -> None:
        SqliteSaver.__init__(self, connection)
        self.is_setup = True
        self.database, self.keep = database, keep

    def run(self, statement: str, parameters: Parameters) -> None:
        """Runs one statement, committed at once."""
        with self.cursor() as db:
            db.execute(statement, tuple(parameters))


@contextmanager
def said(path: Path) -> Iterator[None]:
    """Turns what SQLite raises over a file into a sentence for people.

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


def _log_emptied(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)


def _connected(path: Path, synchronous: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    log_ahead(connection, _BUSY_S)
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("PRAGMA secure_delete=ON")
    return connection


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
