"""Folding: small segments are put together with others of their size, so that few lie side by side and none is rewritten often.

As in a log-structured merge tree, tiered by size (O'Neil et al. 1996): a row is written anew once for each time that the segment
it lies in grows by `FAN`, so a change of one item costs what it weighs, whatever the size of the catalogue.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from convrec.catalogue.schema import Schema
from convrec.catalogue.segments import (
    DELETED,
    Segment,
    dialogues_table,
    items_table,
    read_changes,
    read_dialogues,
    read_interactions,
    segments,
    write_segment,
)

FAN = 4
"""How many segments of about one size are folded into one."""


def fold_items(folder: Path, names: Sequence[str], schema: Schema) -> list[str]:
    """Returns the names of segments that come to the same items: those given, or the last of them folded."""
    parts = segments(folder, names)
    start = _start(parts)
    if start == len(parts):
        return list(names)
    put, deleted = read_changes(parts[start:], schema)
    folded = [write_segment(folder, DELETED, items_table(deleted, {}))] if deleted and start else []
    folded += [write_segment(folder, "items", put)] if len(put) else []
    return [*names[:start], *folded]


def fold_interactions(folder: Path, names: Sequence[str]) -> list[str]:
    """Returns the names of segments that come to the same interactions."""
    parts = segments(folder, names)
    start = _start(parts)
    folded = parts[start:]
    return [*names[:start], *([write_segment(folder, "interactions", read_interactions(folded))] if folded else [])]


def fold_dialogues(folder: Path, names: Sequence[str]) -> list[str]:
    """Returns the names of segments that come to the same dialogues."""
    parts = segments(folder, names)
    start = _start(parts)
    folded = parts[start:]
    written = [write_segment(folder, "dialogues", dialogues_table(read_dialogues(folded)))] if folded else []
    return [*names[:start], *written]


def _start(parts: Sequence[Segment]) -> int:
    """Returns the place from which on segments are folded into one; their number where they stay as they are."""
    sizes = [part.n_rows for part in parts]
    start, merged = len(sizes), 0
    while start:
        level = _level(merged or sizes[-1])
        first = start
        while first and _level(sizes[first - 1]) <= level:
            first -= 1
        if start - first + bool(merged) < FAN:
            break
        merged += sum(sizes[first:start])
        start = first
    return start


def _level(n_rows: int) -> int:
    return int(math.log(max(n_rows, 1), FAN) + 1e-9)
