"""Threads of numerical libraries, held to one where the work is small.

A product of a few milliseconds gains little from a second thread and loses much on a busy machine, where every thread waits for
the slowest: tenfold and more was measured.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Holds numpy's products to the calling thread."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@lru_cache(maxsize=1)
def _libraries() -> Any:
    """Returns the numerical libraries that are loaded (finding them takes milliseconds)."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    return ThreadpoolController()
