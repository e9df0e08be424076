"""The turn ledger: the truth about what was said, answered, shown and remembered, each turn in one transaction."""

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convrec.agent.memory.learning import settled
from convrec.agent.state import DialogueState
from convrec.agent.stores.database import Database, Parameters, Row, Writer
from convrec.agent.stores.records import (
    Commit,
    Episode,
    Feedback,
    Forgotten,
    Graves,
    Kind,
    StoredTurn,
    ThreadSummary,
    TurnTaken,
    Vector,
    hashed,
    packed,
    turn_key,
    unpacked,
)
from convrec.core.errors import InputError
from convrec.core.ids import SEPARATOR, namespace
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply

TABLES = ("turns", "threads", "profile", "exposures", "feedback", "people", "vectors", "accounts", "sessions")
"""Every table that speaks of people, each with a `user_id`. In `people` is everybody of whom anything is kept."""
LASTING = ("tombstones", "salt")
"""What a forgetting leaves: a tombstone by the hash of the id, and the salt of all such hashes."""
_OF_A_THREAD = ("turns", "threads", "exposures", "feedback")
_PROFILE = "SELECT entry FROM profile WHERE user_id=?"
_VECTOR = np.dtype("<f2")
_TITLE = 60


class Ledger:
    """Turns, threads, profiles, exposures and feedback of all users in one state database, whichever that is.

    Whoever writes about a user holds the user's place until the transaction ends, so what is read in it stands.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._salt = ""
        if self.database.rows("SELECT 1 FROM tombstones WHERE swept=0"):
            self.sweep()  # a forgetting that was stopped, or that somebody kept from its end

    def close(self) -> None:
        """Closes the database."""
        self.database.close()

    # Reading

    def state(self, user_id: str, thread_id: str) -> DialogueState:
        """Returns the thread's state after its last turn; a fresh one for a new thread."""
        rows = self.database.rows("SELECT state FROM threads WHERE user_id=? AND thread_id=?", (user_id, thread_id))
        return DialogueState.model_validate_json(rows[0][0]) if rows else DialogueState()

    def generation(self, user_id: str) -> int:
        """Returns how often the user was forgotten."""
        person = self._person(user_id)
        rows = self.database.rows("SELECT generation FROM tombstones WHERE person=?", (person,)) if person else []
        return int(rows[0][0]) if rows else 0

    def answered(self, user_id: str, request_id: str | None) -> Reply | None:
        """Returns the reply that this request already got, if it did."""
        if request_id is None:
            return None
        query = "SELECT reply FROM turns WHERE user_id=? AND request_id=?"
        rows = self.database.rows(query, (user_id, request_id))
        return unpacked(rows[0][0]) if rows else None

    def profile(self, user_id: str, *, history: bool = False) -> tuple[ProfileEntry, ...]:
        """Returns the user's profile, oldest first; with `history`, superseded entries too."""
        entries = _read(self.database.rows(_PROFILE, (user_id,)))
        return tuple(entry for entry in entries if history or entry.superseded_by is None)

    def feedback(self, user_id: str, thread_id: str | None = None) -> list[Feedback]:
        """Returns the user's clicks, in one conversation or in all, oldest first."""
        query = """SELECT item_id, event, thread_id, turn, created FROM feedback
                   WHERE user_id=? AND (thread_id=? OR ?=1) ORDER BY id"""
        rows = self.database.rows(query, (user_id, thread_id or "", int(thread_id is None)))
        return [Feedback(*row) for row in rows]

    def threads(self, user_id: str) -> list[ThreadSummary]:
        """Returns the user's conversations, the latest first."""
        query = """
            SELECT t.thread_id, t.title, f.text, t.turns, t.updated FROM threads t
            JOIN turns f ON f.user_id=t.user_id AND f.thread_id=t.thread_id AND f.turn=1
            WHERE t.user_id=? ORDER BY t.recency DESC, t.updated DESC, t.thread_id
        """
        return [
            ThreadSummary(thread_id, title or " ".join(text.split())[:_TITLE], turns, updated)
            for thread_id, title, text, turns, updated in self.database.rows(query, (user_id,))
        ]

    def turns(self, user_id: str, thread_id: str) -> list[StoredTurn]:
        """Returns the turns of a conversation, in order."""
        query = "SELECT thread_id, turn, text, reply, created FROM turns WHERE user_id=? AND thread_id=? ORDER BY turn"
        return [StoredTurn(*row) for row in self.database.rows(query, (user_id, thread_id))]

    def turn(self, user_id: str, thread_id: str, turn: int) -> StoredTurn | None:
        """Returns one turn of a conversation, if it is there."""
        query = "SELECT thread_id, turn, text, reply, created FROM turns WHERE user_id=? AND thread_id=? AND turn=?"
        rows = self.database.rows(query, (user_id, thread_id, turn))
        return StoredTurn(*rows[0]) if rows else None

    def showing(self, user_id: str, thread_id: str, item_ids: Sequence[str]) -> list[StoredTurn]:
        """Returns the turns of a conversation in which items were shown last, in order."""
        query = f"""
            SELECT thread_id, turn, text, reply, created FROM turns WHERE user_id=? AND thread_id=? AND turn IN (
                SELECT max(turn) FROM exposures WHERE user_id=? AND thread_id=?
                AND item_id IN ({", ".join("?" * len(item_ids)) or "NULL"}) GROUP BY item_id) ORDER BY turn
        """  # noqa: S608  (placeholders alone)
        parameters = (user_id, thread_id, user_id, thread_id, *item_ids)
        return [StoredTurn(*row) for row in self.database.rows(query, parameters)]

    def episodes(self, user_id: str) -> list[Episode]:
        """Returns what was said and shown in all of the user's conversations, oldest first, without the replies."""
        seen = "SELECT thread_id, turn, item_id FROM exposures WHERE user_id=? ORDER BY thread_id, turn, rank"
        shown: dict[tuple[str, int], list[str]] = {}
        for thread_id, turn, item_id in self.database.rows(seen, (user_id,)):
            shown.setdefault((thread_id, turn), []).append(item_id)
        said = "SELECT thread_id, turn, text, created FROM turns WHERE user_id=? ORDER BY created, thread_id, turn"
        return [
            Episode(thread_id, turn, text, tuple(shown.get((thread_id, turn), ())), datetime.fromisoformat(created))
            for thread_id, turn, text, created in self.database.rows(said, (user_id,))
        ]

    def vectors(self, user_id: str, kind: Kind, model: str) -> dict[str, NDArray[np.float16]]:
        """Returns the user's vectors of one kind that this model made, by key: an entry's id, or a `turn_key`."""
        query = "SELECT key, vector FROM vectors WHERE user_id=? AND kind=? AND model=?"
        return {key: np.frombuffer(raw, _VECTOR) for key, raw in self.database.rows(query, (user_id, kind, model))}

    def recallable(self, user_id: str) -> set[str]:
        """Returns the `turn_key`s of the turns that may be recalled: those that have a vector, whichever model made it."""
        query = "SELECT key FROM vectors WHERE user_id=? AND kind='turn'"
        return {key for (key,) in self.database.rows(query, (user_id,))}

    def holds(self, reply: Reply, generation: int) -> bool:
        """Tells whether a committed turn is still there, and the user not forgotten since `generation` was read."""
        query = "SELECT 1 FROM turns WHERE user_id=? AND thread_id=? AND turn=?"
        there = bool(self.database.rows(query, (reply.user_id, reply.thread_id, reply.turn)))
        return there and self.generation(reply.user_id) == generation

    def paused(self, user_id: str) -> bool:
        """Tells whether nothing new is to be remembered about the user."""
        rows = self.database.rows("SELECT paused FROM people WHERE user_id=?", (user_id,))
        return bool(rows and rows[0][0])

    # Writing

    def commit(self, commit: Commit) -> None:
        """Writes one turn whole: text, reply, state, profile patches, exposures, vectors.

        Raises:
            TurnTaken: the thread does not stand where the turn began; the caller starts again on the newer state.
            Forgotten: the user was forgotten since the turn began.
        """
        reply = commit.reply
        place = (reply.user_id, reply.thread_id)
        created = commit.created.isoformat()
        with self.database.writing(reply.user_id) as db:
            self.enter(db, reply.user_id, commit.generation)
            held = db.execute("SELECT turns FROM threads WHERE user_id=? AND thread_id=?", place).fetchone()
            if (held[0] if held else 0) != reply.turn - 1:
                raise TurnTaken
            try:
                db.execute(
                    "INSERT INTO turns (user_id, thread_id, turn, request_id, text, reply, created) VALUES (?,?,?,?,?,?,?)",
                    (
                        *place,
                        reply.turn,
                        commit.request_id,
                        commit.text.replace("\0", "\ufffd"),
                        packed(reply),
                        created,
                    ),
                )
            except self.database.unique_error as error:  # the request was answered in another thread meanwhile
                raise TurnTaken from error
            db.execute(
                """INSERT INTO threads (user_id, thread_id, state, turns, created, updated, recency)
                   VALUES (?,?,?,?,?,?, (SELECT coalesce(max(recency), 0) + 1 FROM threads WHERE user_id=?))
                   ON CONFLICT (user_id, thread_id) DO UPDATE SET
                   state=excluded.state, turns=excluded.turns, updated=excluded.updated, recency=excluded.recency""",
                (*place, commit.state.model_dump_json(), reply.turn, created, created, reply.user_id),
            )
            entries = _settled(db, reply.user_id, commit.entries, commit.known)
            patch(db, reply.user_id, entries, commit.removed_entries, _of(entries, commit.vectors))
            if commit.pausing is not None:
                _pause(db, reply.user_id, commit.pausing)
            shown = [(*place, reply.turn, item.id, item.rank, item.score) for item in reply.items]
            db.executemany("INSERT INTO exposures VALUES (?,?,?,?,?,?)", shown)

    def patch_profile(
        self,
        user_id: str,
        entries: Sequence[ProfileEntry],
        removed: Sequence[str],
        generation: int,
        vectors: Sequence[Vector] = (),
    ) -> None:
        """Writes entries and takes others out, in one transaction.

        Raises:
            Forgotten: the user was forgotten since `generation` was read.
        """
        with self.database.writing(user_id) as db:
            self.enter(db, user_id, generation)
            patch(db, user_id, entries, removed, vectors)

    def add_feedback(
        self, user_id: str, click: Feedback, entries: Sequence[ProfileEntry], generation: int, known: Sequence[ProfileEntry] = ()
    ) -> None:  # fmt: skip
        """Writes a click and the profile entries that come of it, in one transaction; `known` is the profile that they were made of.

        Raises:
            Forgotten: the user was forgotten since `generation` was read.
        """
        with self.database.writing(user_id) as db:
            self.enter(db, user_id, generation)
            db.execute(
                "INSERT INTO feedback (user_id, item_id, event, thread_id, turn, created) VALUES (?,?,?,?,?,?)",
                (user_id, click.item_id, click.event, click.thread_id, click.turn, click.created),
            )
            patch(db, user_id, _settled(db, user_id, entries, known))

    def set_paused(self, user_id: str, paused: bool) -> None:
        """Sets whether nothing new is to be remembered about the user."""
        with self.database.writing(user_id) as db:
            _pause(db, user_id, paused)

    def rename_thread(self, user_id: str, thread_id: str, title: str) -> None:
        """Gives a conversation a title.

        Raises:
            InputError: the user has no such conversation.
        """
        with self.database.writing(user_id) as db:
            found = db.execute(
                "UPDATE threads SET title=? WHERE user_id=? AND thread_id=?", (title, user_id, thread_id)
            )
            if not found.rowcount:
                raise InputError(
                    f"{user_id} has no conversation {thread_id!r}.", "Agent.threads lists those there are."
                )

    def delete_thread(self, user_id: str, thread_id: str) -> dict[str, int]:
        """Deletes a conversation: turns, exposures, clicks, vectors, checkpoints; what it taught the profile stays.

        Returns how many rows each table lost. A turn that is under way in it is not written.
        """
        name, keys = namespace(user_id, thread_id), turn_key(thread_id, 0)[:-1]
        with self.database.writing(user_id) as db:
            deleted = {
                table: db.execute(f"DELETE FROM {table} WHERE user_id=? AND thread_id=?", (user_id, thread_id)).rowcount  # noqa: S608  (our own names)
                for table in _OF_A_THREAD
            }
            of_turns = "DELETE FROM vectors WHERE user_id=? AND kind='turn' AND substr(key, 1, ?)=?"
            deleted["vectors"] = db.execute(of_turns, (user_id, len(keys), keys)).rowcount
            deleted["checkpoints"] = _drop_checkpoints(self.database, db, "thread_id=?", (name,))
        self.database.purge()
        return deleted

    def forget(self, user_id: str, now: datetime) -> dict[str, int]:
        """Deletes everything about the user, leaves a tombstone without their id, and returns how many rows each table lost.

        `sweep` then takes it out of the files.
        """
        with self.database.writing(user_id) as db:
            deleted = {
                table: db.execute(f"DELETE FROM {table} WHERE user_id=?", (user_id,)).rowcount  # noqa: S608  (our own names)
                for table in TABLES
            }
            deleted["checkpoints"] = drop_checkpoints_of(self.database, db, user_id)
            db.execute("INSERT INTO salt VALUES (1,?) ON CONFLICT (id) DO NOTHING", (secrets.token_hex(16),))
            db.execute(
                """INSERT INTO tombstones VALUES (?,1,?,0) ON CONFLICT (person) DO UPDATE SET
                   generation=tombstones.generation+1, forgotten=excluded.forgotten, swept=0""",
                (self._person(user_id, db), now.isoformat()),
            )
        return deleted

    def sweep(self) -> bool:
        """Takes what forgotten people left out of the files, and tells whether nothing kept it from that; else it is due at the next opening."""
        due = [person for (person,) in self.database.rows("SELECT person FROM tombstones WHERE swept=0")]
        if not self.database.rewrite():
            return False
        with self.database.writing("") as db:
            db.executemany("UPDATE tombstones SET swept=1 WHERE person=?", [(person,) for person in due])
        return True

    def drop_checkpoints(self, user_id: str, thread_id: str) -> None:
        """Deletes the checkpoints of a thread whose turn was forgotten, or deleted, before its checkpoint was written."""
        with self.database.writing(user_id) as db:
            _drop_checkpoints(self.database, db, "thread_id=?", (namespace(user_id, thread_id),))
        self.database.rewrite()

    def remaining(self, user_id: str) -> int:
        """Returns how many rows still speak of the user; 0 after `forget`."""
        counts = (f"SELECT count(*) FROM {table} WHERE user_id=?" for table in TABLES)  # noqa: S608
        found = sum(int(self.database.rows(count, (user_id,))[0][0]) for count in counts)
        where, parameters = _checkpoints_of(user_id)
        counts = (f"SELECT count(*) FROM {table} WHERE {where}" for table in self.database.checkpoint_tables)  # noqa: S608
        return found + sum(int(self.database.rows(count, parameters)[0][0]) for count in counts)

    def graves(self) -> Graves:
        """Returns who was forgotten, as far as it is known still: by hash."""
        salt = next(iter(self.database.rows("SELECT value FROM salt")), ("",))[0]
        dead = self.database.rows("SELECT person, forgotten, swept FROM tombstones")
        living = frozenset(user_id for (user_id,) in self.database.rows("SELECT user_id FROM people"))
        return Graves(salt, {person: since for person, since, _ in dead}, sum(not swept for *_, swept in dead), living)

    def named(self) -> dict[str, set[str]]:
        """Returns the ids that the rows of each table name, LangGraph's too."""
        found = {
            table: {str(name) for (name,) in self.database.rows(f"SELECT DISTINCT user_id FROM {table}")}  # noqa: S608
            for table in TABLES
        }
        for table in self.database.checkpoint_tables:
            names = self.database.rows(f"SELECT DISTINCT thread_id FROM {table}")  # noqa: S608
            found[table] = {str(name).partition(SEPARATOR)[0] for (name,) in names}
        return found

    def _person(self, user_id: str, db: Writer | None = None) -> str:
        """Returns the hash that stands for a user in tombstones; blank while nobody was ever forgotten."""
        query = "SELECT value FROM salt"
        salt = (
            self._salt
            or next(iter(self.database.rows(query) if db is None else db.execute(query).fetchall()), ("",))[0]
        )
        if db is None:  # in a transaction it is perhaps only just being made
            self._salt = salt
        return hashed(user_id, salt) if salt else ""

    def enter(self, db: Writer, user_id: str, generation: int) -> None:
        """Notes in a transaction that something is kept of the user.

        Raises:
            Forgotten: the user was forgotten since `generation` was read.
        """
        found = db.execute("SELECT generation FROM tombstones WHERE person=?", (self._person(user_id, db),)).fetchone()
        if (found[0] if found else 0) != generation:
            raise Forgotten
        db.execute("INSERT INTO people (user_id, paused) VALUES (?,0) ON CONFLICT (user_id) DO NOTHING", (user_id,))


def _drop_checkpoints(database: Database, db: Writer, where: str, parameters: Parameters) -> int:
    """Deletes rows of LangGraph's tables and returns how many checkpoints there were."""
    gone = [
        db.execute(f"DELETE FROM {table} WHERE {where}", parameters).rowcount  # noqa: S608
        for table in database.checkpoint_tables
    ]
    return gone[0]


def drop_checkpoints_of(database: Database, db: Writer, user_id: str) -> int:
    """Deletes the checkpoints of all the user's threads in a transaction, and returns how many there were."""
    return _drop_checkpoints(database, db, *_checkpoints_of(user_id))


def _pause(db: Writer, user_id: str, paused: bool) -> None:
    db.execute(
        "INSERT INTO people (user_id, paused) VALUES (?,?) ON CONFLICT (user_id) DO UPDATE SET paused=excluded.paused",
        (user_id, int(paused)),
    )


def _read(rows: Sequence[Row]) -> list[ProfileEntry]:
    return sorted((ProfileEntry.model_validate_json(row[0]) for row in rows), key=lambda e: (e.created, e.id))


def entries_of(db: Writer, user_id: str) -> list[ProfileEntry]:
    """Returns the user's profile as a transaction sees it, superseded entries too, oldest first."""
    return _read(db.execute(_PROFILE, (user_id,)).fetchall())


def _settled(
    db: Writer, user_id: str, entries: Sequence[ProfileEntry], known: Sequence[ProfileEntry]
) -> tuple[ProfileEntry, ...]:
    """Returns what may still be written of entries that were made of what was known then."""
    if not entries:
        return ()
    current = [entry for entry in entries_of(db, user_id) if entry.superseded_by is None]
    return settled(entries, known, current)


def _of(entries: Sequence[ProfileEntry], vectors: Sequence[Vector]) -> list[Vector]:
    """Returns the vectors of turns, and those of these entries."""
    written = {entry.id for entry in entries}
    return [vector for vector in vectors if vector.kind == "turn" or vector.key in written]


def patch(
    db: Writer, user_id: str, entries: Sequence[ProfileEntry], removed: Sequence[str] = (), vectors: Sequence[Vector] = ()
) -> None:  # fmt: skip
    """Writes entries with vectors and takes others out, in a transaction."""
    if removed:
        _take_out(db, user_id, removed)
    db.executemany(
        "INSERT INTO profile VALUES (?,?,?) ON CONFLICT (user_id, id) DO UPDATE SET entry=excluded.entry",
        [(user_id, entry.id, entry.model_dump_json()) for entry in entries],
    )
    db.executemany(
        """INSERT INTO vectors (user_id, kind, key, model, vector) VALUES (?,?,?,?,?)
           ON CONFLICT (user_id, kind, key) DO UPDATE SET model=excluded.model, vector=excluded.vector""",
        [(user_id, v.kind, v.key, v.model, v.vector.astype(_VECTOR).tobytes()) for v in vectors],
    )


def _take_out(db: Writer, user_id: str, removed: Sequence[str]) -> None:
    """Deletes entries with the older ones that they superseded; the turns that taught them are recalled no more."""
    rows = db.execute("SELECT entry FROM profile WHERE user_id=?", (user_id,)).fetchall()
    gone, left = set(removed), [ProfileEntry.model_validate_json(row[0]) for row in rows]
    while older := {entry.id for entry in left if entry.superseded_by in gone} - gone:
        gone |= older
    taught = [entry for entry in left if entry.id in gone]
    db.executemany("DELETE FROM profile WHERE user_id=? AND id=?", [(user_id, entry.id) for entry in taught])
    keys = [(user_id, "entry", entry.id) for entry in taught]
    keys += [(user_id, "turn", turn_key(entry.thread_id, entry.turn)) for entry in taught]
    db.executemany("DELETE FROM vectors WHERE user_id=? AND kind=? AND key=?", keys)


def _checkpoints_of(user_id: str) -> tuple[str, Parameters]:
    """Returns the condition, and its parameters, of the checkpoints of all the user's threads."""
    prefix = namespace(user_id, "")
    return "substr(thread_id, 1, ?)=?", (len(prefix), prefix)


def export_document(ledger: Ledger, user_id: str) -> dict[str, Any]:
    """Returns all that is stored about a user as one JSON document."""
    threads = [
        {"thread_id": thread.thread_id, "title": thread.title, "turns": [
            {"turn": t.turn, "created": t.created, "text": t.text, "reply": t.reply.model_dump(mode="json")}
            for t in ledger.turns(user_id, thread.thread_id)
        ]}
        for thread in sorted(ledger.threads(user_id), key=lambda t: t.thread_id)
    ]  # fmt: skip
    return {
        "user_id": user_id,
        "paused": ledger.paused(user_id),
        "profile": [json.loads(entry.model_dump_json()) for entry in ledger.profile(user_id, history=True)],
        "threads": threads,
        "feedback": [vars(click) for click in ledger.feedback(user_id)],
    }
