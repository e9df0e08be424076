"""Which state database an address names."""

from pathlib import Path

from convrec.agent.stores.database import Database
from convrec.core.errors import InputError

SQLITE = "sqlite:///"


def open_database(url: str) -> Database:
    """Returns the state database at `sqlite:///FILE`, made where there is none.

    Raises:
        InputError: the address is of no kind that is known.
        BusyError, WorkspaceError: the database can't be opened.
    """
    if url.startswith(SQLITE):
        from convrec.agent.stores.sqlite import SqliteDatabase

        return SqliteDatabase(Path(url.removeprefix(SQLITE)))
    raise InputError(f"The setting `state.url` ({url}) is not a SQLite file.", "Use sqlite:///state.sqlite.")
