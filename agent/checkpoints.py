"""LangGraph's checkpoints: derived from the ledger, written once a turn, pruned."""

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite import SqliteSaver

from convrec.agent.database import database_errors, log_ahead

_log = logging.getLogger(__name__)
_BUSY_S = 10.0


class TurnSaver(SqliteSaver):
    """Keeps the checkpoint that a committed turn ends in, the latest `keep` of a thread; of a turn broken off it keeps nothing."""

    def __init__(self, connection: sqlite3.Connection, path: Path, keep: int) -> None:
        super().__init__(connection)
        self.path, self._keep = path, keep

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Writes the checkpoint if its turn was committed: only then did the turn write `dialogue`."""
        if "dialogue" in new_versions:
            try:
                super().put(config, checkpoint, metadata, new_versions)
                prune(self, config["configurable"]["thread_id"], self._keep)
            except sqlite3.Error as error:  # the turn stands in the ledger, from which the next one starts
                self.conn.rollback()
                _log.warning("The checkpoint of a committed turn was not written: %s", error)
        place = {**config["configurable"], "checkpoint_id": checkpoint["id"]}
        return {"configurable": place}

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Writes nothing: these are the parts of a turn that was broken off."""


def open_saver(path: Path, keep: int) -> TurnSaver:
    """Returns a saver over the state database, on a connection of its own; it keeps `keep` checkpoints a thread."""
    with database_errors(path):
        connection = sqlite3.connect(path, timeout=_BUSY_S, check_same_thread=False)
        log_ahead(connection, _BUSY_S)
        connection.execute("PRAGMA synchronous=NORMAL")  # what is lost here is mended from the ledger
        connection.execute("PRAGMA secure_delete=ON")
        saver = TurnSaver(connection, path, keep)
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


def forget(saver: TurnSaver, user_id: str) -> int:
    """Deletes every checkpoint of the user's threads and returns how many there were."""
    prefix = namespace(user_id, "")
    with saver.lock, database_errors(saver.path):
        found = saver.conn.execute(
            "SELECT count(*) FROM checkpoints WHERE substr(thread_id, 1, ?)=?", (len(prefix), prefix)
        ).fetchone()[0]
        for table in ("checkpoints", "writes"):
            saver.conn.execute(f"DELETE FROM {table} WHERE substr(thread_id, 1, ?)=?", (len(prefix), prefix))  # noqa: S608
        saver.conn.commit()
    return int(found)
