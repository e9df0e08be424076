"""Python's collector of cycles, held off while large indexes are built."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Holds the collector off for a block or a decorated function that makes many objects which stay.

    It would walk through all of them again and again: two fifths of the time that an index of 36,000 titles takes.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def settled() -> None:
    """Tells the collector that what there is now stays: it walks through none of it again, where it would hold up everybody for half a second.

    For a process that has set up what it serves from. What is let go later is freed all the same, but for cycles.
    """
    gc.collect()
    gc.freeze()
