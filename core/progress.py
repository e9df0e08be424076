"""How long work tells what it has done."""

import time
from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(stage, done, total)`; `total` is None where it can't be known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Shows nothing."""


class Lines:
    """Says in lines what was done, at most one every ten seconds, so that a log stays readable."""

    def __init__(self, say: Callable[[str], None], *, seconds_between: float = 10.0) -> None:
        self._say, self._between, self._last = say, seconds_between, time.monotonic()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Says it, if the last line is long enough ago."""
        now = time.monotonic()
        if now - self._last >= self._between:
            self._last = now
            self._say(f"{stage}: {done:,} of {total:,}" if total else f"{stage}…")
