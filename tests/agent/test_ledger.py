"""A turn is written whole or not at all, and a forgotten person stays forgotten: on SQLite."""

import sqlite3
import threading

import pytest

from convrec.agent.stores.conformance import LedgerTests, a_turn, an_entry
from convrec.agent.stores.ledger import Ledger, export_document
from convrec.agent.stores.migrations import MIGRATIONS
from convrec.agent.stores.sqlite import SqliteDatabase
from convrec.core.errors import WorkspaceError


class TestSqlite(LedgerTests):
    @pytest.fixture
    def open_database(self, tmp_path):
        return lambda: SqliteDatabase(tmp_path / "state.sqlite")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.sqlite"


@pytest.fixture
def ledger(path):
    opened = Ledger(SqliteDatabase(path))
    yield opened
    opened.close()


@pytest.mark.parametrize("deleting", ["the user", "the thread"])
def test_forgotten_words_leave_the_raw_file(ledger, path, deleting):
    ledger.commit(a_turn(text="zanzibarquux " * 50, entries=(an_entry(),)))
    assert any(b"zanzibarquux" in file.read_bytes() for file in path.parent.glob("state.sqlite*"))
    if deleting == "the user":
        ledger.forget("ana", a_turn().created)
        assert ledger.sweep()
    else:
        ledger.delete_thread("ana", "t1")
    assert not any(b"zanzibarquux" in file.read_bytes() for file in path.parent.glob("state.sqlite*"))


def test_a_new_database_that_another_just_opens_too_is_waited_for(path):
    """SQLite itself does not wait for a writer before it turns a database to its log."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.execute, ("COMMIT",))
    release.start()
    SqliteDatabase(path).close()
    release.join()
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",), "opened, once the other had let go"
    other.close()


def test_a_database_of_the_first_shape_is_brought_to_todays(path):
    """The last state of each thread moves out of its turns; nothing else changes."""
    old = sqlite3.connect(path, isolation_level=None)
    for statement in MIGRATIONS[0][0].split(";"):
        old.execute(statement)
    old.execute("PRAGMA user_version=1")
    turns = [a_turn(n, user, thread) for user, thread, most in (("ana", "t1", 3), ("ana", "t2", 1), ("ben", "t1", 2)) for n in range(1, most + 1)]  # fmt: skip
    for one in turns:
        r = one.reply
        row = (r.user_id, r.thread_id, r.turn, None, f"{r.thread_id}/{r.turn}", r.model_dump_json(), one.state.model_dump_json(), one.created.isoformat())  # fmt: skip
        old.execute("INSERT INTO turns VALUES (?,?,?,?,?,?,?,?)", row)
    old.close()
    ledger = Ledger(SqliteDatabase(path))
    for user, thread, most in (("ana", "t1", 3), ("ana", "t2", 1), ("ben", "t1", 2)):
        assert ledger.state(user, thread) == a_turn(most).state
        assert [turn.reply for turn in ledger.turns(user, thread)] == [a_turn(n, user, thread).reply for n in range(1, most + 1)]  # fmt: skip
    assert [(t.thread_id, t.title, t.turns, t.updated) for t in ledger.threads("ana")] == [
        ("t1", "t1/1", 3, a_turn(3).created.isoformat()),
        ("t2", "t2/1", 1, a_turn(1).created.isoformat()),
    ]
    ledger.commit(a_turn(4))
    before = export_document(ledger, "ana")
    ledger.close()
    again = Ledger(SqliteDatabase(path))
    assert export_document(again, "ana") == before
    again.close()


def test_a_database_of_a_newer_convrec_is_left_alone(ledger, path):
    ledger.database.connection.execute("PRAGMA user_version=99")
    with pytest.raises(WorkspaceError, match="newer convrec"):
        SqliteDatabase(path)
