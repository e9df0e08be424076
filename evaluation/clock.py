"""What day it is while measuring: "recent" must mean the same in every run."""

from datetime import UTC, datetime

from convrec.core.clock import FixedClock
from convrec.core.errors import InputError

TODAY = "2026-01-01"


def fixed_clock(today: str = TODAY) -> FixedClock:
    """Returns a clock that stands at the beginning of a day, written as 2026-01-31.

    Raises:
        InputError: that is no day.
    """
    try:
        day = datetime.fromisoformat(today)
    except ValueError as error:
        raise InputError(f"{today!r} is no day.", "Write it as 2026-01-31.") from error
    return FixedClock(day.replace(tzinfo=day.tzinfo or UTC))
