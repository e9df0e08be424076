"""Threads: the numerical libraries are held to one each, and what is independent runs side by side, a piece a core.

A product of a few milliseconds gains little from a second thread and loses much on a busy machine, where every thread waits for
the slowest: a fit of 94 s took 525 s beside one other job (two cores). With one thread each, sums are also made in the same order
in every run.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar

_T = TypeVar("_T")
_R = TypeVar("_R")


def cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@lru_cache(maxsize=1)
def workers() -> ThreadPoolExecutor:
    """Returns a thread a core, on each of which PyTorch keeps to itself: none ever waits for another, so a busy machine costs
    no more than its share, and a single piece of work is not slower by much.
    """
    return ThreadPoolExecutor(cores(), "worker", _alone)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=workers.cache_clear)  # a fork has none of its parent's threads


_settling = threading.Lock()


def settle() -> None:
    """Lets PyTorch set up the calling thread. Where two did so at once for the first time, or after a fork, one would find no pool of threads."""
    import torch

    with _settling:
        torch.get_num_threads()


def _alone() -> None:
    import torch

    with _settling:
        torch.set_num_threads(1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds torch, BLAS and OpenMP to one thread."""
    import scipy.linalg  # noqa: F401  (its BLAS can only be held once it is loaded)
    import torch
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Holds numpy's products to the calling thread."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _libraries() -> Any:
    """Returns the numerical libraries that are loaded (finding them takes milliseconds)."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


class Crew:
    """Workers, one a core, for pieces of work that do not depend on each other."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def each(
        self, work: Callable[[_T], _R], pieces: Iterable[_T], done: Callable[[int], None] = lambda _: None
    ) -> list[_R]:
        """Returns what `work` makes of each piece, in their order; `done` is told how many of the first are ready.

        Where one fails, or the caller is stopped by Ctrl-C, the others end at their next `check`.
        """
        with ThreadPoolExecutor(cores(), "crew", _alone) as pool:
            begun = [pool.submit(work, piece) for piece in pieces]
            made: list[_R] = []
            try:
                for each in begun:
                    done(len(made))
                    made.append(each.result())
                return made
            finally:
                if len(made) < len(begun):
                    self._stopped.set()
                    pool.shutdown(wait=False, cancel_futures=True)

    def check(self) -> None:
        """Ends the piece of work that calls it, where the crew was stopped.

        Raises:
            KeyboardInterrupt: it was.
        """
        if self._stopped.is_set():
            raise KeyboardInterrupt
