"""Whose ids stand in raw bytes: what is left of people in a file is found without knowing what to look for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from convrec.core.ids import SEPARATOR

_PIECE = 1 << 24  # bytes that are read at once
_LONGEST = 256  # bytes of an id
_NAMED = re.compile(rb'"user_id"\s*:\s*("(?:[^"\\\x00-\x1f]|\\.){1,1536}")')
_MARK = re.compile(re.escape(SEPARATOR.encode()))
_BEFORE = re.compile(rb"[^\x00-\x1f\x7f]*\Z")
_LONGEST_HEADER = 16
_OVERLAP = 8 * _LONGEST
_VARINT = 5  # bytes of a number up to what a row holds


def ids_in(file: Path) -> set[str]:
    """Returns what may be a user's id in a file's bytes, used or free: more than those that are one, and every whole one as convrec writes it.

    Looked for are JSON documents with a `user_id`, names of LangGraph's threads, and rows of a SQLite database that begin with a text.
    """
    found: set[str] = set()
    with file.open("rb") as raw:
        kept = b""
        while piece := raw.read(_PIECE):
            piece = kept + piece
            found.update(_named(piece), _separated(piece), _rows(piece))
            kept = piece[-_OVERLAP:]
    return found


def _named(raw: bytes) -> Iterator[str]:
    for match in _NAMED.finditer(raw):
        try:
            yield json.loads(match[1])
        except ValueError:
            continue  # not JSON after all


def _separated(raw: bytes) -> Iterator[str]:
    """Yields what stands before the mark that ends a user's id in a name; where it begins is not known, so from each place on."""
    for mark in _MARK.finditer(raw):
        before = _BEFORE.search(raw[max(mark.start() - _LONGEST, 0) : mark.start()])
        said = before[0] if before else b""
        for start in range(len(said)):
            if (text := _decoded(said[start:])) is not None:
                yield text


def _rows(raw: bytes) -> Iterator[str]:
    """Yields the first text of each SQLite record, the first or second of its values: a header, then what its types say, as long as is written before it."""
    size = len(raw)
    padded = np.frombuffer(raw + bytes(2 * _LONGEST), np.uint8)
    unprintable = np.concatenate([[0], np.cumsum((padded < 0x20) | (padded == 0x7F), dtype=np.int32)])
    likely = (padded[:size] >= 3) & (padded[:size] <= _LONGEST_HEADER)
    for first in (1, 2):
        places = np.flatnonzero(likely if first == 1 else likely & (padded[1 : size + 1] < len(_WIDTHS)))
        kind = padded[places + first].astype(np.int64)
        kind = np.where(kind & 0x80, (kind & 0x7F) << 7 | padded[places + first + 1] & 0x7F, kind)
        length = (kind - 13) // 2
        start = places + padded[places] + (0 if first == 1 else _WIDTHS[padded[places + 1] % len(_WIDTHS)])
        text = (kind & 1 == 1) & (length >= 1) & (length <= _LONGEST)
        places, start, end = places[text], start[text], (start + length)[text]
        clean = unprintable[end] == unprintable[start]
        for place, begins, ends in zip(places[clean].tolist(), start[clean].tolist(), end[clean].tolist(), strict=True):
            if _is_record(raw, place) and (found := _decoded(raw[begins:ends])) is not None:
                yield found


_WIDTHS = np.array((0, 1, 2, 3, 4, 6, 8, 8, 0, 0))
"""Bytes of a value of each of SQLite's types of numbers."""


def _is_record(raw: bytes, place: int) -> bool:
    """Tells whether a record's header stands there: the types fill it, and the length written before it, perhaps with a row's number between, is that of all."""
    at, whole = place + 1, raw[place]
    while at < place + raw[place]:
        kind, at = _varint(raw, at)
        if kind in (10, 11):
            return False
        whole += int(_WIDTHS[kind]) if kind < len(_WIDTHS) else (kind - 12) // 2
    if at != place + raw[place]:
        return False
    ending = [before for before in range(1, _VARINT + 1) if _ends_at(raw, place - before, place)]
    lengths = {_varint(raw, place - before)[0] for before in ending}
    for before in ending:
        lengths |= {
            _varint(raw, place - before - more)[0]
            for more in range(1, _VARINT + 1)
            if _ends_at(raw, place - before - more, place - before)
        }
    return whole in lengths


def _ends_at(raw: bytes, start: int, end: int) -> bool:
    return start >= 0 and _varint(raw, start)[1] == end


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Returns the number at a place, seven bits a byte, and where it ends."""
    value, end = 0, min(at + _VARINT, len(raw))
    while at < end:
        byte = raw[at]
        value, at = value << 7 | byte & 0x7F, at + 1
        if not byte & 0x80:
            break
    return value, at


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return None
