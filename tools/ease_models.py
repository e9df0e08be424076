"""The three forms of EASE's weights: between all items, from the smaller side of people, and sparse between neighbours."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convrec.tools.contract import Floats, Ints, Vectors
from convrec.tools.neighbours import SparseWeights, largest, similar
from convrec.tools.storage import read_array, write_array

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

    Chosen = csr_array[Any, tuple[int, int]]

_BLOCK = 1024
_SHRINKAGE = 10.0  # people in common at which nearness counts half, where neighbours are chosen
_TOGETHER = 500  # items with which an item's counts of people in common are kept; beyond them they count as none


class ItemSide:
    """`B` itself, `(n_items, n_items)`."""

    def __init__(self, matrix: Vectors) -> None:
        self._matrix = matrix

    @classmethod
    def solved(cls, chosen: Chosen, regularisation: float) -> Self:
        """Returns the weights for `(n_people, n_items)` choices."""
        from scipy.linalg import inv

        gram = (chosen.T @ chosen).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += regularisation
        inverse = inv(gram, overwrite_a=True, check_finite=False)
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0.0)
        return cls(inverse.astype(np.float32))

    def scores(self, own: Any, weights: Floats) -> Floats:
        """Returns `(n_own,)`: the weighted sum over the history."""
        scores: Floats = weights @ self._matrix[own].astype(np.float64)
        return scores

    def weights(self, own: Any, wanted: int) -> Floats:
        """Returns `(n,)`: what each item of the history adds to the wanted one at weight 1."""
        weights: Floats = self._matrix[own, wanted].astype(np.float64)
        return weights

    def save(self, folder: Path) -> None:
        """Writes the matrix."""
        write_array(folder / "weights.npy", self._matrix)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the weights saved in a folder, memory-mapped."""
        return cls(read_array(folder / "weights.npy", mapped=True))


class PeopleSide:
    """`M` `(n_people, n_people)` and the choices `X` `(n_people, n_items)`, from which columns of `B` are made as needed."""

    def __init__(self, matrix: Vectors, chosen: csc_array[Any], leverage: Floats) -> None:
        self._matrix, self._chosen, self._leverage = matrix, chosen, leverage
        self._by_item = chosen.T.tocsr()

    @classmethod
    def solved(cls, chosen: Chosen, regularisation: float) -> Self:
        """Returns the weights for `(n_people, n_items)` choices."""
        from scipy.linalg import inv

        gram = (chosen @ chosen.T).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += regularisation
        matrix = inv(gram, overwrite_a=True, check_finite=False).astype(np.float32)
        columns, exact = chosen.astype(np.float64).tocsc(), matrix.astype(np.float64)
        blocks = (columns[:, start : start + _BLOCK] for start in range(0, chosen.shape[1], _BLOCK))
        leverage = [np.asarray(block.multiply(exact @ block.toarray()).sum(axis=0)).ravel() for block in blocks]
        return cls(matrix, columns, np.concatenate(leverage))

    def scores(self, own: Any, weights: Floats) -> Floats:
        """Returns `(n_own,)`: the weighted sum over the history."""
        people = self._by_item[own].T @ weights
        with_any = np.flatnonzero(people)
        felt = people[with_any] @ self._matrix[with_any].astype(np.float64)
        scores: Floats = self._by_item @ felt
        np.subtract.at(scores, own, weights * self._leverage[own])
        return scores / (1.0 - self._leverage)

    def weights(self, own: Any, wanted: int) -> Floats:
        """Returns `(n,)`: what each item of the history adds to the wanted one at weight 1."""
        felt = self._matrix[self._people(wanted)].astype(np.float64).sum(axis=0)
        amounts: Floats = self._by_item[own] @ felt / (1.0 - self._leverage[wanted])
        amounts[own == wanted] = 0.0
        return amounts

    def _people(self, item: int) -> Any:
        return self._by_item.indices[self._by_item.indptr[item] : self._by_item.indptr[item + 1]]

    def save(self, folder: Path) -> None:
        """Writes the matrix."""
        from scipy.sparse import save_npz

        write_array(folder / "people.npy", self._matrix)
        write_array(folder / "leverage.npy", self._leverage)
        save_npz(folder / "chosen.npz", self._chosen, compressed=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the weights saved in a folder, memory-mapped."""
        from scipy.sparse import csc_array, load_npz

        return cls(
            read_array(folder / "people.npy", mapped=True),
            csc_array(load_npz(folder / "chosen.npz")),
            read_array(folder / "leverage.npy"),
        )


class Neighbourhoods:
    """Each item's nearest items, `(n_items, n_items)`, and how many people chose two items both: what sparse weights are solved from.

    A column of EASE's `B` is the ridge regression of an item's choices on those of all other items (Steck 2019, section 3). Here
    it is that on its nearest alone, as fsSLIM selects features (Ning & Karypis 2011): memory is bounded by
    `n_items * max(neighbours, 500)`, and with every other item among the neighbours the weights are EASE's own.
    """

    def __init__(self, chosen: Chosen, neighbours: int) -> None:
        from scipy.sparse import vstack

        self._near = vstack(list(similar(chosen, "cosine", _SHRINKAGE, neighbours))).tocsr()
        plain = chosen.astype(np.float64).tocsc()
        starts, kept = range(0, plain.shape[1], _BLOCK), max(_TOGETHER, neighbours)
        blocks = [largest((plain[:, start : start + _BLOCK].T @ chosen).tocsr(), start, kept) for start in starts]
        gram = vstack(blocks).tocsr()
        self._gram = gram.maximum(gram.T).tocsr()
        self._counts: Floats = np.asarray(plain.sum(axis=0), np.float64).ravel()

    def solved(self, regularisation: float, only: Ints | None = None) -> SparseWeights:
        """Returns the weights that foretell every item, or those of `only`."""
        from scipy.sparse import csr_array as csr

        near, data = self._near, np.zeros(self._near.nnz)
        for item in range(near.shape[0]) if only is None else only.tolist():
            inside = slice(near.indptr[item], near.indptr[item + 1])
            others = near.indices[inside]
            if len(others):
                data[inside] = self._regressed(item, others, regularisation)
        columns = csr(
            (data, near.indices, near.indptr), shape=near.shape, copy=True
        )  # dropping zeros moves the indices
        columns.eliminate_zeros()
        return SparseWeights(columns.T.tocsr())

    def _regressed(self, item: int, others: Any, regularisation: float) -> Floats:
        common = self._gram[others][:, others].toarray()
        common[np.diag_indices_from(common)] = self._counts[others] + regularisation
        found: Floats = np.linalg.solve(common, self._gram[[item]][:, others].toarray()[0])
        return found
