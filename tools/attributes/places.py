"""What a catalogue's items are, in vectors: those of the values that they carry."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.contract import Vectors
from convrec.tools.encoder import TextEncoder

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_COMMON = (
    0.01  # of the items must carry a value that says what kind of thing they are; names of people seldom are so common
)
_FEWEST = 3
_MOST = 200  # values that are read, the most frequent first


def value_vectors(catalogue: Catalogue, encoder: TextEncoder) -> Vectors:
    """Returns `(n_items, width)`: the mean vector of each item's common values, less the mean of all items; zeros where it has none."""
    common = _common(catalogue)
    if not common:
        return np.zeros((len(catalogue), encoder.width), np.float32)
    vectors = _encoded(encoder, tuple(value for _, value in common))
    carried = _carried(catalogue, common)
    counts = np.asarray(carried.sum(axis=1)).ravel()
    means = ((carried @ vectors) / np.maximum(counts, 1.0)[:, None]).astype(np.float32)
    return centred(means, counts > 0)


@lru_cache(maxsize=4)
def _encoded(encoder: TextEncoder, values: tuple[str, ...]) -> Vectors:
    """Returns `(n, width)`: the values' vectors, kept for a catalogue that changes while its common values stay the same."""
    return encoder.encode(list(values), full_precision=True)


def centred(vectors: Vectors, known: Any) -> Vectors:
    """Returns the vectors less the mean of the known ones; zeros for the others."""
    if not known.any():
        return np.zeros_like(vectors, dtype=np.float32)
    found: Vectors = ((vectors - vectors[known].mean(axis=0, dtype=np.float64)) * known[:, None]).astype(np.float32)
    return found


def _common(catalogue: Catalogue) -> list[tuple[str, str]]:
    least = max(_FEWEST, _COMMON * len(catalogue))
    found = []
    for field in catalogue.schema.valued:
        if field.searchable:
            index = catalogue.values(field.name)
            found += [
                (int(n), field.name, value) for value, n in zip(index.values, index.counts, strict=True) if n >= least
            ]
    return [(field, value) for _, field, value in sorted(found, key=lambda each: (-each[0], *each[1:]))[:_MOST]]


def _carried(catalogue: Catalogue, values: list[tuple[str, str]]) -> csr_array[Any, tuple[int, int]]:
    from scipy.sparse import csc_array

    rows = [catalogue.values(field).rows(value) for field, value in values]
    starts = np.concatenate([[0], np.cumsum([len(some) for some in rows])]).astype(np.int64)
    return csc_array(
        (np.ones(sum(map(len, rows))), np.concatenate(rows), starts), shape=(len(catalogue), len(values))
    ).tocsr()
