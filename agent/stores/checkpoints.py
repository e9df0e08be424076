"""LangGraph's checkpoints: derived from the ledger, written once a turn, pruned, and overruled where they differ from it."""

import json
import logging
from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    empty_checkpoint,
    get_checkpoint_id,
)

from convrec.core.ids import SEPARATOR

if TYPE_CHECKING:
    from convrec.agent.stores.database import Database, Parameters

_log = logging.getLogger(__name__)
_CHANNEL = "dialogue"
_OLD = """
    DELETE FROM checkpoints WHERE thread_id=? AND (checkpoint_id>? OR checkpoint_id NOT IN (
        SELECT checkpoint_id FROM checkpoints WHERE thread_id=? AND checkpoint_id<=? ORDER BY checkpoint_id DESC LIMIT ?))
"""


class TurnSaver(BaseCheckpointSaver[str]):
    """Keeps the checkpoint that a committed turn ends in, the latest `keep` of a thread; of a turn broken off it keeps nothing.

    A mixin before one of LangGraph's savers. A thread's latest checkpoint says what the ledger says: where it lags behind (the process
    was killed between the two) or is ahead (the ledger is a restored backup), the ledger's state stands in its place.
    """

    database: "Database"
    database_error: type[Exception]
    keep: int

    @abstractmethod
    def run(self, statement: str, parameters: "Parameters") -> None:
        """Runs one statement, committed at once."""

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Writes the checkpoint if its turn was committed: only then did the turn write its channel."""
        if _CHANNEL in new_versions:
            try:
                super().put(config, checkpoint, metadata, new_versions)
                self.thin(config["configurable"]["thread_id"], checkpoint["id"])
            except self.database_error as error:  # the turn stands in the ledger, from which the next one starts
                _log.warning("The checkpoint of a committed turn was not written: %s", error)
        place = {**config["configurable"], "checkpoint_id": checkpoint["id"]}
        return {"configurable": place}

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Writes nothing: these are the parts of a turn that was broken off."""

    def thin(self, name: str, latest: str) -> None:
        """Deletes all but the thread's `keep` checkpoints up to `latest`; a later one was made by a clock that has gone back since."""
        self.run(_OLD, (name, latest, name, latest, self.keep))

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Returns the checkpoint asked for; a thread's latest with the ledger's state in it, None where the ledger has no such thread."""
        with self.database.errors():
            found = super().get_tuple(config)
        name = config["configurable"]["thread_id"]
        user_id, separator, thread_id = name.partition(SEPARATOR)
        if get_checkpoint_id(config) or not separator:
            return found
        truth = self.database.rows("SELECT state FROM threads WHERE user_id=? AND thread_id=?", (user_id, thread_id))
        return _mended(found, json.loads(truth[0][0]), config, self.get_next_version(None, None)) if truth else None


def _mended(found: CheckpointTuple | None, state: Any, config: RunnableConfig, version: str) -> CheckpointTuple:
    """Returns the checkpoint with the ledger's state; a new one where there was none."""
    if found is None:
        bare = empty_checkpoint()
        place = {"checkpoint_ns": "", **config["configurable"], "checkpoint_id": bare["id"]}
        bare["channel_versions"] = {_CHANNEL: version}
        metadata: CheckpointMetadata = {"source": "update", "step": int(state["turn"]), "parents": {}}
        found = CheckpointTuple({"configurable": place}, bare, metadata)
    checkpoint = found.checkpoint.copy()
    checkpoint["channel_values"] = {**checkpoint["channel_values"], _CHANNEL: state}
    return found._replace(checkpoint=checkpoint)
