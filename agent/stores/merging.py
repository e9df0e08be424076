"""One person's rows become another's: a guest who turns out to have an account."""

from collections.abc import Mapping

from convrec.agent.memory.merging import joined
from convrec.agent.stores.database import Writer
from convrec.agent.stores.ledger import Ledger, drop_checkpoints_of, entries_of, patch
from convrec.agent.stores.records import packed, turn_key, unpacked
from convrec.core.clock import NewId
from convrec.core.errors import InputError
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply

Names = Mapping[str, str]
"""New names by old ones; what is not there keeps its own."""


def merge(ledger: Ledger, guest: str, user_id: str, new_id: NewId) -> dict[str, int]:
    """Moves all that is kept of a guest to a user, in one transaction, and returns how many rows of each table went over.

    Conversations, exposures, clicks and vectors move; a conversation whose id the user has already gets a new one. Of profile entries
    that are about the same, the later holds. Whether the user's memory is paused stays as it is. Nothing is left under the guest's id.

    Raises:
        InputError: the guest is the user, or has an account.
    """
    if guest == user_id:
        raise InputError("These are the same person already.", "Nothing needs to be merged.")
    generation = ledger.generation(user_id)
    with ledger.database.writing() as db:
        if db.execute("SELECT 1 FROM accounts WHERE user_id=?", (guest,)).fetchone():
            raise InputError(f"{guest} has an account.", "Only guests are merged.")
        ledger.enter(db, user_id, generation)
        threads = _names(db, "SELECT thread_id FROM threads WHERE user_id=?", guest, user_id, new_id)
        ids = _names(db, "SELECT id FROM profile WHERE user_id=?", guest, user_id, new_id)
        moved = {
            "profile": _move_profile(db, guest, user_id, ids, threads),
            "turns": _move_turns(db, guest, user_id, ids, threads),
        }
        moved |= {table: _move(db, table, guest, user_id, threads) for table in ("threads", "exposures", "feedback")}
        moved["vectors"] = _move_vectors(db, guest, user_id, ids, threads)
        _order_threads(db, user_id)
        for table in ("people", "sessions"):
            db.execute(f"DELETE FROM {table} WHERE user_id=?", (guest,))  # noqa: S608  (our own names, here and below)
        drop_checkpoints_of(ledger.database, db, guest)
    return moved


def _names(db: Writer, query: str, guest: str, user_id: str, new_id: NewId) -> Names:
    """Returns new names for those of the guest's that the user has too."""
    mine, theirs = ({name for (name,) in db.execute(query, (who,)).fetchall()} for who in (user_id, guest))
    return {name: new_id() for name in sorted(mine & theirs)}


def _move_profile(db: Writer, guest: str, user_id: str, ids: Names, threads: Names) -> int:
    theirs = [_renamed(entry, ids, threads) for entry in entries_of(db, guest)]
    together = joined(entries_of(db, user_id), theirs)
    said = {old for old in (entry.id for entry in entries_of(db, guest)) if ids.get(old, old) in together.said}
    db.executemany("DELETE FROM vectors WHERE user_id=? AND kind='entry' AND key=?", [(guest, old) for old in said])
    db.execute("DELETE FROM profile WHERE user_id=?", (guest,))
    patch(db, user_id, together.entries)
    return len(theirs)


def _renamed(entry: ProfileEntry, ids: Names, threads: Names) -> ProfileEntry:
    after = entry.superseded_by
    return entry.model_copy(
        update={
            "id": ids.get(entry.id, entry.id), "thread_id": threads.get(entry.thread_id, entry.thread_id),
            "superseded_by": ids.get(after, after) if after is not None else None,
        }
    )  # fmt: skip


def _move_turns(db: Writer, guest: str, user_id: str, ids: Names, threads: Names) -> int:
    """Moves the turns one by one, since their replies name the person; a request's id that the user has too is dropped."""
    key = "user_id=? AND thread_id=? AND turn=?"
    places = db.execute("SELECT thread_id, turn FROM turns WHERE user_id=?", (guest,)).fetchall()
    db.execute(
        """UPDATE turns SET request_id=NULL WHERE user_id=? AND request_id IN (
           SELECT request_id FROM turns WHERE user_id=? AND request_id IS NOT NULL)""",
        (guest, user_id),
    )
    for thread_id, turn in places:
        ((stored,),) = db.execute(f"SELECT reply FROM turns WHERE {key}", (guest, thread_id, turn)).fetchall()  # noqa: S608
        name = threads.get(thread_id, thread_id)
        reply = _readdressed(unpacked(stored), user_id, name, ids, threads)
        db.execute(
            f"UPDATE turns SET user_id=?, thread_id=?, reply=? WHERE {key}",  # noqa: S608
            (user_id, name, packed(reply), guest, thread_id, turn),
        )
    return len(places)


def _readdressed(reply: Reply, user_id: str, thread_id: str, ids: Names, threads: Names) -> Reply:
    """Returns a reply as one to another person, its evidence under the new names."""
    document = reply.model_dump(mode="json") | {"user_id": user_id, "thread_id": thread_id}
    for item in document["items"] if ids or threads else ():
        for evidence in (one for reason in item["reasons"] for one in reason["evidence"]):
            kind, _, place = evidence["source"].partition(":")
            if kind == "profile":
                evidence["source"] = f"profile:{ids.get(place, place)}"
            elif kind == "turn":
                name, _, turn = place.rpartition("/")
                evidence["source"] = f"turn:{threads.get(name, name)}/{turn}"
    return Reply.model_validate(document)


def _move(db: Writer, table: str, guest: str, user_id: str, threads: Names) -> int:
    moved = 0
    for old, new in threads.items():
        change = f"UPDATE {table} SET user_id=?, thread_id=? WHERE user_id=? AND thread_id=?"  # noqa: S608
        moved += db.execute(change, (user_id, new, guest, old)).rowcount
    return moved + db.execute(f"UPDATE {table} SET user_id=? WHERE user_id=?", (user_id, guest)).rowcount  # noqa: S608


def _move_vectors(db: Writer, guest: str, user_id: str, ids: Names, threads: Names) -> int:
    keys = {("entry", old): new for old, new in ids.items()}
    for thread_id, turns in db.execute("SELECT thread_id, turns FROM threads WHERE user_id=?", (user_id,)).fetchall():
        old = next((old for old, new in threads.items() if new == thread_id), None)
        keys |= {("turn", turn_key(old, n)): turn_key(thread_id, n) for n in range(1, turns + 1) if old is not None}
    moved = 0
    for (kind, old), new in keys.items():
        change = "UPDATE vectors SET user_id=?, key=? WHERE user_id=? AND kind=? AND key=?"
        moved += db.execute(change, (user_id, new, guest, kind, old)).rowcount
    return moved + db.execute("UPDATE vectors SET user_id=? WHERE user_id=?", (user_id, guest)).rowcount


def _order_threads(db: Writer, user_id: str) -> None:
    """Puts the conversations of both into one order, by when they last went on."""
    found = db.execute(
        "SELECT thread_id FROM threads WHERE user_id=? ORDER BY updated, recency, thread_id", (user_id,)
    ).fetchall()
    order = [(place, user_id, thread_id) for place, (thread_id,) in enumerate(found, 1)]
    db.executemany("UPDATE threads SET recency=? WHERE user_id=? AND thread_id=?", order)
