"""Raced, locked out or short of disk: what was acknowledged is there, nothing is half there, and the fault is told in a sentence."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from convrec.agent.stores import sqlite as sqlite_module
from convrec.agent.stores.sqlite import SqliteDatabase
from convrec.core.errors import BusyError, WorkspaceError
from tests.agent.shop import over
from tests.agent.talkers import ANA, TEXTS, as_told, stored

pytestmark = pytest.mark.ci

LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.readline()
"""


def test_two_processes_on_one_thread_lose_no_turn(start, place, tmp_path):
    state, gate = place(), tmp_path / "gate"
    start(state=state, texts=[]).finish()
    with gate.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        children = [start(state=state, texts=[f"{text} ({who})" for text in TEXTS * 2], gate=str(gate)) for who in "xy"]
        for child in children:
            assert child.hear()
    told = [child.finish() for child in children]
    assert all("error" not in line for lines in told for line in lines)
    turns = as_told(stored(state))
    assert Counter(turn["text"] for turn in turns) == Counter(f"{t} ({who})" for t in TEXTS * 2 for who in "xy")
    for child in children:
        assert [turn for turn in turns if turn in child.acknowledged] == child.acknowledged
    writers = [turn["text"][-2] for turn in turns]
    assert writers not in (sorted(writers), sorted(writers, reverse=True))  # they did run at the same time


def test_one_request_from_two_processes_at_once_is_answered_once(start, place, tmp_path):
    state, gate = place(), tmp_path / "gate"
    for number in range(1, 9):
        with gate.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            children = [
                start(state=state, texts=[text], request_id=f"r{number}", gate=str(gate))
                for text in ("a western", "a comedy")
            ]
            for child in children:
                assert child.hear()
        first, second = (child.finish()[-1]["reply"] for child in children)
        assert first == second
        turns = as_told(stored(state))
        assert len(turns) == number
        assert turns[-1]["reply"] == first


def test_a_request_repeated_in_another_process_is_answered_once(start, tmp_path):
    first = start(texts=["a western"], request_id="r1").finish()[-1]
    again = start(texts=["a western"], request_id="r1").finish()[-1]
    elsewhere = start(texts=["a western"], request_id="r1", thread_id="t2").finish()[-1]
    assert first["reply"] == again["reply"] == elsewhere["reply"]
    assert len(stored(tmp_path / "state.sqlite")) == 1


def test_a_thread_goes_on_in_another_process(start, tmp_path):
    first = start(texts=["westerns"]).finish()[-1]["reply"]
    second = start(texts=["why the second one?"]).finish()[-1]["reply"]
    assert second["turn"] == 2
    assert first["items"][1]["title"] in second["text"]


def test_a_database_that_another_process_holds_is_told_in_a_sentence(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_module, "_BUSY_S", 0.06)
    path = tmp_path / "state.sqlite"
    with over(shop, path) as agent:
        agent.chat("a western", **ANA)
        with subprocess.Popen(
            [sys.executable, "-c", LOCKER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as locker:
            assert locker.stdout.readline() == b"locked\n"
            for refused in (
                lambda: agent.chat("I love quuxology", **ANA),
                lambda: agent.feedback(user_id="ana", item_id="w1", event="like"),
                lambda: agent.forget("ana"),
                lambda: over(shop, path),
            ):
                with pytest.raises(BusyError, match=r"^The state database is busy\. Another process holds it"):
                    refused()
            assert [turn.text for turn in agent.thread(**ANA)] == ["a western"]  # readers don't wait
            assert agent.profile("ana") == []
            locker.stdin.close()
        assert agent.chat("a comedy", **ANA).turn == 2
        assert len(agent.export("ana")["feedback"]) == 0
    assert len(stored(path)) == 2
    assert not any(b"quuxology" in file.read_bytes() for file in tmp_path.glob("state.sqlite*"))


def test_a_checkpoint_that_cannot_be_written_costs_no_turn(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as agent:
        agent.chat("a western", **ANA)
        agent._saver.conn.execute("PRAGMA query_only=ON")
        reply = agent.chat("why the second one?", **ANA)
        agent._saver.conn.execute("PRAGMA query_only=OFF")
        assert reply == agent.thread(**ANA)[-1].reply
        assert agent.chat("more", **ANA).turn == 3
    assert len(stored(tmp_path / "state.sqlite")) == 3


@pytest.mark.parametrize("there", [True, False], ids=["a file", "a folder"])
def test_a_state_database_that_may_not_be_written_is_told_in_a_sentence(start, there):
    folder = Path(tempfile.mkdtemp())
    path = folder / "state.sqlite"
    try:
        if there:
            SqliteDatabase(path).close()
            path.chmod(0o444)
        folder.chmod(0o555)
        told = start(texts=["a western"], state=str(path), nobody=os.geteuid() == 0).finish()
        assert [line["error"] for line in told] == ["WorkspaceError"]
        assert str(path) in told[0]["sentence"]
        assert "Check the rights" in told[0]["sentence"]
        assert [file.name for file in folder.iterdir()] == ["state.sqlite"] * there
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_file_that_is_no_database_is_told_in_a_sentence(shop, tmp_path):
    path = tmp_path / "state.sqlite"
    path.write_text("my shopping list: bread, milk, " * 500)
    with pytest.raises(WorkspaceError, match="no SQLite database"):
        over(shop, path)
    assert path.read_text().startswith("my shopping list")


def test_a_damaged_database_is_told_in_a_sentence_and_is_not_written_to(shop, tmp_path):
    path = tmp_path / "state.sqlite"
    with over(shop, path) as agent:
        for text in TEXTS:
            agent.chat(text, **ANA)
    raw = bytearray(path.read_bytes())
    for page in range(1, len(raw) // 4096):
        raw[page * 4096 : page * 4096 + 64] = b"\xff" * 64
    path.write_bytes(raw)
    with pytest.raises(
        WorkspaceError, match=r"^It is damaged: the state database .*state\.sqlite\. Restore a backup\.$"
    ):
        over(shop, path).chat("a western", **ANA)
    assert path.read_bytes()[4096:] == raw[4096:]


@pytest.fixture
def read_only_disk(tmp_path):
    """Mounts a folder of another place so that nobody can write to it, root neither."""
    place = tmp_path / "fixed"

    def mount(folder):
        place.mkdir()
        binds = [["mount", "--bind", str(folder), str(place)], ["mount", "-o", "remount,ro,bind", str(place)]]
        if any(subprocess.run(command, capture_output=True, check=False).returncode for command in binds):
            pytest.skip("a folder can only be mounted with root's rights")
        return place

    yield mount
    subprocess.run(["umount", "-l", str(place)], check=False, capture_output=True)


def test_a_disk_that_can_only_be_read_is_told_in_a_sentence(shop, tmp_path, read_only_disk):
    kept = tmp_path / "kept"
    kept.mkdir()
    with over(shop, kept / "state.sqlite") as agent:
        agent.chat("a western", **ANA)
    place = read_only_disk(kept)
    for name in ("state.sqlite", "another.sqlite"):
        with pytest.raises(
            WorkspaceError, match=r"the state database .*\. Check the rights of the file and its folder"
        ):
            over(shop, place / name).chat("a western", **ANA)
    assert len(stored(kept / "state.sqlite")) == 1


def test_a_clock_that_goes_back_between_two_processes_costs_nothing(shop, tmp_path):
    path = tmp_path / "state.sqlite"
    with over(shop, path) as agent:
        first = agent.chat("a western", **ANA)
        agent.chat("more", **ANA)
    with over(shop, path) as agent:
        agent._house.clock._now -= timedelta(days=400)
        assert agent.chat("why the second one?", **ANA).turn == 3
        assert agent.chat("I love westerns", **ANA).turn == 4
        assert {entry.value for entry in agent.profile("ana")} == {"Western"}
        assert agent.chat("something good", **ANA).items
        assert [episode.turn for episode in agent._house.ledger.episodes("ana")] == [3, 4, 5, 1, 2]
    assert [turn.turn for turn in stored(path)] == [1, 2, 3, 4, 5]
    assert stored(path)[0].reply == first


def test_a_profile_that_is_edited_while_a_turn_runs_keeps_both(shop, tmp_path):
    path = tmp_path / "state.sqlite"
    noir = {"facet": "genres", "value": "Noir", "polarity": 1, "scope": "lasting"}
    with over(shop, path) as agent, over(shop, path) as other:
        agent.chat("I love westerns", **ANA)
        western = agent.profile("ana")[0]
        events = agent.stream("I love comedies", **ANA)
        assert next(events).type == "plan"
        other.store.put(("ana", "profile"), "mine", noir)
        other.store.delete(("ana", "profile"), western.id)
        list(events)
        assert {entry.value for entry in agent.profile("ana")} == {"Noir", "Comedy"}
    assert len(stored(path)) == 2


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted with root's rights")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(path):
    """Writes until the file's disk is full."""
    with path.open("wb", buffering=0) as full:
        while True:
            try:
                full.write(b"x" * 512)
            except OSError:
                return


def talk_on(agent, most):
    """Chats until a turn is refused; returns the acknowledged turns and the refusal, None where there was none."""
    acknowledged = []
    for number in range(most):
        text = f"a comedy number {number}"
        try:
            reply = agent.chat(text, **ANA)
        except WorkspaceError as error:
            return acknowledged, error
        acknowledged.append({"text": text, "reply": reply.model_dump(mode="json")})
    return acknowledged, None


def test_a_full_disk_is_told_in_a_sentence_and_writes_nothing_half(shop, small_disk):
    path, filler = small_disk / "state.sqlite", small_disk / "filler"
    with over(shop, path) as agent:
        agent.chat("a western", **ANA)
        fill(filler)
        acknowledged, refusal = talk_on(agent, 100)  # there is some room left in the log
        assert str(path) in str(refusal)
        assert "disk" in str(refusal)
        for _ in range(3):
            with pytest.raises(WorkspaceError, match="disk"):
                agent.chat("a comedy", **ANA)
        assert as_told(agent.thread(**ANA))[1:] == acknowledged
        filler.unlink()
        assert agent.chat("a western", **ANA).turn == len(acknowledged) + 2
    assert len(stored(path)) == len(acknowledged) + 2


def test_a_disk_that_fills_up_while_talking_loses_no_acknowledged_turn(shop, small_disk):
    path = small_disk / "state.sqlite"
    with over(shop, path) as agent:
        acknowledged, refusal = talk_on(agent, 1000)
        assert "disk" in str(refusal)
        assert len(acknowledged) > 3
        assert as_told(agent.thread(**ANA)) == acknowledged
    with over(shop, path) as again:
        assert as_told(again.thread(**ANA)) == acknowledged
