"""Where SASRec begins: item vectors from how often items are chosen near one another, so that little is left to learn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.tools.contract import Ints, Vectors

if TYPE_CHECKING:
    from convrec.tools.sasrec_training import Histories

_REACH = 5  # places apart at which two choices still count as near
_DECAY = 0.8  # what each further place leaves of a count
_FLATTENED = 0.75  # exponent of popularity, as in word2vec: the association with what is rare is not overstated


def starting_vectors(learned: Histories, n_items: int, size: int, seed: int) -> Vectors:
    """Returns `(n_items, size)` vectors of length 1 whose products tell how much likelier than by chance two items stand together.

    They are the leading eigenvectors of the logged association of items, weighed by the roots of their eigenvalues (Levy & Goldberg
    2014, Neural Word Embedding as Implicit Matrix Factorization, section 5). A little chance is added for items that
    stand alone and for numbers beyond the rank.
    """
    from scipy.sparse.linalg import eigsh

    chance = np.random.default_rng(seed)
    vectors = chance.normal(0.0, 1e-3, (n_items, size))
    rank = min(size, n_items - 1)
    near = _association(learned, n_items)
    if near.nnz and rank >= 1:
        strength, directions = eigsh(near, k=rank, which="LA", v0=chance.normal(size=n_items))
        vectors[:, :rank] += directions * np.sqrt(np.maximum(strength, 0.0))
    unit: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit


def _association(learned: Histories, n_items: int) -> Any:
    """Returns `(n_items, n_items)`, symmetric, sparse: the log of 1 + how often two items are near, over what chance makes of it."""
    from scipy.sparse import coo_array

    window = np.repeat(np.arange(len(learned)), learned.stop - learned.start)
    begins = np.cumsum(learned.stop - learned.start) - (learned.stop - learned.start)
    items = learned.items[np.arange(len(window)) - begins[window] + learned.start[window]]
    pairs = [_pairs(items, window, distance) for distance in range(1, _REACH + 1)]
    one, other, amount = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    counts = coo_array((amount, (one, other)), shape=(n_items, n_items)).tocsr()
    near = (counts + counts.T).tocoo()
    total = np.asarray(near.sum(axis=1), np.float64).ravel()
    share = total**_FLATTENED / max(float((total**_FLATTENED).sum()), 1e-12)
    row, column = near.coords
    logged = np.log1p(near.data / (total[row] * share[column]))
    found = coo_array((logged, (row, column)), shape=near.shape).tocsr()
    return (found + found.T) / 2


def _pairs(items: Ints, window: Ints, distance: int) -> tuple[Ints, Ints, Vectors]:
    first = np.flatnonzero(window[distance:] == window[:-distance])
    one, other = items[first], items[first + distance]
    apart = one != other
    return one[apart], other[apart], np.full(int(apart.sum()), _DECAY ** (distance - 1), np.float32)
