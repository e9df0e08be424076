"""Strings within a few edits of another: a bit for each letter rules out nearly all, an edit distance decides the rest."""

from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Masks = npt.NDArray[np.uint64]

_REMEMBERED = 8192  # strings whose likes are kept: people use the same words again and again

_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789"


def _bits() -> Masks:
    """Returns `(256,)`: the bit of each character; those that are no plain letter or digit share what is left."""
    bits = np.array([1 << (len(_PLAIN) + code % (64 - len(_PLAIN))) for code in range(256)], np.uint64)
    for place, letter in enumerate(_PLAIN):
        bits[ord(letter)] = 1 << place
    return bits


_BITS = _bits()


class Near:
    """Distinct strings, sorted by length and alphabet, found again exactly or within a few edits.

    An edit adds, drops or changes a letter, or swaps two neighbours (optimal string alignment). It changes at most two of the
    bits that say which letters a string has, so that strings with more of them different need not be compared.
    """

    def __init__(self, strings: Iterable[str]) -> None:
        self.strings = sorted(set(strings), key=lambda string: (len(string), string))
        lengths = np.array([len(string) for string in self.strings], np.int64)
        self._starts = np.searchsorted(lengths, np.arange((int(lengths[-1]) if len(lengths) else 0) + 2))
        self._masks = _masks(self.strings, lengths)
        self._found = lru_cache(_REMEMBERED)(self._search)

    def __len__(self) -> int:
        return len(self.strings)

    def place(self, string: str) -> int:
        """Returns where the string stands, -1 where it is not there."""
        start, end = self._range(len(string), len(string))
        place = bisect_left(self.strings, string, start, end)
        return place if place < end and self.strings[place] == string else -1

    def within(self, string: str, edits: int) -> tuple[tuple[int, int], ...]:
        """Returns `(place, distance)` of all strings at most `edits` away, in the order of their places."""
        return self._found(string, edits)

    def _search(self, string: str, edits: int) -> tuple[tuple[int, int], ...]:
        from rapidfuzz.distance import OSA

        start, end = self._range(len(string) - edits, len(string) + edits)
        own = _masks([string], np.array([len(string)], np.int64))[0]
        likely = np.flatnonzero(np.bitwise_count(self._masks[start:end] ^ own) <= 2 * edits) + start
        found = ((place, OSA.distance(string, self.strings[place], score_cutoff=edits)) for place in likely.tolist())
        return tuple((place, distance) for place, distance in found if distance <= edits)

    def _range(self, shortest: int, longest: int) -> tuple[int, int]:
        last = len(self._starts) - 1
        return int(self._starts[min(max(shortest, 0), last)]), int(self._starts[min(max(longest, -1) + 1, last)])


def _masks(strings: list[str], lengths: npt.NDArray[np.int64]) -> Masks:
    """Returns `(n,)`: which letters each string has. Empty strings have none."""
    masks = np.zeros(len(strings), np.uint64)
    filled = lengths > 0
    if filled.any():
        codes = np.frombuffer("".join(strings).encode("utf-32-le", "surrogatepass"), np.uint32) & 255
        starts = (np.cumsum(lengths) - lengths)[filled]
        masks[filled] = np.bitwise_or.reduceat(_BITS[codes], starts)
    return masks
