"""What the ledger needs of a database: transactions, rows, today's shape, and refusals said as sentences."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from convrec.agent.stores.migrations import MIGRATIONS
from convrec.core.errors import WorkspaceError

if TYPE_CHECKING:
    from convrec.agent.stores.checkpoints import TurnSaver

Row = tuple[Any, ...]
Parameters = Sequence[Any]  # str, int, float, bytes or None: what a column holds


class Found(Protocol):
    """What a statement found or did."""

    @property
    def rowcount(self) -> int:
        """How many rows it wrote."""
        ...

    def fetchone(self) -> Row | None:
        """Returns the next row, if there is one."""
        ...

    def fetchall(self) -> list[Row]:
        """Returns all rows that are left."""
        ...


class Writer(Protocol):
    """One transaction. Parameters stand as `?` in every statement."""

    def execute(self, statement: str, parameters: Parameters = (), /) -> Found:
        """Runs one statement."""
        ...

    def executemany(self, statement: str, rows: Iterable[Parameters], /) -> object:
        """Runs one statement for each row."""
        ...


class Database(ABC):
    """A state database that may be shared with other threads and processes. Opening it brings it to today's shape.

    `place` names it in sentences, without a password. `unique_error` is what a second row of the same key raises.
    `checkpoint_tables` are LangGraph's own; each has a `thread_id`, which is a namespace of the user's and the thread's id.
    """

    place: str
    unique_error: type[Exception]
    checkpoint_tables: tuple[str, ...]

    @abstractmethod
    def writing(self, user_id: str | None = None) -> AbstractContextManager[Writer]:
        """Returns one transaction, all of it or nothing. Until it ends nobody else writes about that user; with None, about anybody.

        Raises:
            BusyError: others held the place for longer than the wait.
            WorkspaceError: the database can't be read or written.
        """

    @abstractmethod
    def rows(self, query: str, parameters: Parameters = ()) -> list[Row]:
        """Returns what a query finds, outside any transaction.

        Raises:
            BusyError, WorkspaceError: as for `writing`.
        """

    @abstractmethod
    def purge(self) -> bool:
        """Empties the logs of what was deleted, and tells whether nobody kept it from that."""

    @abstractmethod
    def rewrite(self) -> bool:
        """Writes all tables anew, so that no byte of what was deleted is left in them or in the logs; tells whether nothing kept it from that.

        Deleting alone leaves copies behind: pages that were split, tuples that were moved. Takes seconds a gigabyte; others read meanwhile.
        """

    @abstractmethod
    def errors(self) -> AbstractContextManager[None]:
        """Returns a block in which what the database raises becomes a sentence for people: BusyError or WorkspaceError."""

    @abstractmethod
    def saver(self, keep: int) -> "TurnSaver":
        """Returns LangGraph's saver over this database, closed with it; it keeps the latest `keep` checkpoints of a thread."""

    @abstractmethod
    def close(self) -> None:
        """Closes every connection."""

    @abstractmethod
    def _steps_done(self, db: Writer) -> int:
        """Returns how many migrations this database has behind it."""

    @abstractmethod
    def _record(self, db: Writer, step: int) -> None:
        """Writes down that the migrations up to this one are done."""

    def _dialect(self, statement: str) -> str:
        """Returns a migration's statement in the words of this database."""
        return statement

    def _migrate(self) -> None:
        with self.writing() as db:
            done = self._steps_done(db)
            if done > len(MIGRATIONS):
                raise WorkspaceError(f"{self.place} was written by a newer convrec.", "Update convrec to open it.")
            for number, parts in enumerate(MIGRATIONS[done:], done + 1):
                for part in parts:
                    if callable(part):
                        part(db)
                        continue
                    for statement in filter(str.strip, part.split(";")):
                        db.execute(self._dialect(statement))
                self._record(db, number)
