"""The turn ledger: the truth about what was said, answered, shown and remembered, each turn in one transaction."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from convrec.agent.database import database_errors, log_ahead
from convrec.agent.migrations import MIGRATIONS
from convrec.agent.state import DialogueState
from convrec.core.errors import WorkspaceError
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply

_TABLES = ("turns", "profile", "exposures", "feedback")
_BUSY_MS = 10_000


@dataclass(frozen=True)
class Feedback:
    """One click on an item: `event` is like, dislike, seen, … in a thread, at a turn where that is known."""

    item_id: str
    event: str
    thread_id: str
    turn: int | None
    created: str


@dataclass(frozen=True)
class StoredTurn:
    """One turn as it was committed."""

    thread_id: str
    turn: int
    text: str
    reply: Reply


@dataclass(frozen=True)
class ThreadSummary:
    """One conversation of a user: its first words as title, how many turns, when it last went on (ISO, UTC)."""

    thread_id: str
    title: str
    turns: int
    updated: str


@dataclass(frozen=True)
class Commit:
    """All that one turn writes. `generation` is the user's when the turn began: a user forgotten since is not written."""

    text: str
    reply: Reply
    state: DialogueState
    request_id: str | None
    generation: int
    entries: tuple[ProfileEntry, ...]
    removed_entries: tuple[str, ...]
    created: datetime


class TurnTaken(Exception):  # noqa: N818  (no failure: the turn starts again on the newer state)
    """Another process committed this thread's turn first."""


class Forgotten(Exception):  # noqa: N818
    """The user was forgotten while the turn ran; nothing of it is kept."""


class Ledger:
    """Turns, profile, exposures and feedback of all users in one SQLite file.

    WAL with `synchronous=FULL`: a committed turn survives the process and the machine; readers never wait for the one
    writer, a second writer waits up to ten seconds. One connection is shared behind a lock.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.RLock()
        with database_errors(path):
            self._db = sqlite3.connect(path, timeout=_BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
            log_ahead(self._db, _BUSY_MS / 1000)
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute("PRAGMA secure_delete=ON")
            self._migrate()

    def close(self) -> None:
        """Closes the database."""
        self._db.close()

    def _migrate(self) -> None:
        with self._writing() as db:
            done = db.execute("PRAGMA user_version").fetchone()[0]
            if done > len(MIGRATIONS):
                raise WorkspaceError(f"{self.path} was written by a newer convrec.", "Update convrec to open it.")
            for number, script in enumerate(MIGRATIONS[done:], done + 1):
                for statement in filter(str.strip, script.split(";")):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={number}")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._lock, database_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk ends it by itself
                    self._db.execute("ROLLBACK")
                raise

    def _rows(self, query: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        with self._lock, database_errors(self.path):
            return self._db.execute(query, parameters).fetchall()

    # Reading

    def state(self, user_id: str, thread_id: str) -> DialogueState:
        """Returns the thread's state after its last turn; a fresh one for a new thread."""
        rows = self._rows(
            "SELECT state FROM turns WHERE user_id=? AND thread_id=? ORDER BY turn DESC LIMIT 1", (user_id, thread_id)
        )
        return DialogueState.model_validate_json(rows[0][0]) if rows else DialogueState()

    def generation(self, user_id: str) -> int:
        """Returns how often the user was forgotten."""
        rows = self._rows("SELECT generation FROM tombstones WHERE user_id=?", (user_id,))
        return int(rows[0][0]) if rows else 0

    def answered(self, user_id: str, request_id: str | None) -> Reply | None:
        """Returns the reply that this request already got, if it did."""
        if request_id is None:
            return None
        rows = self._rows("SELECT reply FROM turns WHERE user_id=? AND request_id=?", (user_id, request_id))
        return Reply.model_validate_json(rows[0][0]) if rows else None

    def profile(self, user_id: str, *, history: bool = False) -> tuple[ProfileEntry, ...]:
        """Returns the user's profile, oldest first; with `history`, superseded entries too."""
        rows = self._rows("SELECT entry FROM profile WHERE user_id=?", (user_id,))
        entries = sorted((ProfileEntry.model_validate_json(row[0]) for row in rows), key=lambda e: (e.created, e.id))
        return tuple(entry for entry in entries if history or entry.superseded_by is None)

    def feedback(self, user_id: str) -> list[Feedback]:
        """Returns the user's clicks, oldest first."""
        query = "SELECT item_id, event, thread_id, turn, created FROM feedback WHERE user_id=? ORDER BY id"
        return [Feedback(*row) for row in self._rows(query, (user_id,))]

    def threads(self, user_id: str) -> list[ThreadSummary]:
        """Returns the user's conversations, the latest first."""
        query = """SELECT t.thread_id, (SELECT text FROM turns f WHERE f.user_id=t.user_id AND f.thread_id=t.thread_id
                   ORDER BY turn LIMIT 1), count(*), max(created) FROM turns t WHERE user_id=? GROUP BY thread_id ORDER BY 4 DESC"""
        return [
            ThreadSummary(row[0], " ".join(row[1].split())[:60], row[2], row[3])
            for row in self._rows(query, (user_id,))
        ]

    def turns(self, user_id: str, thread_id: str) -> list[StoredTurn]:
        """Returns the turns of a conversation, in order."""
        query = "SELECT thread_id, turn, text, reply FROM turns WHERE user_id=? AND thread_id=? ORDER BY turn"
        return [
            StoredTurn(r[0], r[1], r[2], Reply.model_validate_json(r[3]))
            for r in self._rows(query, (user_id, thread_id))
        ]

    # Writing

    def commit(self, commit: Commit) -> None:
        """Writes one turn whole: text, reply, state, profile patches, exposures.

        Raises:
            TurnTaken: the thread has that turn already; the caller starts again on the newer state.
            Forgotten: the user was forgotten since the turn began.
        """
        reply = commit.reply
        key = (reply.user_id, reply.thread_id, reply.turn)
        with self._writing() as db:
            if self.generation(reply.user_id) != commit.generation:
                raise Forgotten
            try:
                db.execute(
                    "INSERT INTO turns VALUES (?,?,?,?,?,?,?,?)",
                    (
                        *key,
                        commit.request_id,
                        commit.text,
                        reply.model_dump_json(),
                        commit.state.model_dump_json(),
                        commit.created.isoformat(),
                    ),
                )
            except sqlite3.IntegrityError as error:
                raise TurnTaken from error
            self._patch(db, reply.user_id, commit.entries, commit.removed_entries)
            shown = [(*key, item.id, item.rank, item.score) for item in reply.items]
            db.executemany("INSERT INTO exposures VALUES (?,?,?,?,?,?)", shown)

    @staticmethod
    def _patch(db: sqlite3.Connection, user_id: str, entries: Sequence[ProfileEntry], removed: Sequence[str]) -> None:
        db.executemany("DELETE FROM profile WHERE user_id=? AND id=?", [(user_id, entry_id) for entry_id in removed])
        db.executemany(
            "INSERT INTO profile VALUES (?,?,?) ON CONFLICT (user_id, id) DO UPDATE SET entry=excluded.entry",
            [(user_id, entry.id, entry.model_dump_json()) for entry in entries],
        )

    def add_feedback(self, user_id: str, click: Feedback, entries: Sequence[ProfileEntry]) -> None:
        """Writes a click and the profile entries that come of it, in one transaction."""
        with self._writing() as db:
            db.execute(
                "INSERT INTO feedback (user_id, item_id, event, thread_id, turn, created) VALUES (?,?,?,?,?,?)",
                (user_id, click.item_id, click.event, click.thread_id, click.turn, click.created),
            )
            self._patch(db, user_id, entries, ())

    def forget(self, user_id: str, now: datetime) -> dict[str, int]:
        """Deletes everything about the user, leaves a tombstone, and returns how many rows each table lost."""
        with self._writing() as db:
            deleted = {
                table: db.execute(f"DELETE FROM {table} WHERE user_id=?", (user_id,)).rowcount  # noqa: S608  (our own names)
                for table in _TABLES
            }
            db.execute(
                "INSERT INTO tombstones VALUES (?,1,?) ON CONFLICT (user_id) DO UPDATE SET generation=generation+1, forgotten=excluded.forgotten",
                (user_id, now.isoformat()),
            )
        self.empty_log()
        return deleted

    def empty_log(self) -> bool:
        """Empties the write-ahead log, which still holds what was deleted, and tells whether nobody kept it from that."""
        with self._lock, database_errors(self.path):
            return bool(self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)

    def remaining(self, user_id: str) -> int:
        """Returns how many rows still speak of the user; 0 after `forget`."""
        counts = (f"SELECT count(*) FROM {table} WHERE user_id=?" for table in _TABLES)  # noqa: S608
        return sum(int(self._rows(count, (user_id,))[0][0]) for count in counts)


def export_document(ledger: Ledger, user_id: str) -> dict[str, Any]:
    """Returns all that is stored about a user as one JSON document."""
    threads = [
        {"thread_id": thread.thread_id, "turns": [
            {"turn": t.turn, "text": t.text, "reply": t.reply.model_dump(mode="json")} for t in ledger.turns(user_id, thread.thread_id)
        ]}
        for thread in sorted(ledger.threads(user_id), key=lambda t: t.thread_id)
    ]  # fmt: skip
    return {
        "user_id": user_id,
        "profile": [json.loads(entry.model_dump_json()) for entry in ledger.profile(user_id, history=True)],
        "threads": threads,
        "feedback": [vars(click) for click in ledger.feedback(user_id)],
    }
