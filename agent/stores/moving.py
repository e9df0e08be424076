"""Taking a state database elsewhere: a move into another database, verified row for row, and a backup while it is in use."""

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from convrec.agent.stores.database import Database, Row, Writer
from convrec.agent.stores.ledger import LASTING, TABLES
from convrec.agent.stores.sqlite import SqliteDatabase, said
from convrec.core.errors import InputError, WorkspaceError
from convrec.core.progress import Progress, silent

_PAGE = 500
_COLUMNS = {
    "turns": ("user_id", "thread_id", "turn", "request_id", "text", "reply", "created"),
    "threads": ("user_id", "thread_id", "title", "state", "turns", "created", "updated", "recency"),
    "profile": ("user_id", "id", "entry"),
    "exposures": ("user_id", "thread_id", "turn", "item_id", "rank", "score"),
    "feedback": ("user_id", "item_id", "event", "thread_id", "turn", "created"),
    "people": ("user_id", "paused"),
    "vectors": ("user_id", "kind", "key", "model", "vector"),
    "accounts": ("user_id", "name", "password", "created"),
    "sessions": ("user_id", "token", "name", "created", "expires"),
    "tombstones": ("person", "generation", "forgotten", "swept"),
    "salt": ("id", "value"),
}
_KEYS = {
    "turns": ("user_id", "thread_id", "turn"),
    "threads": ("user_id", "thread_id"),
    "profile": ("user_id", "id"),
    "exposures": ("user_id", "thread_id", "turn", "item_id"),
    "feedback": ("id",),  # counted by each database for itself; only the order is kept
    "people": ("user_id",),
    "vectors": ("user_id", "kind", "key"),
    "accounts": ("user_id",),
    "sessions": ("token",),
    "tombstones": ("person",),
    "salt": ("id",),
}
assert set(_COLUMNS) == {*TABLES, *LASTING}


@dataclass(frozen=True)
class Moved:
    """One table that was moved: its rows, and the SHA-256 of what they hold, the same on both sides."""

    table: str
    rows: int
    sha256: str


def move(source: Database, target: Database, *, progress: Progress = silent) -> tuple[Moved, ...]:
    """Copies all that the source holds into an empty target, and compares counts and hashes; nobody writes to either meanwhile.

    The target's rows come in one transaction: whatever goes wrong, and where it is stopped, the target stays empty. The source is
    left as it is. LangGraph's checkpoints are not moved, since the ledger says what they say.

    Raises:
        InputError: the target holds something, or is the source.
        WorkspaceError: what arrived is not what was sent, or either database can't be read or written.
    """
    if source.place == target.place:
        raise InputError(f"The state is in {source.place} already.", "Name another database.")
    with source.writing() as old, target.writing() as new:
        for table in _COLUMNS:
            if new.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone():  # noqa: S608  (our own names, here and below)
                raise InputError(f"{target.place} is not empty: there are {table} in it.", "Name an empty database.")
        return tuple(_moved(old, new, table, target.place, progress) for table in _COLUMNS)


def _moved(old: Writer, new: Writer, table: str, place: str, progress: Progress) -> Moved:
    columns = _COLUMNS[table]
    sent, rows = hashlib.sha256(), 0
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608
    for page in _pages(old, table):
        new.executemany(insert, page)
        sent.update(_written(page))
        rows += len(page)
        progress(f"moving {table}", rows, None)
    arrived, count = hashlib.sha256(), 0
    for page in _pages(new, table):
        arrived.update(_written(page))
        count += len(page)
        progress(f"comparing {table}", count, rows)
    if (count, arrived.digest()) != (rows, sent.digest()):
        raise WorkspaceError(f"What arrived in {place} is not what was sent: {table}.", "Nothing was moved; try again.")
    return Moved(table, rows, sent.hexdigest())


def _pages(db: Writer, table: str) -> Iterator[list[Row]]:
    """Yields a table's rows in the order of its key, some at a time. A character that PostgreSQL refuses becomes U+FFFD."""
    columns, key = _COLUMNS[table], _KEYS[table]
    ordered = ", ".join(key)
    after: Row = ()
    while True:
        where = f"WHERE ({ordered}) > ({', '.join('?' * len(key))})" if after else ""
        query = f"SELECT {ordered}, {', '.join(columns)} FROM {table} {where} ORDER BY {ordered} LIMIT {_PAGE}"  # noqa: S608
        page = db.execute(query, after).fetchall()
        if not page:
            return
        yield [tuple(v.replace("\0", "\ufffd") if isinstance(v, str) else v for v in row[len(key) :]) for row in page]
        after = page[-1][: len(key)]


def _written(page: list[Row]) -> bytes:
    """Returns rows as bytes, the same whichever database they come from."""
    lines = (json.dumps([v.hex() if isinstance(v, bytes) else v for v in row], ensure_ascii=True) for row in page)
    return "".join(f"{line}\n" for line in lines).encode()


def back_up(path: Path, out: Path) -> int:
    """Writes the SQLite state database as it is at this moment into a new file, while others use it; returns its size in bytes.

    The file appears under its name when it is whole and checked. To restore it, put it in the state database's place, whose own logs
    (`-wal`, `-shm`) must be gone.

    Raises:
        InputError: there is no database, or the file is there already.
        WorkspaceError: either file can't be read or written, or the database is damaged.
    """
    if not path.exists():
        raise InputError(f"There is no state database {path} yet.", "The first conversation makes it.")
    if out.exists():
        raise InputError(f"{out} is there already.", "Name a new file.")
    part = out.with_name(f"{out.name}.part")
    part.unlink(missing_ok=True)
    try:
        _copy(path, part)
        os.replace(part, out)
    except OSError as error:
        raise WorkspaceError(f"{out} can't be written ({error.strerror}).", "Check its folder.") from error
    finally:
        part.unlink(missing_ok=True)
    return out.stat().st_size


def _copy(path: Path, part: Path) -> None:
    source = SqliteDatabase(path)
    try:
        with said(part):
            written = sqlite3.connect(part)
            try:
                source.connection.backup(written)
                written.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
                if written.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                    raise WorkspaceError(f"The state database {path} is damaged.", "Restore an earlier backup.")
            finally:
                written.close()
    finally:
        source.close()
    with part.open("rb+") as file:
        os.fsync(file.fileno())
