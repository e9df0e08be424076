"""Nothing is left of a forgotten person: not in the rows, not in the raw bytes of any file, and nobody else notices."""

import json
import logging
import random
import sqlite3
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from convrec.agent import Agent
from convrec.agent.stores.accounts import Account, SignedIn
from convrec.agent.stores.conformance import NOW
from convrec.agent.stores.ledger import TABLES
from convrec.agent.stores.records import hashed
from convrec.core.clock import counted_ids
from convrec.core.errors import BusyError
from convrec.ui.cli.app import app
from tests.agent.shop import over

SAYING = (
    "I love {0} films", "something about {0} pirates", "a western, not with {0}", "remember that I hate {0} dramas", "I live in {0}",
    "my dog is called {0}", "more like {0} please", "my favourite colour is {0}", "why the first one?", "I'm allergic to {0}",
)  # fmt: skip
OTHERS = ("a western", "I love comedies", "more", "not the first one", "I live in Lyon", "my cat is called Ploughfolk")


def unheard_words(n, seed):
    """Capitalised words that nobody else says and that are nowhere in the product."""
    chance = random.Random(seed)
    return [f"Zq{''.join(chance.choice('bdfgklmnprstv') + chance.choice('aeiou') for _ in range(5))}" for _ in range(n)]


class Sqlite:
    """The state in the workspace."""

    def __init__(self, workspace):
        self.workspace = workspace

    def raw(self):
        return b"".join(file.read_bytes() for file in sorted(self.workspace.rglob("*")) if file.is_file())


class Postgres(Sqlite):
    """The state in a server, whose files are looked at too, but for its own log."""

    def __init__(self, workspace, server):
        super().__init__(workspace)
        self.server, self.url = server, server.database()
        (workspace / "convrec.toml").write_text(f'[state]\nurl = "{self.url}"\n')

    def raw(self):
        import psycopg

        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("ANALYZE")
            connection.execute("CHECKPOINT")
        return super().raw() + server_files(self.server)


def server_files(server):
    """All bytes of a server's tables and indexes."""
    found = []
    for file in Path(server.folder, "data", "base").rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):  # the server itself renews its files
            found.append(file.read_bytes())
    return b"".join(found)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, films):
    return Sqlite(films) if request.param == "sqlite" else Postgres(films, request.getfixturevalue("postgres"))


def lived_through(agent, user, words, turns):
    """One person says all the words over and over in many turns, titles, edits and clicks; others talk in between."""
    chance = random.Random(7)
    for number in range(turns):
        word = words[number % len(words)]
        thread = f"{word} evenings" if number < 3 else f"t{chance.randrange(4)}"
        text = SAYING[number % len(SAYING)].format(word)
        agent.chat(text, user_id=user, thread_id=thread, request_id=f"{word}/{number}")
        if number % 4 == 0:
            other = chance.choice(("ben", f"{user}2", user[:-1]))
            agent.chat(chance.choice(OTHERS), user_id=other, thread_id=chance.choice((thread[:2], "t1")))
        if number % 10 == 0:
            agent.feedback(
                user_id=user, item_id="w1", event=chance.choice(("like", "dislike")), thread_id=thread, turn=1
            )
    agent.edit_profile(user, add=[{"facet": "text", "value": f"anything {words[0]}"}])
    agent.rename_thread(user, "t1", f"{words[1]} nights")
    agent.understand([{"role": "user", "content": f"what about {words[2]}?"}])
    agent.recommend(messages=[{"role": "user", "content": f"films on {words[3]}"}], user_id=user)
    agent.accounts.add(Account(user, words[4], f"$argon2id${words[5]}", NOW.isoformat()))
    agent.accounts.sign_in(words[6], SignedIn(user, words[7], NOW + timedelta(hours=1)), NOW, agent.generation(user))


def left(words, raw):
    return [word for word in words if word.encode() in raw or word.lower().encode() in raw]


@pytest.mark.parametrize("turns", [60, pytest.param(1000, marks=pytest.mark.slow)])
def test_none_of_fifty_words_is_left_in_any_file_and_nobody_else_notices(place, turns, caplog):
    caplog.set_level(logging.DEBUG)
    user, *words = unheard_words(51, seed=turns)
    with Agent.open(place.workspace, new_id=counted_ids("e")) as agent:
        lived_through(agent, user, words, turns)
        others = {other: json.dumps(agent.export(other)).encode() for other in ("ben", f"{user}2", user[:-1])}
        entries, threads = len(agent.export(user)["profile"]), len(agent.threads(user))
        assert left(words, place.raw()) == words
        began = time.monotonic()
        receipt = agent.forget(user)
        assert time.monotonic() - began < 5
        assert (receipt.user_id, receipt.verified) == (user, True)
        counts = {"turns": turns, "threads": threads, "profile": entries, "people": 1, "feedback": -(-turns // 10)}
        assert receipt.deleted.items() >= counts.items()
        assert all(receipt.deleted[store] for store in (*TABLES, "checkpoints"))
        raw = place.raw()
        assert left(words, raw) == []
        assert b"Ploughfolk" in raw
        assert {other: json.dumps(agent.export(other)).encode() for other in others} == others
        assert (
            left(
                words,
                repr(
                    (agent.toolbox._remembered, agent.toolbox._asking._vectors, agent._house.follower._known)
                ).encode(),
            )
            == []
        )
        assert left(words, "\n".join(f"{r.getMessage()} {r.exc_text}" for r in caplog.records).encode()) == []
        assert json.dumps(agent.export(user)).count(user) == 1
    assert left(words, place.raw()) == []
    assert not [
        name for name in (user.encode(), user.lower().encode()) if name in place.raw().replace(f"{user}2".encode(), b"")
    ]
    found = doctor(place.workspace)
    assert (found.exit_code, "broken" in found.stdout) == (0, False)


def doctor(workspace):
    return CliRunner().invoke(app, ["doctor", "-w", str(workspace), "--verify-forgotten", "--json"])


def broken(workspace):
    """What the doctor says is left."""
    found = doctor(workspace)
    document = json.loads(found.stdout)
    wrong = {check["what"]: check for check in document["checks"] if check["status"] == "broken"}
    assert (found.exit_code, document["ok"]) == ((1, False) if wrong else (0, True))
    return wrong


def test_the_doctor_finds_a_copy_in_any_file_of_the_workspace(films):
    assert broken(films) == {}
    with Agent.open(films) as agent:
        agent.chat("I love quuxology films", user_id="ana")
        agent.chat("a western", user_id="ben")
        connection = agent._house.ledger.database.connection
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        raw = (films / "state.sqlite").read_bytes()
        agent.forget("ana")
    (films / "old.bin").write_bytes(b"\x00" * 5000 + raw)
    (films / "replies.jsonl").write_text(json.dumps({"id": "1", "reply": {"user_id": "ana", "text": "…"}}) + "\n")
    (films / "fine.jsonl").write_text(json.dumps({"id": "1", "reply": {"user_id": "ben", "text": "ana"}}) + "\n")
    wrong = broken(films)
    assert set(wrong) == {"old.bin", "replies.jsonl"}
    assert all("'ana'" in check["found"] for check in wrong.values())


def test_the_doctor_finds_what_a_careless_deletion_leaves_in_free_pages(films):
    """Rows deleted by another hand, without overwriting: the tombstone is there, the bytes are too."""
    with Agent.open(films) as agent:
        for number in range(20):
            agent.chat("I love quuxology films", user_id="ana", thread_id=f"t{number}")
        agent.chat("a western", user_id="ben")
        agent.forget("ben")
        ledger = agent._house.ledger
        salt = ledger.graves().salt
    state = films / "state.sqlite"
    careless = sqlite3.connect(state, isolation_level=None)
    careless.execute("PRAGMA secure_delete=OFF")
    careless.execute("INSERT INTO tombstones VALUES (?,1,'2026-01-01',1)", (hashed("ana", salt),))
    for table in TABLES:
        careless.execute(f"DELETE FROM {table} WHERE user_id='ana'")
    careless.execute("DELETE FROM checkpoints")
    careless.execute("DELETE FROM writes")
    careless.close()
    wrong = broken(films)
    assert set(wrong) == {"bytes of state.sqlite"}
    assert "--user ana" in wrong["bytes of state.sqlite"]["mend"]
    with Agent.open(films) as agent:
        assert agent.forget("ana").verified
    assert broken(films) == {}


@pytest.mark.parametrize("table", ["exposures", "checkpoints"])
def test_the_doctor_finds_a_row_that_was_left(films, table):
    with Agent.open(films) as agent:
        agent.chat("a western", user_id="ana", thread_id="t1")
        kept = agent._house.ledger.database.connection.execute(f"SELECT * FROM {table}").fetchall()
        agent.forget("ana")
        marks = ",".join("?" * len(kept[0]))
        agent._house.ledger.database.connection.execute(f"INSERT INTO {table} VALUES ({marks})", kept[0])
    assert {f"rows of {table}", "bytes of state.sqlite"} <= set(broken(films))
    with Agent.open(films) as agent:
        assert agent.forget("ana").verified
    assert broken(films) == {}


def test_what_a_reader_kept_is_taken_out_once_it_is_gone(films):
    with Agent.open(films) as agent:
        agent.chat("I love quuxology films", user_id="ana")
        reader = sqlite3.connect(films / "state.sqlite", isolation_level=None)
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM turns").fetchone()
        assert not agent.forget("ana").verified
        assert "free space" in broken(films)
        reader.close()
    assert broken(films) == {}
    assert b"quuxology" not in Sqlite(films).raw()


def test_an_id_that_is_in_use_again_is_no_leftover(films):
    with Agent.open(films) as agent:
        agent.chat("I love quuxology films", user_id="ana")
        agent.forget("ana")
        agent.chat("a western", user_id="ana")
    assert broken(films) == {}
    people = json.loads(doctor(films).stdout)["checks"][0]
    assert "1 of their ids are in use again" in people["found"]


@pytest.fixture
def agent(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as opened:
        yield opened


class Newsletter:
    """Another door's store."""

    name = "letters"

    def __init__(self, **letters):
        self.letters = letters

    def forget(self, user_id):
        return len(self.letters.pop(user_id, ()))

    def remaining(self, user_id):
        return len(self.letters.get(user_id, ()))


class Careless(Newsletter):
    """One that does not do what it says."""

    def forget(self, user_id):
        return len(self.letters[user_id])


@pytest.mark.parametrize("kind", [Newsletter, Careless])
def test_whatever_holds_something_is_reached_and_looked_at_again(agent, kind):
    agent.forgetting.reach(kind(ana=["a", "b"], ben=["c"]))
    agent.chat("a western", user_id="ana")
    receipt = agent.forget("ana")
    assert (receipt.deleted["turns"], receipt.deleted["letters"]) == (1, 2)
    assert receipt.verified == (kind is Newsletter)


@pytest.mark.parametrize("late", ["I love quuxology films", "please pause your memory", "forget everything about me"])
def test_a_turn_begun_before_brings_nobody_back(agent, late):
    agent.chat("a western", user_id="ana")
    events = agent.stream(late, user_id="ana")
    assert next(events).type == "plan"
    agent.forget("ana")
    with pytest.raises(BusyError, match="forgotten"):
        list(events)
    assert not any("ana" in ids for ids in agent._house.ledger.named().values())
    assert not agent.memory_paused("ana")
