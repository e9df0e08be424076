"""Which state database an address names."""

from pathlib import Path

from convrec.agent.stores.database import Database
from convrec.core.errors import InputError
from convrec.core.extras import to_get

SQLITE, POSTGRES = "sqlite:///", ("postgresql://", "postgres://")


def open_database(url: str) -> Database:
    """Returns the state database at `sqlite:///FILE`, made where there is none, or `postgresql://…`, its tables made where they are not there.

    Raises:
        InputError: the address is of no kind that is known, or what it needs is not installed.
        BusyError, WorkspaceError: the database can't be opened.
    """
    if url.startswith(SQLITE):
        from convrec.agent.stores.sqlite import SqliteDatabase

        return SqliteDatabase(Path(url.removeprefix(SQLITE)))
    if url.startswith(POSTGRES):
        try:
            from convrec.agent.stores.postgres import PostgresDatabase
        except ImportError as error:
            raise InputError("PostgreSQL needs more than is installed.", to_get("postgres")) from error
        return PostgresDatabase(url)
    kind = url.partition(":")[0]
    raise InputError(
        f"The setting `state.url` names no database that is known ({kind}:…).", "Use sqlite:///state.sqlite or postgresql://USER@HOST/DATABASE."
    )  # fmt: skip
