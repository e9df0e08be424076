"""The numbered steps that bring a state database to today's shape. A step is never changed once it was released.

Tables of long rows are SQLite's ordinary ones: WITHOUT ROWID would break such a row over two pages and leave most of the second empty.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convrec.agent.stores.database import Writer


def _pack_replies(db: Writer) -> None:
    """Writes the turns of the first shape into their new table, the replies packed."""
    key = "user_id=? AND thread_id=? AND turn=?"
    for place in db.execute("SELECT user_id, thread_id, turn FROM old_turns ORDER BY 1, 2, 3").fetchall():
        found = db.execute(f"SELECT request_id, text, reply, created FROM old_turns WHERE {key}", place).fetchall()  # noqa: S608
        request_id, text, reply, created = found[0]
        row = (*place, request_id, text, zlib.compress(reply.encode()), created)
        db.execute("INSERT INTO turns VALUES (?,?,?,?,?,?,?)", row)
    db.execute("DROP TABLE old_turns")


MIGRATIONS: tuple[tuple[str | Callable[[Writer], None], ...], ...] = (
    (
        """
    CREATE TABLE turns (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn INTEGER NOT NULL, request_id TEXT,
        text TEXT NOT NULL, reply TEXT NOT NULL, state TEXT NOT NULL, created TEXT NOT NULL,
        PRIMARY KEY (user_id, thread_id, turn)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX turns_request ON turns (user_id, request_id) WHERE request_id IS NOT NULL;
    CREATE TABLE profile (
        user_id TEXT NOT NULL, id TEXT NOT NULL, entry TEXT NOT NULL,
        PRIMARY KEY (user_id, id)
    ) WITHOUT ROWID;
    CREATE TABLE exposures (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn INTEGER NOT NULL, item_id TEXT NOT NULL,
        rank INTEGER NOT NULL, score REAL NOT NULL,
        PRIMARY KEY (user_id, thread_id, turn, item_id)
    ) WITHOUT ROWID;
    CREATE TABLE feedback (
        id INTEGER PRIMARY KEY, user_id TEXT NOT NULL, item_id TEXT NOT NULL, event TEXT NOT NULL,
        thread_id TEXT NOT NULL, turn INTEGER, created TEXT NOT NULL
    );
    CREATE INDEX feedback_user ON feedback (user_id);
    CREATE TABLE tombstones (user_id TEXT PRIMARY KEY, generation INTEGER NOT NULL, forgotten TEXT NOT NULL) WITHOUT ROWID;
    """,
    ),
    (
        """
    CREATE TABLE threads (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, title TEXT, state TEXT NOT NULL, turns INTEGER NOT NULL,
        created TEXT NOT NULL, updated TEXT NOT NULL,
        PRIMARY KEY (user_id, thread_id)
    );
    INSERT INTO threads
        SELECT t.user_id, t.thread_id, NULL, t.state, t.turn,
            (SELECT min(created) FROM turns a WHERE a.user_id=t.user_id AND a.thread_id=t.thread_id),
            (SELECT max(created) FROM turns z WHERE z.user_id=t.user_id AND z.thread_id=t.thread_id)
        FROM turns t WHERE t.turn=(SELECT max(turn) FROM turns l WHERE l.user_id=t.user_id AND l.thread_id=t.thread_id);
    ALTER TABLE turns RENAME TO old_turns;
    DROP INDEX turns_request;
    CREATE TABLE turns (
        user_id TEXT NOT NULL, thread_id TEXT NOT NULL, turn INTEGER NOT NULL, request_id TEXT,
        text TEXT NOT NULL, reply BLOB NOT NULL, created TEXT NOT NULL,
        PRIMARY KEY (user_id, thread_id, turn)
    );
    CREATE UNIQUE INDEX turns_request ON turns (user_id, request_id) WHERE request_id IS NOT NULL;
    CREATE TABLE people (user_id TEXT PRIMARY KEY, paused INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE vectors (
        user_id TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL, vector BLOB NOT NULL,
        PRIMARY KEY (user_id, kind, key)
    );
    """,
        _pack_replies,
    ),
    (
        """
    DROP TABLE tombstones;
    CREATE TABLE tombstones (
        person TEXT PRIMARY KEY, generation INTEGER NOT NULL, forgotten TEXT NOT NULL, swept INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE salt (id INTEGER PRIMARY KEY, value TEXT NOT NULL);
    INSERT INTO people (user_id, paused)
        SELECT user_id, 0 FROM (SELECT user_id FROM threads UNION SELECT user_id FROM profile UNION SELECT user_id FROM feedback) everybody
        WHERE user_id NOT IN (SELECT user_id FROM people);
    """,
    ),
    ("ALTER TABLE threads ADD COLUMN recency INTEGER NOT NULL DEFAULT 0",),
    (
        """
    CREATE TABLE accounts (user_id TEXT PRIMARY KEY, name TEXT NOT NULL, password TEXT NOT NULL, created TEXT NOT NULL);
    CREATE TABLE sessions (user_id TEXT NOT NULL, token TEXT PRIMARY KEY, name TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL);
    CREATE INDEX sessions_user ON sessions (user_id);
    """,
    ),
)
