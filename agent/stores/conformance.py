"""What a state database must keep to for the ledger to stand on it: a test suite for any `Database` to inherit.

class TestMine(LedgerTests):
    @pytest.fixture
    def open_database(self, tmp_path):
        return lambda: MyDatabase(tmp_path / "state")  # each call opens the same one again, as another process would
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import numpy as np
import pytest

from convrec.agent.state import DialogueState
from convrec.agent.stores.accounts import Account, Accounts, SignedIn
from convrec.agent.stores.database import Database
from convrec.agent.stores.ledger import LASTING, TABLES, Ledger, export_document
from convrec.agent.stores.merging import merge
from convrec.agent.stores.records import (
    Commit,
    Episode,
    Feedback,
    Forgotten,
    ThreadSummary,
    TurnTaken,
    Vector,
    turn_key,
)
from convrec.core.clock import counted_ids
from convrec.core.errors import InputError
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Evidence, Reason, Reply, ReplyItem

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OPEN = Callable[[], Ledger]


def an_entry(entry_id: str = "e1", value: str = "Western", **changes: object) -> ProfileEntry:
    """Returns a profile entry."""
    fields = {"facet": "genres", "polarity": 1, "quote": "I love westerns", "created": NOW, "updated": NOW, **changes}
    return ProfileEntry.model_validate({"id": entry_id, "value": value, **fields})


def a_turn(turn: int = 1, user: str = "ana", thread: str = "t1", text: str = "hello", **changes: object) -> Commit:
    """Returns a turn that shows two items, the second first by id."""
    items = tuple(
        ReplyItem(id=i, title=i.upper(), rank=rank, score=0.1 * rank, confidence=0.5)
        for rank, i in enumerate(("w2", "w1"), 1)
    )
    fields = {
        "reply": Reply(text=f"re: {text}", items=items, user_id=user, thread_id=thread, turn=turn),
        "state": DialogueState(turn=turn, slates=(("w2", "w1"),) * turn), "request_id": None, "generation": 0, "entries": (),
        "removed_entries": (), "created": NOW + timedelta(minutes=turn), **changes,
    }  # fmt: skip
    return Commit(text=text, **fields)  # type: ignore[arg-type]


def a_vector(kind: str, key: str, value: float = 0.5, model: str = "m") -> Vector:
    """Returns a vector of three dimensions."""
    return Vector(kind, key, model, np.array([value, 1.0, -2.0]))  # type: ignore[arg-type]


def signed_in(user: str = "ana", hours: float = 1.0) -> SignedIn:
    """Returns somebody who is signed in for so long."""
    return SignedIn(user, user.title(), NOW + timedelta(hours=hours))


def a_life_as_a_guest(ledger: Ledger, user: str) -> None:
    """Writes something about the user into every table that a guest has rows in."""
    vectors = (a_vector("entry", "e1"), a_vector("turn", turn_key("t1", 1)))
    ledger.commit(a_turn(user=user, entries=(an_entry(thread_id="t1", turn=1),), vectors=vectors))
    ledger.add_feedback(user, Feedback("w1", "like", "t1", 1, NOW.isoformat()), (), 0)


def a_full_life(ledger: Ledger, user: str = "ana") -> None:
    """Writes something about the user into every table."""
    vectors = (a_vector("entry", "e1"), a_vector("turn", turn_key("t1", 1)))
    ledger.commit(a_turn(user=user, entries=(an_entry(),), vectors=vectors))
    ledger.commit(a_turn(2, user=user, vectors=(a_vector("turn", turn_key("t1", 2)),)))
    ledger.commit(a_turn(user=user, thread="t10", text="another", vectors=(a_vector("turn", turn_key("t10", 1)),)))
    ledger.add_feedback(user, Feedback("w1", "like", "t1", 1, NOW.isoformat()), (), 0)
    ledger.set_paused(user, True)
    Accounts(ledger).add(Account(user, user.title(), "$hash$", NOW.isoformat()))
    Accounts(ledger).sign_in(f"session of {user}", signed_in(user), NOW, 0)


def at_once(*calls: Callable[[], object]) -> list[BaseException | None]:
    """Runs calls at the same moment and returns what each raised."""
    gate = threading.Barrier(len(calls))
    raised: list[BaseException | None] = [None] * len(calls)

    def run(number: int) -> None:
        gate.wait()
        try:
            calls[number]()
        except BaseException as error:  # noqa: BLE001  (whatever it is, the test looks at it)
            raised[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return raised


class LedgerTests:
    """Tests of the ledger over one kind of database, given by a fixture `open_database`."""

    @pytest.fixture
    def open_ledger(self, open_database: Callable[[], Database]) -> Iterator[OPEN]:
        """Opens a ledger over the database, as another process would."""
        opened: list[Ledger] = []

        def another() -> Ledger:
            opened.append(Ledger(open_database()))
            return opened[-1]

        yield another
        for ledger in opened:
            ledger.close()

    @pytest.fixture
    def ledger(self, open_ledger: OPEN) -> Ledger:
        """A ledger over an empty database."""
        return open_ledger()

    def test_a_committed_turn_is_there_for_everybody(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """What was committed is read by whoever opens the database."""
        ledger.commit(a_turn(entries=(an_entry(),)))
        again = open_ledger()
        assert again.state("ana", "t1") == a_turn().state
        assert [(turn.text, turn.reply) for turn in again.turns("ana", "t1")] == [("hello", a_turn().reply)]
        assert again.profile("ana") == (an_entry(),)

    def test_nobody_is_known_at_first(self, ledger: Ledger) -> None:
        """An empty database answers with nothing."""
        assert ledger.state("ana", "t1") == DialogueState()
        assert (ledger.profile("ana"), ledger.turns("ana", "t1"), ledger.threads("ana")) == ((), [], [])
        assert (ledger.generation("ana"), ledger.paused("ana"), ledger.episodes("ana")) == (0, False, [])
        assert ledger.vectors("ana", "entry", "m") == {}

    def test_the_same_turn_is_written_once(self, ledger: Ledger) -> None:
        """The second of two turns with one number leaves nothing behind."""
        ledger.commit(a_turn())
        with pytest.raises(TurnTaken):
            ledger.commit(a_turn(text="another", entries=(an_entry(),), vectors=(a_vector("turn", turn_key("t1", 1)),)))
        assert [turn.text for turn in ledger.turns("ana", "t1")] == ["hello"]
        assert ledger.profile("ana") == ()
        assert ledger.vectors("ana", "turn", "m") == {}

    def test_of_turns_at_the_same_moment_one_is_written(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """Several processes end the same turn at once: the others are told to begin again."""
        ledgers = [open_ledger() for _ in range(3)]
        for turn in range(1, 9):
            raised = at_once(
                *(partial(one.commit, a_turn(turn, text=f"{number}")) for number, one in enumerate(ledgers))
            )
            assert raised.count(None) == 1
            assert all(isinstance(error, TurnTaken | None) for error in raised)
        assert [turn.turn for turn in ledger.turns("ana", "t1")] == list(range(1, 9))

    def test_a_request_is_answered_once(self, ledger: Ledger) -> None:
        """A request's second reply is not written, in another thread neither; another user's is."""
        ledger.commit(a_turn(request_id="r1"))
        with pytest.raises(TurnTaken):
            ledger.commit(a_turn(thread="t2", request_id="r1"))
        ledger.commit(a_turn(user="ben", request_id="r1"))
        assert ledger.answered("ana", "r1") == a_turn().reply
        assert ledger.answered("cid", "r1") is None
        assert ledger.answered("ana", None) is None
        assert ledger.threads("ana")[0].turns == 1

    def test_superseded_entries_are_history(self, ledger: Ledger) -> None:
        """A profile holds what is true now; its history what was."""
        old = an_entry().model_copy(update={"superseded_by": "e2"})
        ledger.commit(a_turn(entries=(old, an_entry("e2", "Noir"))))
        assert [e.id for e in ledger.profile("ana")] == ["e2"]
        assert {e.id for e in ledger.profile("ana", history=True)} == {"e1", "e2"}

    def test_a_profile_is_patched_whole(self, ledger: Ledger) -> None:
        """Entries come, change and go with their vectors in one step, between turns too."""
        vectors = (a_vector("entry", "e1"), a_vector("entry", "e2", 0.25))
        ledger.patch_profile("ana", (an_entry(), an_entry("e2", "Noir")), (), 0, vectors)
        ledger.patch_profile("ana", (an_entry("e2", "Film Noir"),), ("e1",), 0)
        assert [(e.id, e.value) for e in ledger.profile("ana")] == [("e2", "Film Noir")]
        assert {key: vector.tolist() for key, vector in ledger.vectors("ana", "entry", "m").items()} == {
            "e2": [0.25, 1.0, -2.0]
        }
        ledger.patch_profile("ana", (), (), 0, (a_vector("entry", "e2", model="n"),))
        assert ledger.vectors("ana", "entry", "m") == {}
        assert ledger.vectors("ana", "entry", "n")["e2"].dtype == np.float16
        assert ledger.vectors("ben", "entry", "n") == {}

    def test_threads_are_listed_by_title_or_first_words(self, ledger: Ledger) -> None:
        """The latest comes first; a given title stands for the first words until it is changed."""
        ledger.commit(a_turn(text="something  \n with ships"))
        ledger.commit(a_turn(2, text="others?"))
        ledger.commit(a_turn(thread="t2", text="x" * 100, created=NOW + timedelta(days=1)))
        later = (NOW + timedelta(days=1)).isoformat()
        assert ledger.threads("ana") == [
            ThreadSummary("t2", "x" * 60, 1, later),
            ThreadSummary("t1", "something with ships", 2, (NOW + timedelta(minutes=2)).isoformat()),
        ]
        ledger.rename_thread("ana", "t1", "Ships")
        assert [thread.title for thread in ledger.threads("ana")] == ["x" * 60, "Ships"]
        ledger.commit(a_turn(3, created=NOW + timedelta(days=2)))
        assert [thread.title for thread in ledger.threads("ana")] == ["Ships", "x" * 60]
        with pytest.raises(InputError, match="no conversation"):
            ledger.rename_thread("ben", "t1", "Mine")

    def test_a_deleted_thread_is_gone_with_all_its_rows(self, ledger: Ledger) -> None:
        """Turns, exposures, clicks and vectors of that thread go; the profile, and threads of a like name, stay."""
        a_full_life(ledger)
        a_full_life(ledger, "ben")
        others = export_document(ledger, "ben")
        deleted = ledger.delete_thread("ana", "t1")
        assert deleted == {"turns": 2, "threads": 1, "exposures": 4, "feedback": 1, "vectors": 2, "checkpoints": 0}
        assert [thread.thread_id for thread in ledger.threads("ana")] == ["t10"]
        assert set(ledger.vectors("ana", "turn", "m")) == {turn_key("t10", 1)}
        assert set(ledger.vectors("ana", "entry", "m")) == {"e1"}
        assert ledger.profile("ana") == (an_entry(),)
        assert ledger.state("ana", "t1") == DialogueState()
        assert export_document(ledger, "ben") == others
        assert set(ledger.delete_thread("ana", "t1").values()) == {0}

    def test_a_turn_of_a_thread_that_was_deleted_meanwhile_is_not_written(self, ledger: Ledger) -> None:
        """Its state would bring back what was deleted."""
        ledger.commit(a_turn())
        ledger.delete_thread("ana", "t1")
        with pytest.raises(TurnTaken):
            ledger.commit(a_turn(2))
        ledger.commit(a_turn())
        assert len(ledger.turns("ana", "t1")) == 1

    def test_turns_are_found_by_what_they_showed_last(self, ledger: Ledger) -> None:
        """Of each item the latest turn of that thread, once; nothing for items that it never showed."""
        for turn in (1, 2):
            ledger.commit(a_turn(turn))
        ledger.commit(a_turn(3, reply=a_turn(3).reply.model_copy(update={"items": a_turn().reply.items[:1]})))
        ledger.commit(a_turn(thread="t2"))
        assert [turn.turn for turn in ledger.showing("ana", "t1", ("w1", "w2", "w9"))] == [2, 3]
        assert [turn.turn for turn in ledger.showing("ana", "t1", ("w2",))] == [3]
        assert ledger.showing("ana", "t1", ("w9",)) == ledger.showing("ana", "t1", ()) == []

    def test_episodes_are_told_in_order_with_what_was_shown(self, ledger: Ledger) -> None:
        """Oldest first over all threads, items by rank."""
        ledger.commit(a_turn(created=NOW + timedelta(hours=2)))
        ledger.commit(a_turn(thread="t2", text="early", created=NOW))
        assert ledger.episodes("ana") == [
            Episode("t2", 1, "early", ("w2", "w1"), NOW),
            Episode("t1", 1, "hello", ("w2", "w1"), NOW + timedelta(hours=2)),
        ]
        assert ledger.episodes("ben") == []

    def test_a_clock_that_goes_back_costs_nothing(self, ledger: Ledger) -> None:
        """Turns stand in the order of their numbers, whatever the clock said."""
        for turn in (1, 2, 3):
            ledger.commit(a_turn(turn, text=f"{turn}", created=NOW - timedelta(days=turn)))
        assert [turn.text for turn in ledger.turns("ana", "t1")] == ["1", "2", "3"]
        assert ledger.state("ana", "t1").turn == 3
        assert len(ledger.episodes("ana")) == 3

    def test_pausing_is_kept(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """It is written down until it is taken back."""
        ledger.set_paused("ana", True)
        assert open_ledger().paused("ana")
        ledger.set_paused("ana", False)
        assert not ledger.paused("ana")
        ledger.commit(a_turn(pausing=True))
        ledger.commit(a_turn(2))
        assert ledger.paused("ana")

    def test_forgetting_reaches_every_table_and_nobody_else(self, ledger: Ledger) -> None:
        """Every table loses the user's rows and no other."""
        for user in ("ana", "an", "ana2"):
            a_full_life(ledger, user)
        before = [export_document(ledger, user) for user in ("an", "ana2")]
        deleted = ledger.forget("ana", NOW)
        assert set(deleted) == {*TABLES, "checkpoints"}
        assert all(deleted[table] for table in TABLES)
        assert ledger.remaining("ana") == 0
        assert [export_document(ledger, user) for user in ("an", "ana2")] == before
        assert ledger.remaining("an") == sum(deleted.values())

    def test_a_late_write_does_not_bring_a_forgotten_person_back(self, ledger: Ledger) -> None:
        """Turns, patches and clicks that began before the forgetting are refused; a new person of that name begins at turn 1."""
        before = ledger.generation("ana")
        ledger.commit(a_turn())
        ledger.forget("ana", NOW)
        for late in (
            partial(ledger.commit, a_turn(2, generation=before)),
            partial(ledger.patch_profile, "ana", (an_entry(),), (), before),
            partial(ledger.add_feedback, "ana", Feedback("w1", "like", "t1", 1, NOW.isoformat()), (), before),
        ):
            with pytest.raises(Forgotten):
                late()
        assert ledger.remaining("ana") == 0
        assert ledger.generation("ana") == before + 1
        ledger.commit(a_turn(generation=before + 1))
        assert ledger.state("ana", "t1").turn == 1

    def test_a_tombstone_does_not_tell_whose_it_is(self, ledger: Ledger) -> None:
        """No table names the forgotten; the tombstone knows them again, until the id is in use again."""
        a_full_life(ledger, "ana")
        ledger.commit(a_turn(user="ben"))
        ledger.forget("ana", NOW)
        kept = [ledger.database.rows(f"SELECT * FROM {table}") for table in (*TABLES, *LASTING)]  # noqa: S608
        assert "ana" not in repr(kept)
        assert not any("ana" in ids for ids in ledger.named().values())
        graves = ledger.graves()
        assert (graves.of("ana"), graves.of("ben"), graves.of("cid")) == (NOW.isoformat(), None, None)
        ledger.commit(a_turn(generation=1))
        assert ledger.graves().of("ana") is None
        assert ledger.named()["turns"] == {"ana", "ben"}

    def test_a_forgetting_that_was_stopped_is_ended_at_the_next_opening(
        self, ledger: Ledger, open_ledger: OPEN
    ) -> None:
        """Between the deletion and the writing anew the process may die: the files are seen to later."""
        ledger.commit(a_turn())
        ledger.forget("ana", NOW)
        assert ledger.graves().due == 1
        assert open_ledger().graves().due == 0
        ledger.forget("ana", NOW)
        assert ledger.sweep()
        assert ledger.graves().due == 0

    def test_a_turn_pauses_the_memory_in_the_same_step(self, ledger: Ledger) -> None:
        """Or not at all, if the user was forgotten meanwhile."""
        ledger.commit(a_turn(pausing=True))
        assert ledger.paused("ana")
        ledger.forget("ana", NOW)
        with pytest.raises(Forgotten):
            ledger.commit(a_turn(pausing=True))
        assert ledger.remaining("ana") == 0

    def test_forgetting_and_a_turn_at_the_same_moment(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """Whichever comes first, nothing is left of a turn that began before."""
        other = open_ledger()
        for generation in range(8):
            raised = at_once(partial(other.forget, "ana", NOW), partial(ledger.commit, a_turn(generation=generation)))
            assert raised[0] is None
            assert isinstance(raised[1], Forgotten | None)
            assert ledger.remaining("ana") == 0

    def test_odd_characters_are_kept(self, ledger: Ledger) -> None:
        """Whatever a message or an id holds, it is data."""
        odd = "'; DROP TABLE turns; -- ? %s %% {0} \\ \" \U0001f3ac e\u0301 \x1b[31m\n"
        ledger.commit(a_turn(user="o'neil %s ?", thread="\U0001f600", text=odd))
        assert ledger.turns("o'neil %s ?", "\U0001f600")[0].text == odd
        assert ledger.threads("o'neil %s ?")[0].thread_id == "\U0001f600"

    def test_a_character_that_some_databases_refuse_is_replaced_in_all(self, ledger: Ledger) -> None:
        """U+0000 becomes U+FFFD, so that a conversation can be moved from one kind to another."""
        ledger.commit(a_turn(text="a\x00b"))
        assert ledger.turns("ana", "t1")[0].text == "a\ufffdb"

    def test_a_failed_transaction_leaves_nothing(self, ledger: Ledger) -> None:
        """What breaks off in the middle is as if it had never begun, and the place is free again."""

        def break_off() -> None:
            with ledger.database.writing("ana") as db:
                db.execute("INSERT INTO people (user_id, paused) VALUES (?,?)", ("ana", 1))
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            break_off()
        assert ledger.remaining("ana") == 0
        ledger.set_paused("ana", True)

    def test_an_account_is_made_once_changed_and_removed(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """Another password signs out everywhere; a removed account leaves what is remembered of its user."""
        accounts, again = Accounts(ledger), Accounts(open_ledger())
        account = Account("ana", "Ana", "$hash$", NOW.isoformat())
        accounts.add(account)
        with pytest.raises(InputError, match="already"):
            again.add(Account("ana", "ANA", "$other$", NOW.isoformat()))
        assert (again.find("ana"), again.all(), again.find("ben")) == (account, [account], None)
        ledger.commit(a_turn())
        accounts.sign_in("s1", signed_in(), NOW, 0)
        assert again.set_password("ana", "$new$")
        assert accounts.signed_in("s1", NOW) is None
        assert not again.set_password("ben", "$new$")
        accounts.sign_in("s2", signed_in(), NOW, 0)
        assert again.remove("ana")
        assert not again.remove("ana")
        assert (accounts.signed_in("s2", NOW), accounts.all()) == (None, [])
        assert len(ledger.turns("ana", "t1")) == 1

    def test_a_session_is_known_by_its_token_until_it_is_over(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """Whoever opens the database knows it; signing out ends that one, and what is over is deleted by the next."""
        accounts, again = Accounts(ledger), Accounts(open_ledger())
        accounts.sign_in("s1", signed_in(), NOW, 0)
        accounts.sign_in("s2", signed_in(hours=3), NOW, 0)
        assert again.signed_in("s1", NOW) == signed_in()
        assert again.signed_in("s1", NOW + timedelta(hours=1)) is None
        assert again.signed_in("s9", NOW) is None
        again.sign_out("s2")
        assert accounts.signed_in("s2", NOW) is None
        accounts.sign_in("s3", signed_in("ben", 9), NOW + timedelta(hours=2), 0)
        assert [token for (token,) in ledger.database.rows("SELECT token FROM sessions")] == ["s3"]

    def test_nobody_signs_in_by_what_was_true_before(self, ledger: Ledger) -> None:
        """A password that was changed, an account that was removed, a user who was forgotten meanwhile."""
        accounts = Accounts(ledger)
        accounts.add(Account("ana", "Ana", "$hash$", NOW.isoformat()))
        late = partial(accounts.sign_in, "s1", signed_in(), NOW, 0, "$hash$")
        accounts.set_password("ana", "$new$")
        with pytest.raises(Forgotten):
            late()
        accounts.remove("ana")
        with pytest.raises(Forgotten):
            late()
        ledger.forget("ana", NOW)
        with pytest.raises(Forgotten):
            accounts.sign_in("s1", signed_in(), NOW, 0)
        assert accounts.signed_in("s1", NOW) is None

    def test_forgetting_ends_the_account_and_its_sessions(self, ledger: Ledger) -> None:
        """Nothing is left that names them; the name is free for another."""
        a_full_life(ledger)
        ledger.forget("ana", NOW)
        accounts = Accounts(ledger)
        assert (accounts.find("ana"), accounts.signed_in("session of ana", NOW)) == (None, None)
        accounts.add(Account("ana", "Ana", "$hash$", NOW.isoformat()))
        assert ledger.graves().of("ana") is None

    def test_a_guest_is_merged_whole(self, ledger: Ledger) -> None:
        """Everything is the user's afterwards, in the guest's words, and nothing is the guest's."""
        a_life_as_a_guest(ledger, "guest-1")
        before = export_document(ledger, "guest-1")
        moved = merge(ledger, "guest-1", "ana", counted_ids("n"))
        assert moved == {"profile": 1, "turns": 1, "threads": 1, "exposures": 2, "feedback": 1, "vectors": 2}
        assert ledger.remaining("guest-1") == 0
        (thread,) = (after := export_document(ledger, "ana"))["threads"]
        assert thread["turns"][0]["reply"].pop("user_id") == "ana"
        assert before["threads"][0]["turns"][0]["reply"].pop("user_id") == "guest-1"
        assert after | {"user_id": "guest-1"} == before
        assert ledger.vectors("ana", "turn", "m").keys() == {turn_key("t1", 1)}
        assert ledger.vectors("ana", "entry", "m").keys() == {"e1"}
        assert len(ledger.showing("ana", "t1", ("w1",))) == 1
        ledger.commit(a_turn(2))

    def test_what_guest_and_user_both_have_is_kept_apart(self, ledger: Ledger) -> None:
        """Conversations and entries of one name get another, wherever they are named; a request keeps the user's answer."""
        item = ReplyItem(
            id="w1", title="W1", rank=1, score=0.1, confidence=0.5,
            reasons=(Reason(kind="other", text="so", weight=1.0, evidence=(Evidence(source="turn:t1/1", value="x"), Evidence(source="profile:e1", value="y"))),),
        )  # fmt: skip
        asked = a_turn(user="guest-1", text="asked", request_id="r1", entries=(an_entry(value="Noir", thread_id="t1"),),
                       vectors=(a_vector("entry", "e1", 0.25), a_vector("turn", turn_key("t1", 1), 0.25)))  # fmt: skip
        ledger.commit(replace(asked, reply=asked.reply.model_copy(update={"items": (item,)})))
        ledger.commit(a_turn(request_id="r1", entries=(an_entry(),), created=NOW + timedelta(days=1),
                             vectors=(a_vector("entry", "e1"), a_vector("turn", turn_key("t1", 1)))))  # fmt: skip
        merge(ledger, "guest-1", "ana", counted_ids("n"))
        assert [thread.thread_id for thread in ledger.threads("ana")] == ["t1", "n1"]
        (turn,) = ledger.turns("ana", "n1")
        assert (turn.text, turn.reply.thread_id) == ("asked", "n1")
        assert [e.source for e in turn.reply.items[0].reasons[0].evidence] == ["turn:n1/1", "profile:n2"]
        assert ledger.answered("ana", "r1") == a_turn().reply
        assert [(e.id, e.value, e.thread_id) for e in ledger.profile("ana")] == [
            ("e1", "Western", ""),
            ("n2", "Noir", "n1"),
        ]
        assert {key: vector[0] for key, vector in ledger.vectors("ana", "turn", "m").items()} == {turn_key("t1", 1): 0.5, turn_key("n1", 1): 0.25}  # fmt: skip
        assert {key: vector[0] for key, vector in ledger.vectors("ana", "entry", "m").items()} == {
            "e1": 0.5,
            "n2": 0.25,
        }

    def test_of_two_tastes_about_the_same_the_later_holds(self, ledger: Ledger) -> None:
        """It supersedes the other, whoever's it was; what both say is said once."""
        later = NOW + timedelta(days=1)
        own = (an_entry("a1"), an_entry("a2", "Noir", updated=later), an_entry("a3", "Drama", updated=later))
        theirs = (
            an_entry("g1", "western", polarity=-1, updated=later), an_entry("g2", "Noir", polarity=-1),
            an_entry("g3", "Drama", weight=0.5), an_entry("g4", "Comedy"), an_entry("g0", "Drama", polarity=-1, superseded_by="g3"),
        )  # fmt: skip
        ledger.patch_profile("ana", own, (), 0, (a_vector("entry", "a3"),))
        ledger.patch_profile("guest-1", theirs, (), 0, (a_vector("entry", "g3"), a_vector("entry", "g4")))
        merge(ledger, "guest-1", "ana", counted_ids("n"))
        now = {(e.id, e.value, e.polarity, e.weight) for e in ledger.profile("ana")}
        assert now == {
            ("g1", "western", -1, 1.0),
            ("a2", "Noir", 1, 1.0),
            ("a3", "Drama", 1, 1.0),
            ("g4", "Comedy", 1, 1.0),
        }
        was = {e.id: e.superseded_by for e in ledger.profile("ana", history=True) if e.superseded_by}
        assert was == {"a1": "g1", "g2": "a2", "g0": "a3"}
        assert ledger.vectors("ana", "entry", "m").keys() == {"a3", "g4"}

    def test_only_a_guest_is_merged(self, ledger: Ledger) -> None:
        """Nobody with an account, nobody into themselves; both stay as they were."""
        a_full_life(ledger)
        a_full_life(ledger, "ben")
        before = [export_document(ledger, user) for user in ("ana", "ben")]
        for guest in ("ana", "ben"):
            with pytest.raises(InputError):
                merge(ledger, guest, "ana", counted_ids("n"))
        assert [export_document(ledger, user) for user in ("ana", "ben")] == before
        assert set(merge(ledger, "nobody", "ana", counted_ids("n")).values()) == {0}

    def test_a_merge_and_a_turn_of_the_guest_at_the_same_moment(self, ledger: Ledger, open_ledger: OPEN) -> None:
        """Whichever comes first, the turn is one person's, whole."""
        other = open_ledger()
        for number in range(8):
            thread = f"t{number}"
            ledger.commit(a_turn(user="guest-1", thread=thread))
            raised = at_once(
                partial(merge, other, "guest-1", "ana", counted_ids("n")), partial(ledger.commit, a_turn(2, user="guest-1", thread=thread))
            )  # fmt: skip
            assert raised[0] is None
            assert isinstance(raised[1], TurnTaken | None)
            assert [t.reply.user_id for t in ledger.turns("ana", thread)] == ["ana"] * (1 if raised[1] else 2)
            assert ledger.turns("guest-1", thread) == []
