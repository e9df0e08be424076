"""The ledger read day by day, over all people: what was shown and what they did with it, for training and for an operator's overview."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from convrec.agent.stores.ledger import Ledger

TAKEN = ("like", "click", "purchase", "play")
"""The events by which somebody takes an item up."""
_PAGE = 1_000
_AWAKE = "NOT EXISTS (SELECT 1 FROM people p WHERE p.user_id=t.user_id AND p.paused=1)"
_DAY = "substr(t.created, 1, 10)"


@dataclass(frozen=True)
class Stand:
    """How a day stands in the ledger: whatever is added to it or taken out of it changes one of these."""

    turns: int = 0
    last_turn: str = ""
    clicks: int = 0
    last_click: int = 0


@dataclass(frozen=True)
class ShownTurn:
    """One turn: whose, which, when (ISO, UTC), and its Reply as a JSON document."""

    user_id: str
    thread_id: str
    turn: int
    created: str
    reply: dict[str, Any]


@dataclass(frozen=True)
class Click:
    """One click, and the rank at which its item was shown at its turn, where it was."""

    user_id: str
    item_id: str
    event: str
    thread_id: str
    turn: int | None
    created: str
    rank: int | None


class Daily:
    """Reads a ledger by days of UTC. With `awake`, people whose memory rests are left out."""

    def __init__(self, ledger: Ledger, *, awake: bool) -> None:
        self._rows = ledger.database.rows
        self._who = _AWAKE if awake else "1=1"

    def stands(self, since: str = "") -> dict[str, Stand]:
        """Returns how each day stands on which something happened, the first first, from the day `since` (YYYY-MM-DD) on."""
        turns = (
            f"SELECT {_DAY}, count(*), max(t.created) FROM turns t WHERE t.created>=? AND {self._who} GROUP BY {_DAY}"  # noqa: S608  (our own words)
        )
        clicks = (
            f"SELECT {_DAY}, count(*), max(t.id) FROM feedback t WHERE t.created>=? AND {self._who} GROUP BY {_DAY}"  # noqa: S608
        )
        talked = {day: (n, last) for day, n, last in self._rows(turns, (since,))}
        clicked = {day: (n, last) for day, n, last in self._rows(clicks, (since,))}
        return {
            day: Stand(*talked.get(day, (0, "")), *clicked.get(day, (0, 0))) for day in sorted(talked.keys() | clicked)
        }

    def turns(self, day: str) -> Iterator[ShownTurn]:
        """Yields a day's turns by user, thread and number, a page of them at a time."""
        query = f"""
            SELECT t.user_id, t.thread_id, t.turn, t.created, t.reply FROM turns t
            WHERE {_DAY}=? AND (t.user_id, t.thread_id, t.turn) > (?, ?, ?) AND {self._who}
            ORDER BY t.user_id, t.thread_id, t.turn LIMIT {_PAGE}
        """  # noqa: S608
        place: tuple[str, str, int] = ("", "", 0)
        while rows := self._rows(query, (day, *place)):
            for user_id, thread_id, turn, created, packed in rows:
                yield ShownTurn(user_id, thread_id, turn, created, json.loads(zlib.decompress(packed)))
            place = rows[-1][:3]

    def clicks(self, day: str) -> list[Click]:
        """Returns a day's clicks, oldest first."""
        query = f"""
            SELECT t.user_id, t.item_id, t.event, t.thread_id, t.turn, t.created, e.rank FROM feedback t LEFT JOIN exposures e
            ON e.user_id=t.user_id AND e.thread_id=t.thread_id AND e.turn=t.turn AND e.item_id=t.item_id
            WHERE {_DAY}=? AND {self._who} ORDER BY t.id
        """  # noqa: S608
        return [Click(*row) for row in self._rows(query, (day,))]

    def taken(self, day: str) -> list[tuple[str, int]]:
        """Returns which items that a conversation showed were taken up in it on that day, and by how many people."""
        query = f"""
            SELECT t.item_id, count(DISTINCT t.user_id) FROM feedback t WHERE {_DAY}=? AND t.event IN ({", ".join("?" * len(TAKEN))}) AND {self._who}
            AND EXISTS (SELECT 1 FROM exposures e WHERE e.user_id=t.user_id AND e.thread_id=t.thread_id AND e.item_id=t.item_id)
            GROUP BY t.item_id
        """  # noqa: S608
        return [(item_id, n) for item_id, n in self._rows(query, (day, *TAKEN))]
