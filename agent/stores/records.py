"""What is written into the ledger and read out of it."""

import hashlib
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convrec.agent.state import DialogueState
from convrec.core.ids import namespace
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply

Kind = Literal["entry", "turn"]
"""What a vector is of: a profile entry, by its id, or the message of a turn, by its `turn_key`."""


@dataclass(frozen=True)
class Feedback:
    """One click on an item: `event` is like, dislike, seen, … in a thread, at a turn where that is known."""

    item_id: str
    event: str
    thread_id: str
    turn: int | None
    created: str


@dataclass(frozen=True)
class StoredTurn:
    """One turn as it was committed, and when (ISO, UTC). Its reply is read when it is first asked for, so that a long conversation is at hand at once."""

    thread_id: str
    turn: int
    text: str
    packed: bytes = field(repr=False)
    created: str

    @cached_property
    def reply(self) -> Reply:
        """The committed reply."""
        return unpacked(self.packed)


@dataclass(frozen=True)
class ThreadSummary:
    """One conversation of a user: its given title, else its first words; how many turns; when it last went on (ISO, UTC)."""

    thread_id: str
    title: str
    turns: int
    updated: str


@dataclass(frozen=True)
class Episode:
    """What was said at a turn and which items were shown for it, by rank."""

    thread_id: str
    turn: int
    text: str
    shown: tuple[str, ...]
    created: datetime


@dataclass(frozen=True, eq=False)
class Vector:
    """The sentence vectors of an entry or of a turn's statements, end to end (n_vectors × n_dimensions,), and the model that made them. They are stored in 16-bit floats."""

    kind: Kind
    key: str
    model: str
    vector: NDArray[np.floating]


@dataclass(frozen=True)
class Commit:
    """All that one turn writes. `generation` is the user's when the turn began: a user forgotten since is not written.

    `known` is the profile, unabridged, that `entries` were made of: where another hand has changed it since, that change stands.
    `pausing` says that memory is to rest from now on, or no longer; None leaves it.
    """

    text: str
    reply: Reply
    state: DialogueState
    request_id: str | None
    generation: int
    entries: tuple[ProfileEntry, ...]
    removed_entries: tuple[str, ...]
    created: datetime
    vectors: tuple[Vector, ...] = ()
    pausing: bool | None = None
    known: tuple[ProfileEntry, ...] = ()


@dataclass(frozen=True)
class Graves:
    """Who was forgotten and since when (ISO, UTC), by hash; how many of these forgettings have not reached the files yet; who is there now."""

    salt: str
    since: Mapping[str, str]
    due: int
    living: frozenset[str]

    def of(self, user_id: str) -> str | None:
        """Returns since when a user is forgotten; None for anybody else, and for an id that is in use again."""
        if not self.salt or user_id in self.living:
            return None
        return self.since.get(hashed(user_id, self.salt))


def packed(reply: Reply) -> bytes:
    """Returns a reply as it is stored: JSON, deflated, a quarter of its size."""
    return zlib.compress(reply.model_dump_json().encode(), 1)


def unpacked(stored: bytes) -> Reply:
    """Returns a stored reply."""
    return Reply.model_validate_json(zlib.decompress(stored))


class TurnTaken(Exception):  # noqa: N818  (no failure: the turn starts again on the newer state)
    """Another process committed this thread's turn first, or deleted the thread."""


class Forgotten(Exception):  # noqa: N818
    """The user was forgotten since; nothing of it is kept."""


def hashed(user_id: str, salt: str) -> str:
    """Returns what stands for a user where their id must not: whoever has the salt can try an id, and nobody can read it."""
    return hashlib.blake2b(user_id.encode(), key=bytes.fromhex(salt), digest_size=16).hexdigest()


def turn_key(thread_id: str, turn: int) -> str:
    """Returns the key of a turn's vector."""
    return namespace(thread_id, str(turn))
