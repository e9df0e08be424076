"""What an operator wants to see of the last weeks: how turns went, day by day, and which items were shown and taken. Numbers, and nobody's words."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from convrec.agent.stores.daily import Daily, Stand
from convrec.agent.stores.ledger import Ledger


@dataclass(frozen=True)
class Day:
    """One day of UTC. `taken` counts shown items that somebody liked, opened, played or bought that day; `p50_ms` and `p95_ms` are of whole turns."""

    day: str
    turns: int = 0
    people: int = 0
    shown: int = 0
    taken: int = 0
    items: int = 0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    questions: int = 0
    fallbacks: int = 0
    repairs: int = 0
    tokens: int = 0


@dataclass(frozen=True)
class ItemCount:
    """How often an item was shown, and taken up."""

    item_id: str
    shown: int
    taken: int


@dataclass(frozen=True)
class Overview:
    """Days without a gap, the first first; the items shown most; how many of the catalogue's `of` items were shown at all."""

    days: tuple[Day, ...]
    items: tuple[ItemCount, ...]
    n_items: int
    of: int


@dataclass(frozen=True)
class _Read:
    day: Day
    shown: Counter[str]
    taken: Counter[str]


class Observer:
    """Looks at a ledger. A day that stands as it did is not read again."""

    def __init__(self, ledger: Ledger) -> None:
        self._daily = Daily(ledger, awake=False)
        self._known: dict[str, tuple[Stand, _Read]] = {}
        self._guard = threading.Lock()

    def overview(self, now: datetime, n_days: int, catalogue_size: int, most: int = 20) -> Overview:
        """Returns the last `n_days` days up to `now`, and the `most` items shown most in them."""
        asked = [(now.date() - timedelta(days=back)).isoformat() for back in reversed(range(n_days))]
        with self._guard:
            stands = self._daily.stands(asked[0])
            self._known = {day: self._read(day, stand) for day, stand in stands.items()}
            read = [self._known[day][1] for day in asked if day in self._known]
        shown: Counter[str] = sum((one.shown for one in read), Counter())
        taken: Counter[str] = sum((one.taken for one in read), Counter())
        counts = [
            ItemCount(item, n, taken[item]) for item, n in sorted(shown.items(), key=lambda one: (-one[1], one[0]))
        ]
        by_day = {one.day.day: one.day for one in read}
        return Overview(
            tuple(by_day.get(day, Day(day)) for day in asked), tuple(counts[:most]), len(shown), catalogue_size
        )

    def _read(self, day: str, stand: Stand) -> tuple[Stand, _Read]:
        known = self._known.get(day)
        if known is not None and known[0] == stand:
            return known
        shown: Counter[str] = Counter()
        people: set[str] = set()
        seconds: list[float] = []
        counts = Counter[str]()
        for turn in self._daily.turns(day):
            reply = turn.reply
            people.add(turn.user_id)
            seconds.append(reply["ms"])
            shown.update(item["id"] for item in reply["items"])
            counts["questions"] += reply["question"] is not None
            counts["fallbacks"] += reply["fallback"] is not None
            counts["repairs"] += sum(
                (step["n_in"] or 0) - (step["n_out"] or 0) for step in reply["trace"] if step["tool"] == "claims"
            )
            counts["tokens"] += reply["usage"]["prompt_tokens"] + reply["usage"]["completion_tokens"]
        taken = Counter(dict(self._daily.taken(day)))
        p50, p95 = _percentiles(seconds)
        whole = Day(
            day, len(seconds), len(people), shown.total(), taken.total(), len(shown), p50, p95, counts["questions"], counts["fallbacks"],
            counts["repairs"], counts["tokens"],
        )  # fmt: skip
        return stand, _Read(whole, shown, taken)


def _percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    if not milliseconds:
        return 0.0, 0.0
    p50, p95 = np.percentile(milliseconds, (50, 95))
    return round(float(p50), 1), round(float(p95), 1)
