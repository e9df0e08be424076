"""An agent over PostgreSQL: its server goes away in the middle of a turn, is busy, refuses, forgets."""

import sys
import threading
import time

import psycopg
import pytest

from convrec.agent.stores import postgres as postgres_module
from convrec.agent.stores.ledger import TABLES
from convrec.agent.stores.opening import open_database
from convrec.core.errors import BusyError, InputError, WorkspaceError
from tests.agent.memory.test_forgetting import server_files
from tests.agent.shop import over

pytestmark = pytest.mark.ci

ANA = {"user_id": "ana", "thread_id": "t1"}


@pytest.fixture
def url(postgres):
    return postgres.database()


@pytest.fixture
def agent(shop, url):
    with over(shop, url) as opened:
        yield opened


def rows(url, query):
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def test_a_conversation_goes_on_after_a_restart_of_everything(shop, url, postgres):
    with over(shop, url) as agent:
        first = agent.chat("a western", **ANA)
        agent.chat("I love comedies", **ANA)
    postgres.stop("fast")
    postgres.start()
    with over(shop, url) as again:
        assert next(turn.reply for turn in again.thread(**ANA)) == first
        assert [entry.value for entry in again.profile("ana")] == ["Comedy"]
        assert again.chat("more", **ANA).turn == 3


@pytest.mark.parametrize("sign", ["immediate", "fast"])
def test_a_server_that_goes_away_in_the_middle_of_a_turn_is_told_and_found_again(
    shop, url, postgres, sign, monkeypatch
):
    monkeypatch.setattr(postgres_module, "_BUSY_S", 2.0)
    agent = over(shop, url)
    agent.chat("a western", **ANA)
    events = agent.stream("I love comedies", **ANA, request_id="r1")
    assert next(events).type == "plan"
    postgres.stop(sign)
    try:
        with pytest.raises(WorkspaceError, match="does not answer"):
            list(events)
        with pytest.raises(WorkspaceError, match="does not answer"):
            agent.chat("hello", **ANA)
    finally:
        postgres.start()
    assert agent.chat("I love comedies", **ANA, request_id="r1").turn == 2
    assert len(agent.thread(**ANA)) == 2
    assert len(agent.profile("ana")) == 1
    agent.close()


def test_a_server_that_is_back_before_the_turn_ends_costs_nothing(agent, postgres):
    agent.chat("a western", **ANA)
    events = agent.stream("more", **ANA)
    assert next(events).type == "plan"
    postgres.stop()
    postgres.start()
    assert list(events)[-1].reply.turn == 2
    assert agent.graph.get_state({"configurable": {"thread_id": "ana\x1ft1"}}).values["dialogue"]["turn"] == 2


def test_only_the_latest_checkpoints_are_kept_with_their_values(agent, url):
    for text in ("a western", "more", "older", "not the first one"):
        agent.chat(text, **ANA)
    agent.chat("a comedy", user_id="ana", thread_id="t2")
    kept = agent.workspace.settings.memory.keep_checkpoints
    assert rows(url, "SELECT thread_id, count(*) FROM checkpoints GROUP BY 1 ORDER BY 1") == [("ana\x1ft1", kept), ("ana\x1ft2", 1)]  # fmt: skip
    named = "SELECT count(*) FROM checkpoint_blobs WHERE channel='dialogue'"
    assert rows(url, named) == [(kept + 1,)]
    assert rows(url, "SELECT count(*) FROM checkpoint_writes") == [(0,)]
    history = list(agent.graph.get_state_history({"configurable": {"thread_id": "ana\x1ft1"}}))
    assert [one.values["dialogue"]["turn"] for one in history] == [4, 3]


def test_a_turn_broken_off_leaves_nothing(agent, url):
    events = agent.stream("a western", **ANA)
    next(events)
    events.close()
    assert [rows(url, f"SELECT count(*) FROM {table}") for table in (*TABLES, "checkpoints")] == [[(0,)]] * (
        len(TABLES) + 1
    )


def test_a_place_that_another_process_holds_is_told_in_a_sentence(shop, url, monkeypatch):
    monkeypatch.setattr(postgres_module, "_BUSY_S", 1.0)
    with over(shop, url) as agent, over(shop, url) as other:
        agent.chat("a western", **ANA)
        with other._house.ledger.database.writing("ana"):
            with pytest.raises(BusyError, match=r"^The state database is busy\. Another process holds it"):
                agent.chat("I love comedies", **ANA)
            assert len(agent.thread(**ANA)) == 1  # readers don't wait
            assert agent.chat("a western", user_id="ben").turn == 1  # nor does anybody else
        with other._house.ledger.database.writing(), pytest.raises(BusyError):
            agent.chat("a western", user_id="ben")
        assert agent.chat("I love comedies", **ANA).turn == 2


def test_turns_of_one_thread_in_two_agents_at_once_lose_none(shop, url):
    texts = [f"a western number {number}" for number in range(6)]
    with over(shop, url) as one, over(shop, url) as other:
        talkers = [
            threading.Thread(target=lambda a=agent, w=who: [a.chat(f"{text} ({w})", **ANA) for text in texts])
            for who, agent in (("x", one), ("y", other))
        ]
        for talker in talkers:
            talker.start()
        for talker in talkers:
            talker.join()
        turns = one.thread(**ANA)
    assert [turn.turn for turn in turns] == list(range(1, 13))
    assert sorted(turn.text for turn in turns) == sorted(f"{text} ({who})" for text in texts for who in "xy")


def test_several_processes_may_make_the_tables_at_once(url):
    raised = []

    def opening():
        try:
            open_database(url).close()
        except BaseException as error:  # noqa: BLE001
            raised.append(error)

    threads = [threading.Thread(target=opening) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []


def test_forgetting_leaves_no_row_and_no_byte_and_says_when_somebody_still_looks(agent, url, postgres):
    agent.chat("I love quuxology films", **ANA)
    agent.chat("a western about ploughfolk", user_id="ben")
    with psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM turns")
        assert not agent.forget("ana").verified
    receipt = agent.forget("ana")
    assert receipt.verified
    dump = "\n".join(
        str(row) for (table,) in rows(url, "SELECT tablename FROM pg_tables WHERE schemaname='public'") for row in rows(url, f"SELECT t::text FROM {table} t")
    )  # fmt: skip
    assert "quuxology" not in dump
    assert "ploughfolk" in dump
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")
        connection.execute("CHECKPOINT")
    raw = server_files(postgres)
    assert b"ploughfolk" in raw
    assert b"quuxology" not in raw


def test_a_server_that_is_not_there_is_told_without_the_password(postgres):
    began = time.monotonic()
    with pytest.raises(WorkspaceError, match="does not answer") as refused:
        open_database("postgresql://ana:hunter2secret@127.0.0.1:1/shop")
    assert "hunter2secret" not in str(refused.value)
    assert "postgresql://127.0.0.1:1/shop" in str(refused.value)
    with pytest.raises(WorkspaceError, match="does not exist"):
        open_database(postgres.url("nowhere"))
    assert time.monotonic() - began < 10
    with pytest.raises(InputError) as refused:
        open_database("postgresql://ana:hunter2secret@[/shop")
    assert "hunter2secret" not in str(refused.value)


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "convrec.agent.stores.postgres")
    monkeypatch.setitem(sys.modules, "psycopg_pool", None)
    with pytest.raises(InputError, match=r"pip install -e '.\[postgres\]'"):
        open_database("postgresql://ana@localhost/shop")


@pytest.mark.parametrize("url", ["mysql://ana:hunter2secret@host/db", "state.sqlite", ""])
def test_an_address_of_another_kind_is_told_without_it(url):
    with pytest.raises(InputError, match="names no database") as refused:
        open_database(url)
    assert "hunter2secret" not in str(refused.value)


def test_forgotten_words_leave_the_servers_files_once_they_are_vacuumed_in_full(agent, url, postgres):
    """A vacuum makes the room of what was deleted free; only one in full writes the files anew. Its log is the operator's."""
    agent.chat("I love quuxology films", **ANA)
    agent.chat("a western about ploughfolk", user_id="ben")
    assert agent.forget("ana").verified
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM FULL")
        connection.execute("CHECKPOINT")
    raw = b"".join(file.read_bytes() for file in (postgres.folder / "data" / "base").rglob("*") if file.is_file())
    assert b"quuxology" not in raw
    assert b"ploughfolk" in raw
