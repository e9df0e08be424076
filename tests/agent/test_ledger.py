"""A turn is written whole or not at all, and a forgotten person stays forgotten."""

import sqlite3
import threading
from datetime import UTC, datetime

import pytest

from convrec.agent.state import DialogueState
from convrec.agent.stores.ledger import Ledger, export_document
from convrec.agent.stores.records import Commit, Feedback, Forgotten, TurnTaken
from convrec.agent.stores.sqlite import SqliteDatabase
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply, ReplyItem

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def entry(entry_id: str = "e1", value: str = "Western") -> ProfileEntry:
    return ProfileEntry(
        id=entry_id, facet="genres", value=value, polarity=1, quote="I love westerns", created=NOW, updated=NOW
    )


def commit(turn: int = 1, user: str = "ana", thread: str = "t1", **changes: object) -> Commit:
    item = ReplyItem(id="w1", title="Heat", rank=1, score=0.5, confidence=0.5)
    fields: dict[str, object] = {
        "text": "hello", "reply": Reply(text="**Heat**", items=(item,), user_id=user, thread_id=thread, turn=turn),
        "state": DialogueState(turn=turn, slates=(("w1",),)), "request_id": None, "generation": 0,
        "entries": (), "removed_entries": (), "created": NOW,
    }  # fmt: skip
    return Commit(**(fields | changes))  # type: ignore[arg-type]


@pytest.fixture
def ledger(tmp_path):
    opened = Ledger(SqliteDatabase(tmp_path / "state.sqlite"))
    yield opened
    opened.close()


def test_a_committed_turn_is_there_after_reopening(ledger: Ledger) -> None:
    ledger.commit(commit(entries=(entry(),)))
    again = Ledger(SqliteDatabase(ledger.database.path))
    assert again.state("ana", "t1") == DialogueState(turn=1, slates=(("w1",),))
    assert [turn.text for turn in again.turns("ana", "t1")] == ["hello"]
    assert again.profile("ana") == (entry(),)
    again.close()


def test_the_same_turn_is_written_once(ledger: Ledger) -> None:
    ledger.commit(commit())
    with pytest.raises(TurnTaken):
        ledger.commit(commit(text="another", entries=(entry(),)))
    assert [turn.text for turn in ledger.turns("ana", "t1")] == ["hello"]
    assert ledger.profile("ana") == ()  # the losing turn left nothing behind


def test_a_request_is_answered_once(ledger: Ledger) -> None:
    ledger.commit(commit(request_id="r1"))
    assert ledger.answered("ana", "r1") == commit().reply
    assert ledger.answered("ben", "r1") is None
    assert ledger.answered("ana", None) is None


def test_superseded_entries_are_history(ledger: Ledger) -> None:
    old = entry().model_copy(update={"superseded_by": "e2"})
    ledger.commit(commit(entries=(old, entry("e2", "Noir"))))
    assert [e.id for e in ledger.profile("ana")] == ["e2"]
    assert {e.id for e in ledger.profile("ana", history=True)} == {"e1", "e2"}


def test_forgetting_reaches_everything_and_nobody_else(ledger: Ledger) -> None:
    ledger.commit(commit(entries=(entry(),)))
    ledger.commit(commit(user="ben"))
    ledger.add_feedback("ana", Feedback("w1", "like", "t1", 1, NOW.isoformat()), (), 0)
    before = export_document(ledger, "ben")
    assert ledger.forget("ana", NOW) == {"turns": 1, "profile": 1, "exposures": 1, "feedback": 1}
    assert ledger.remaining("ana") == 0
    assert export_document(ledger, "ben") == before
    assert ledger.state("ana", "t1") == DialogueState()


def test_a_turn_begun_before_forgetting_is_not_written(ledger: Ledger) -> None:
    generation = ledger.generation("ana")
    ledger.forget("ana", NOW)
    with pytest.raises(Forgotten):
        ledger.commit(commit(generation=generation))
    ledger.commit(commit(generation=ledger.generation("ana")))  # a new person of that name begins at turn 1
    assert ledger.state("ana", "t1").turn == 1


def test_forgotten_words_leave_the_raw_file(ledger: Ledger) -> None:
    ledger.commit(commit(text="zanzibarquux " * 50, entries=(entry(value="zanzibarquux"),)))
    ledger.forget("ana", NOW)
    files = ledger.database.path.parent.glob("state.sqlite*")
    assert not any(b"zanzibarquux" in file.read_bytes() for file in files)


def test_a_new_database_that_another_just_opens_too_is_waited_for(tmp_path):
    """SQLite itself does not wait for a writer before it turns a database to its log."""
    path = tmp_path / "state.sqlite"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.2, other.execute, ("COMMIT",))
    release.start()
    SqliteDatabase(path).close()
    release.join()
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",), "opened, once the other had let go"
    other.close()
