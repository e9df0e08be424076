"""Chatting processes as their parent hears them, and what they leave in the state database."""

import json
import os
import select
import sqlite3
from contextlib import contextmanager

from convrec.agent.stores.ledger import Ledger
from convrec.agent.stores.opening import SQLITE, open_database

ANA = {"user_id": "ana", "thread_id": "t1"}
TEXTS = [
    "a western",
    "I love comedies",
    "not the first one",
    "older",
    "why the first one?",
    "hello",
    "more",
    "I hated Cellar Music",
]


class Child:
    """One chatting process, as its parent hears it."""

    def __init__(self, program, order, pipe):
        os.mkfifo(pipe)
        program.stdin.write(json.dumps({**ANA, "to": str(pipe), **order}) + "\n")
        program.stdin.flush()
        self.pid = int(program.stdout.readline())
        self._pipe = os.open(pipe, os.O_RDONLY)
        self._rest = b""
        self.heard = []

    def hear(self, timeout=None):
        """Takes in what the child tells; False when it has ended or said nothing for `timeout` seconds."""
        if not select.select([self._pipe], [], [], timeout)[0]:
            return False
        piece = os.read(self._pipe, 1 << 20)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.heard += [json.loads(line) for line in lines]
        return bool(piece)

    def finish(self):
        """Hears the child out, and returns all that it told."""
        while self.hear():
            pass
        os.close(self._pipe)
        return self.heard

    @property
    def acknowledged(self):
        """The texts with their replies."""
        return [told for told in self.heard if "reply" in told]


@contextmanager
def opened(place):
    """A ledger over a state database, a file or an address; a file is looked through for damage first."""
    if "://" not in str(place):
        database = sqlite3.connect(place)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()
        place = f"{SQLITE}{place}"
    ledger = Ledger(open_database(place))
    yield ledger
    ledger.close()


def stored(place, user_id="ana", thread_id="t1"):
    """The turns of a thread, after checking that each is whole: numbers without a gap, exposures as the replies have them."""
    key = (user_id, thread_id)
    with opened(place) as ledger:
        turns, state = ledger.turns(*key), ledger.state(*key)
        seen = "SELECT turn, item_id, rank, score FROM exposures WHERE user_id=? AND thread_id=? ORDER BY turn, rank"
        exposures = ledger.database.rows(seen, key)
        summary = [thread.turns for thread in ledger.threads(user_id) if thread.thread_id == thread_id]
    assert [turn.turn for turn in turns] == list(range(1, len(turns) + 1))
    assert exposures == [(t.turn, item.id, item.rank, item.score) for t in turns for item in t.reply.items]
    assert state.turn == len(turns)
    assert summary == [len(turns)] * bool(turns)
    return turns


def profile(place, user_id="ana"):
    """The turn and value of each profile entry."""
    with opened(place) as ledger:
        return [(entry.turn, entry.value) for entry in ledger.profile(user_id, history=True)]


def as_told(turns):
    """Stored turns as a chatting process tells of them."""
    return [{"text": turn.text, "reply": turn.reply.model_dump(mode="json")} for turn in turns]
