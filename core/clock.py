"""Time, chance and ids, passed in so that a turn replays exactly."""

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Anything that tells the time."""

    def now(self) -> datetime:
        """Returns the present moment, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Returns the machine's time, in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock for tests and replays: it starts where it is told and goes on by `step` at each look."""

    def __init__(self, start: datetime, step: timedelta = timedelta(0)) -> None:
        self._now, self._step = start, step

    def now(self) -> datetime:
        """Returns the set time, then moves on by `step`."""
        now = self._now
        self._now += self._step
        return now


NewId = Callable[[], str]


def random_id() -> str:
    """Returns a fresh id of 16 hexadecimal digits."""
    return uuid.uuid4().hex[:16]


def counted_ids(prefix: str) -> NewId:
    """Returns a source of ids `prefix1`, `prefix2`, …, for tests and replays."""
    numbers = itertools.count(1)
    return lambda: f"{prefix}{next(numbers)}"
