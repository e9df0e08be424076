"""From older workspace formats to this one, a step a number."""

from collections.abc import Callable
from pathlib import Path

MIGRATIONS: dict[int, Callable[[Path], None]] = {}
"""Format → what makes a workspace of it one of the next format. A step may be interrupted and run again."""

FORMAT = 1
"""The format that this convrec writes. Raise it together with a step in `MIGRATIONS`."""
