"""The state is moved whole or not at all; a backup taken under load restores whole."""

import itertools
import shutil
import sqlite3
import threading

import numpy as np
import pytest

from convrec.agent.stores import moving
from convrec.agent.stores.conformance import NOW, a_full_life, a_turn, an_entry
from convrec.agent.stores.ledger import LASTING, TABLES, Ledger, export_document
from convrec.agent.stores.moving import back_up, move
from convrec.agent.stores.opening import open_database
from convrec.agent.stores.records import Feedback, Forgotten
from convrec.agent.stores.sqlite import SqliteDatabase
from convrec.core.errors import BusyError, InputError, WorkspaceError
from tests.agent.shop import over
from tests.agent.talkers import stored

ANA = {"user_id": "ana", "thread_id": "t1"}
USERS = ("ana", "ben", "Ärzte 😀", "ANA")


@pytest.fixture
def source(tmp_path):
    ledger = Ledger(SqliteDatabase(tmp_path / "state.sqlite"))
    for user in USERS:
        a_full_life(ledger, user)
    ledger.commit(a_turn(text="odd \x00 'quotes' \\ %s ?", user="odd", request_id="r1"))
    ledger.database.connection.execute(
        "UPDATE turns SET text='a'||char(0)||'b' WHERE user_id='odd'"
    )  # of an older time
    for number in range(9):
        ledger.add_feedback("ben", Feedback(f"w{number}", "click", "t1", None, NOW.isoformat()), (), 0)
    ledger.commit(a_turn(user="gone"))
    ledger.forget("gone", NOW)
    yield ledger
    ledger.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request, tmp_path):
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/target.sqlite"
    else:
        url = request.getfixturevalue("postgres").database()
    ledger = Ledger(open_database(url))
    yield ledger
    ledger.close()


def everything(ledger):
    """All that is known of everybody."""
    vectors = [{key: vector.tolist() for key, vector in ledger.vectors(user, kind, "m").items()} for user in USERS for kind in ("entry", "turn")]  # fmt: skip
    told = [export_document(ledger, user) for user in (*USERS, "odd", "gone")]
    return told, vectors, [(ledger.threads(user), ledger.episodes(user), ledger.paused(user), ledger.state(user, "t1")) for user in USERS]  # fmt: skip


def empty(ledger):
    return all(ledger.database.rows(f"SELECT count(*) FROM {table}") == [(0,)] for table in (*TABLES, *LASTING))


@pytest.mark.parametrize("page", [2, 500])
def test_all_is_moved_and_can_be_used_there_and_moved_back(source, target, tmp_path, monkeypatch, page):
    monkeypatch.setattr(moving, "_PAGE", page)
    moved = move(source.database, target.database)
    assert {table.table: table.rows for table in moved} == {"turns": 13, "threads": 9, "profile": 4, "exposures": 26, "feedback": 13, "people": 5, "vectors": 16, "accounts": 4, "sessions": 4, "tombstones": 1, "salt": 1}  # fmt: skip
    source.database.connection.execute("UPDATE turns SET text=? WHERE user_id='odd'", ("a\ufffdb",))
    assert everything(target) == everything(source)
    with pytest.raises(Forgotten):
        target.commit(a_turn(user="gone"))
    target.commit(a_turn(3, entries=(an_entry("e9", "Noir"),)))
    target.add_feedback("ana", Feedback("w9", "like", "t1", 3, NOW.isoformat()), (), 0)
    back = Ledger(SqliteDatabase(tmp_path / "back.sqlite"))
    again = move(target.database, back.database)
    assert everything(back) == everything(target)
    assert [table.sha256 for table in again if table.table in ("people", "vectors", "tombstones")] == [table.sha256 for table in moved if table.table in ("people", "vectors", "tombstones")]  # fmt: skip
    back.close()


def test_a_place_that_is_not_empty_is_refused(source, target):
    target.commit(a_turn(user="zoe"))
    with pytest.raises(InputError, match="not empty"):
        move(source.database, target.database)
    assert [turn.text for turn in target.turns("zoe", "t1")] == ["hello"]
    with pytest.raises(InputError, match="already"):
        move(source.database, SqliteDatabase(source.database.path))


def test_stopped_anywhere_it_leaves_the_source_in_use_and_the_target_empty(source, target):
    before = everything(source)
    for at in itertools.count(1):
        steps = itertools.count(1)

        def stop(*_step, at=at, steps=steps):
            if next(steps) == at:
                raise KeyboardInterrupt

        try:
            move(source.database, target.database, progress=stop)
        except KeyboardInterrupt:
            assert empty(target)
            assert everything(source) == before
            source.set_paused("ana", True)
        else:
            break
    assert at > 10


def test_what_arrives_changed_is_not_kept(source, target, monkeypatch):
    honest = moving._pages

    def dishonest(db, table):
        for page in honest(db, table):
            yield [(*row[:-1], "2026") if table == "turns" and row[0] == "ben" else row for row in page] if db is not source.database.connection else page  # fmt: skip

    monkeypatch.setattr(moving, "_pages", dishonest)
    with pytest.raises(WorkspaceError, match="not what was sent: turns"):
        move(source.database, target.database)
    assert empty(target)


def test_nobody_writes_to_the_source_meanwhile(source, target, monkeypatch):
    other = Ledger(SqliteDatabase(source.database.path))
    other.database.connection.execute("PRAGMA busy_timeout=20")
    refused = []

    def write(*_step):
        try:
            other.set_paused("zoe", True)
        except BusyError:
            refused.append(True)

    move(source.database, target.database, progress=write)
    assert refused
    assert not source.paused("zoe")
    other.close()


def test_a_conversation_goes_on_where_it_was_moved_to(shop, tmp_path, target):
    with over(shop, tmp_path / "state.sqlite") as agent:
        first = agent.chat("a western", **ANA)
        move(agent._house.ledger.database, target.database)
        twin = agent.chat("why the second one?", **ANA)
    url = target.database.pool.conninfo if hasattr(target.database, "pool") else target.database.path
    with over(shop, url) as there:
        state = there.graph.get_state({"configurable": {"thread_id": "ana\x1ft1"}})
        assert state.values["dialogue"]["turn"] == 1  # though no checkpoint was moved
        reply = there.chat("why the second one?", **ANA)
    assert (reply.turn, reply.text) == (twin.turn, twin.text)
    assert first.items[1].title in reply.text


def test_a_backup_taken_while_people_talk_restores_whole(shop, tmp_path):
    path, done = tmp_path / "state.sqlite", threading.Event()
    with over(shop, path) as agent:
        agent.chat("a western", **ANA)

        def talk():
            while not done.is_set():
                agent.chat("more", **ANA)

        talker = threading.Thread(target=talk)
        talker.start()
        sizes = []
        for number in range(5):
            while len(agent.thread(**ANA)) < 3 * number:
                pass
            sizes.append(back_up(path, tmp_path / f"backup{number}.sqlite"))
        done.set()
        talker.join()
        said = agent.thread(**ANA)
    assert sizes == [(tmp_path / f"backup{number}.sqlite").stat().st_size for number in range(5)]
    for number in range(5):
        restored = tmp_path / f"restored{number}" / "state.sqlite"
        restored.parent.mkdir()
        shutil.copy(tmp_path / f"backup{number}.sqlite", restored)
        turns = stored(restored)
        assert turns == said[: len(turns)]
        with over(shop, restored) as agent:
            assert agent.chat("more", **ANA).turn == len(turns) + 1
    assert len(turns) >= 12
    assert not list(tmp_path.glob("*.part*"))


def test_a_backup_that_cannot_be_is_told(tmp_path, source):
    out = tmp_path / "backup.sqlite"
    with pytest.raises(InputError, match="no state database"):
        back_up(tmp_path / "nowhere.sqlite", out)
    back_up(source.database.path, out)
    with pytest.raises(InputError, match="there already"):
        back_up(source.database.path, out)
    with pytest.raises(WorkspaceError, match="can't be opened"):
        back_up(source.database.path, tmp_path / "nowhere" / "backup.sqlite")
    source.close()
    raw = bytearray(source.database.path.read_bytes())
    raw[8192:12288] = np.random.default_rng(0).bytes(4096)
    source.database.path.write_bytes(raw)
    with pytest.raises(WorkspaceError, match="damaged"):
        back_up(source.database.path, tmp_path / "another.sqlite")
    assert not (tmp_path / "another.sqlite").exists()


def test_a_backup_holds_no_log_of_its_own(tmp_path, source):
    out = tmp_path / "backup.sqlite"
    back_up(source.database.path, out)
    database = sqlite3.connect(f"file:{out}?mode=ro", uri=True)
    assert database.execute("SELECT count(*) FROM turns").fetchone() == (13,)
    database.close()
    assert [file.name for file in tmp_path.glob("backup*")] == ["backup.sqlite"]
