"""Hot columns: a catalogue's facts as arrays, so that a filter over all items takes microseconds to milliseconds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from convrec.catalogue.values import days, ends
from convrec.core.text import fold, words

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_AT_ONCE = 65_536  # texts taken apart at a time
_NO_WORD = r"'*[^0-9a-z']+'*|''+|^'+|'+$"
"""What stands between the words of a folded ASCII text: a single apostrophe inside a word belongs to it."""


class ValueIndex:
    """Which items carry which values of a text-like field; spellings that differ in case or accents alone are one value.

    `values` are in the catalogue's own (most frequent) spelling, in order of first appearance; `counts` `(n_values,)` says
    how many items carry each.
    """

    def __init__(self, column: Any, n_items: int) -> None:
        lengths, flat = _flattened(column)
        encoded = flat.dictionary_encode()
        spellings: list[str] = encoded.dictionary.to_pylist()
        raw_codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        folded, merged = _merged(spellings)
        self.codes: Ints = merged[raw_codes] if len(raw_codes) else raw_codes
        self._code_of = folded
        self.n_items = n_items
        self.values = _spelled(spellings, merged, np.bincount(raw_codes, minlength=len(spellings)), len(folded))
        self._count(np.repeat(np.arange(n_items, dtype=np.int64), lengths))

    def with_rows(self, rows: Ints, carried: Sequence[Sequence[str]], n_items: int) -> ValueIndex:
        """Returns the index with what these ascending rows carry in place of what they carried, `n_items` rows in all. Values keep their places."""
        changed = copy(self)
        changed._code_of, changed.values = dict(self._code_of), list(self.values)
        fresh = [changed._coded(value) for values in carried for value in values]
        old_owners = np.repeat(np.arange(self.n_items, dtype=np.int64), np.diff(self.starts))
        kept = ~np.isin(old_owners, rows)
        owners = np.concatenate([old_owners[kept], np.repeat(rows, [len(values) for values in carried])])
        codes = np.concatenate([self.codes[kept], np.array(fresh, np.int64)])
        order = np.argsort(owners, kind="stable")
        changed.n_items, changed.codes = n_items, codes[order]
        changed._count(owners[order])
        return changed

    def _coded(self, value: str) -> int:
        code = self._code_of.setdefault(fold(value), len(self.values))
        if code == len(self.values):
            self.values.append(value)
        return code

    def _count(self, owners: Ints) -> None:
        """Sets what follows from the codes and the rows `(n_codes,)` that carry them."""
        lengths = np.bincount(owners, minlength=self.n_items)
        self.starts: Ints = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        self.counts: Ints = np.bincount(self.codes, minlength=len(self.values)).astype(np.int64)
        self._postings: Ints = owners[np.argsort(self.codes, kind="stable")]
        self._posting_starts: Ints = np.concatenate([[0], np.cumsum(self.counts)]).astype(np.int64)
        self.present: Bools = lengths > 0

    def find(self, text: str) -> str | None:
        """Returns the value that the text names, whatever its case and accents; None where no item carries it."""
        code = self._code_of.get(fold(text))
        return None if code is None or not self.counts[code] else self.values[code]

    def rows(self, value: str) -> Ints:
        """Returns the rows that carry the value, ascending; none where no item does."""
        code = self._code_of.get(fold(value))
        if code is None:
            return np.empty(0, np.int64)
        return self._postings[self._posting_starts[code] : self._posting_starts[code + 1]]

    def mask(self, value: str) -> Bools:
        """Returns `(n_items,)`, true where the item carries the value."""
        mask = np.zeros(self.n_items, np.bool_)
        mask[self.rows(value)] = True
        return mask

    def carried(self) -> csr_array[Any, tuple[int, int]]:
        """Returns `(n_items, n_values)` float32, 1 where the item carries the value."""
        from scipy.sparse import csr_array as csr

        ones = np.ones(len(self.codes), np.float32)
        return csr((ones, self.codes, self.starts), shape=(self.n_items, len(self.values)))

    def of(self, row: int) -> list[str]:
        """Returns the values that the item in that row carries, in its own order."""
        return [self.values[code] for code in self._codes_of(row)]

    def common(self, least: int = 2) -> list[str]:
        """Returns the values that at least so many items carry."""
        return [value for value, count in zip(self.values, self.counts.tolist(), strict=True) if count >= least]

    def shared(self, row: int, least: int = 2) -> list[str]:
        """Returns those values of the item in that row that at least so many items carry, in its own order."""
        return [self.values[code] for code in self._codes_of(row) if self.counts[code] >= least]

    def _codes_of(self, row: int) -> list[int]:
        codes: list[int] = self.codes[self.starts[row] : self.starts[row + 1]].tolist()
        return codes


class WholeTexts:
    """Which items' text is, as a whole and folded, which: a number an item in place of a list of all texts."""

    def __init__(self, column: Any) -> None:
        self._column = column
        folded = (hash(fold(text)) if text is not None else 0 for text in _texts(column))
        self._hashes: Ints = np.fromiter(folded, np.int64, len(column))
        self.present: Bools = column.is_valid().to_numpy(zero_copy_only=False)
        self._late: dict[int, str | None] = {}

    def with_rows(self, rows: Ints, texts: Sequence[str | None], n_items: int) -> WholeTexts:
        """Returns the index with these rows' texts in place of theirs, `n_items` rows in all."""
        changed = copy(self)
        changed._hashes, changed.present = grown(self._hashes, n_items, 0), grown(self.present, n_items, False)
        changed._late = self._late | dict(zip(rows.tolist(), texts, strict=True))
        changed._hashes[rows] = [hash(fold(text)) if text is not None else 0 for text in texts]
        changed.present[rows] = [text is not None for text in texts]
        return changed

    def mask(self, text: str) -> Bools:
        """Returns `(n_items,)`, true where the item's text is `text`, whatever their case and accents."""
        wanted = fold(text)
        mask: Bools = (self._hashes == hash(wanted)) & self.present
        for row in np.flatnonzero(mask).tolist():  # texts may share a number
            known = self._late[row] if row in self._late else self._column[row].as_py()
            mask[row] = fold(known or "") == wanted
        return mask


class WordIndex:
    """Which items' text has which (folded, whole) words."""

    def __init__(self, column: Any) -> None:
        self._code_of: dict[str, int] = {}
        parts = [self._coded(column.slice(start, _AT_ONCE), start) for start in range(0, len(column), _AT_ONCE)]
        none = np.empty(0, np.int32)
        rows, codes = (np.concatenate(found) for found in zip((none, none), *parts, strict=True))
        self._rows = rows[np.argsort(codes, kind="stable")]
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=len(self._code_of)))])
        self.present: Bools = column.is_valid().to_numpy(zero_copy_only=False)
        self._late: dict[int, frozenset[str]] = {}

    def with_rows(self, rows: Ints, texts: Sequence[str | None], n_items: int) -> WordIndex:
        """Returns the index with these rows' texts in place of theirs, `n_items` rows in all."""
        changed = copy(self)
        changed.present = grown(self.present, n_items, False)
        changed.present[rows] = [text is not None for text in texts]
        changed._late = self._late | {
            row: frozenset(words(text or "")) for row, text in zip(rows.tolist(), texts, strict=True)
        }
        return changed

    def mask(self, text: str) -> Bools:
        """Returns `(n_items,)`, true where every word of `text` stands in the item's, in any order."""
        mask = self.present.copy()
        for word in set(words(text)):
            has = np.zeros(len(mask), np.bool_)
            code = self._code_of.get(word)
            if code is not None:
                has[self._rows[self._starts[code] : self._starts[code + 1]]] = True
            for row, known in self._late.items():
                has[row] = word in known
            mask &= has
        return mask

    def _coded(self, column: Any, start: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Returns each word's row and code, `(n_words,)`."""
        import pyarrow.compute as pc

        parts = _words_of(column)
        encoded = pc.list_flatten(parts).dictionary_encode()
        lengths = pc.fill_null(pc.list_value_length(parts), 0).to_numpy(zero_copy_only=False)
        code_of = self._code_of
        merged = np.array([code_of.setdefault(word, len(code_of)) for word in encoded.dictionary.to_pylist()], np.int32)
        rows = np.repeat(np.arange(start, start + len(column), dtype=np.int32), lengths)
        return rows, merged[encoded.indices.to_numpy(zero_copy_only=False)]


def _words_of(column: Any) -> Any:
    """Returns the words of each text as `core.text.words` finds them, and blank ones; Arrow splits where a text is ASCII."""
    import pyarrow.compute as pc

    split = pc.split_pattern_regex(pc.utf8_lower(column), _NO_WORD)
    others = np.flatnonzero(pc.fill_null(pc.invert(pc.string_is_ascii(column)), False).to_numpy(zero_copy_only=False))
    if not len(others):
        return split
    spelled = pa.array([words(column[int(row)].as_py()) for row in others], split.type)
    place = np.arange(len(column))
    place[others] = len(column) + np.arange(len(others))
    return pa.concat_arrays([split, spelled]).take(pa.array(place))


def numbers(column: Any) -> Floats:
    """Returns `(n_items,)` of a number, date (days since 1970) or bool (0, 1) column, NaN where missing."""
    if pa.types.is_string(column.type):
        encoded = column.dictionary_encode()  # many items share a day
        known = np.array([days(text) for text in encoded.dictionary.to_pylist()] + [np.nan], np.float64)
        dated: Floats = known[encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
        return dated
    floats: Floats = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return floats


def range_ends(column: Any) -> tuple[Floats, Floats]:
    """Returns `(n_items,)` the least and the most of a range column, NaN where missing, infinite where there is no most."""
    encoded = column.dictionary_encode()
    known = np.array([ends(text) or (np.nan, np.nan) for text in encoded.dictionary.to_pylist()] + [(np.nan, np.nan)])
    found = known[encoded.indices.fill_null(len(known) - 1).to_numpy(zero_copy_only=False)]
    return found[:, 0], found[:, 1]


def number_of(value: Any) -> float:
    """Returns a number, date (days since 1970) or bool (0, 1) as `numbers` holds it, NaN where missing."""
    return math.nan if value is None else days(value) if isinstance(value, str) else float(value)


def grown(array: npt.NDArray[Any], n_items: int, filled: Any) -> npt.NDArray[Any]:
    """Returns a copy of `(n,)` with `n_items` places, the new ones filled."""
    longer = np.full(n_items, filled, array.dtype)
    longer[: len(array)] = array
    return longer


def _texts(column: Any) -> Iterator[str | None]:
    for start in range(0, len(column), _AT_ONCE):
        yield from column.slice(start, _AT_ONCE).to_pylist()


def _flattened(column: Any) -> tuple[Ints, Any]:
    import pyarrow.compute as pc

    if pa.types.is_list(column.type):
        lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        return lengths.astype(np.int64), pc.list_flatten(column)
    return column.is_valid().to_numpy(zero_copy_only=False).astype(np.int64), column.drop_null()


def _merged(spellings: list[str]) -> tuple[dict[str, int], Ints]:
    codes: dict[str, int] = {}
    merged = [codes.setdefault(fold(spelling), len(codes)) for spelling in spellings]
    return codes, np.array(merged, np.int64)


def _spelled(spellings: list[str], merged: Ints, counts: npt.NDArray[np.intp], n_values: int) -> list[str]:
    if len(spellings) == n_values:
        return spellings
    votes: list[Counter[str]] = [Counter() for _ in range(n_values)]
    for spelling, code, count in zip(spellings, merged.tolist(), counts.tolist(), strict=True):
        votes[code][spelling] += count
    return [vote.most_common(1)[0][0] for vote in votes]
