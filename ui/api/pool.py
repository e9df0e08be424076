"""Threads that do the agent's work, with a queue of limited length before them."""

import asyncio
import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from convrec.ui.api.problems import ProblemError

Result = TypeVar("Result")
_SMOOTHING = 0.1
_LONGEST_S = 30


class Pool:
    """At most `at_once` pieces of work run side by side, `waiting` more wait; whoever comes then is told when to come again.

    What was begun is ended, even where whoever asked is gone: a turn is committed whole or was never begun. `held` hears of every change of
    how many pieces run or wait.
    """

    def __init__(
        self, at_once: int, waiting: int, timeout_s: float, held: Callable[[int], None] = lambda _: None
    ) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="turn")
        self._at_once, self._most, self._timeout_s = at_once, at_once + waiting, timeout_s
        self._mean_s = 0.1  # of a piece of work, smoothed
        self._held, self._told = 0, held
        self._guard = threading.Lock()
        self.refused = 0

    @property
    def held(self) -> int:
        """How many pieces of work run or wait."""
        return self._held

    @property
    def waiting(self) -> int:
        """How many pieces of work wait."""
        return max(0, self._held - self._at_once)

    async def run(self, work: Callable[[], Result]) -> Result:
        """Returns what the work returns.

        Raises:
            ProblemError: too many wait (429), or it takes too long (503). What the work raises.
        """
        future = self._submit(work)
        try:
            return await asyncio.wait_for(asyncio.shield(future), self._timeout_s)
        except TimeoutError as error:
            raise ProblemError(503, _SLOW, after_s=5) from error

    async def stream(self, work: Callable[[], Iterator[Result]]) -> AsyncIterator[Result]:
        """Yields what the work yields, as it comes. Whoever stops listening does not stop the work.

        Raises:
            ProblemError: too many wait (429), before anything is yielded; or nothing came for too long (503). What the work raises.
        """
        loop, events = asyncio.get_running_loop(), asyncio.Queue[tuple[str, Any]]()

        def tell(kind: str, value: Any) -> None:
            loop.call_soon_threadsafe(events.put_nowait, (kind, value))

        def follow() -> None:
            try:
                for event in work():
                    tell("event", event)
            except Exception as error:  # noqa: BLE001  (raised again where it is awaited)
                tell("error", error)
            else:
                tell("end", None)

        self._submit(follow)
        while True:
            try:
                async with asyncio.timeout(self._timeout_s):
                    kind, value = await events.get()
            except TimeoutError as error:
                raise ProblemError(503, _SLOW, after_s=5) from error
            if kind == "event":
                yield value
            elif kind == "error":
                raise value
            else:
                return

    async def drain(self, at_most_s: float) -> bool:
        """Waits until all work has ended, and tells whether it has."""
        end = time.monotonic() + at_most_s
        while self._held and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self._threads.shutdown(wait=False, cancel_futures=True)
        return not self._held

    def _submit(self, work: Callable[[], Result]) -> "asyncio.Future[Result]":
        with self._guard:
            if self._held >= self._most:
                self.refused += 1
                wait_s = math.ceil(self._mean_s * self._held / self._at_once)
                raise ProblemError(429, "Too many are asking just now.", after_s=min(max(wait_s, 1), _LONGEST_S))
            self._hold(1)

        def counted() -> Result:
            with self._measured():
                return work()

        try:
            return asyncio.get_running_loop().run_in_executor(self._threads, counted)
        except RuntimeError as error:  # the server is going down
            with self._guard:
                self._hold(-1)
            raise ProblemError(503, "The server is going down.", after_s=5) from error

    @contextmanager
    def _measured(self) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            with self._guard:
                self._mean_s += _SMOOTHING * (time.monotonic() - began - self._mean_s)
                self._hold(-1)

    def _hold(self, n: int) -> None:
        self._held += n
        self._told(self._held)


_SLOW = "The answer takes too long. What was begun is ended all the same: send the request again with the same Idempotency-Key to get it."
