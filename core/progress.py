"""How long work tells what it has done."""

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Called as `progress(stage, done, total)`; `total` is None where it can't be known."""


def silent(stage: str, done: int, total: int | None) -> None:
    """Shows nothing."""
