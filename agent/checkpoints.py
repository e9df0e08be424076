"""LangGraph's checkpoints: derived from the ledger, written once a turn, pruned."""

import sqlite3
from pathlib import Path

from langgraph.checkpoint.sqlite import SqliteSaver


def open_saver(path: Path) -> SqliteSaver:
    """Returns a saver over the state database, on a connection of its own."""
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")  # what is lost here is mended from the ledger
    connection.execute("PRAGMA secure_delete=ON")
    saver = SqliteSaver(connection)
    saver.setup()
    return saver


def namespace(user_id: str, thread_id: str) -> str:
    """Returns the one name under which LangGraph knows a user's thread. Ids hold no control characters, so none collide."""
    return f"{user_id}\x1f{thread_id}"


def prune(saver: SqliteSaver, name: str, keep: int) -> None:
    """Deletes all but the thread's latest `keep` checkpoints."""
    with saver.lock:
        old = "SELECT checkpoint_id FROM checkpoints WHERE thread_id=? ORDER BY checkpoint_id DESC LIMIT -1 OFFSET ?"
        ids = [(name, row[0]) for row in saver.conn.execute(old, (name, keep))]
        for table in ("checkpoints", "writes"):
            saver.conn.executemany(f"DELETE FROM {table} WHERE thread_id=? AND checkpoint_id=?", ids)  # noqa: S608
        saver.conn.commit()


def forget(saver: SqliteSaver, user_id: str) -> int:
    """Deletes every checkpoint of the user's threads and returns how many there were."""
    prefix = namespace(user_id, "")
    with saver.lock:
        found = saver.conn.execute(
            "SELECT count(*) FROM checkpoints WHERE substr(thread_id, 1, ?)=?", (len(prefix), prefix)
        ).fetchone()[0]
        for table in ("checkpoints", "writes"):
            saver.conn.execute(f"DELETE FROM {table} WHERE substr(thread_id, 1, ?)=?", (len(prefix), prefix))  # noqa: S608
        saver.conn.commit()
        saver.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return int(found)
