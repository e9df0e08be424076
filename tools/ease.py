"""EASE: a linear item-item model in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Contribution,
    Explanation,
    Floats,
    Query,
    Tool,
    ToolConfig,
    TrainingData,
    Vectors,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.storage import read_array, read_config, read_json, write_array, write_config, write_json

if TYPE_CHECKING:
    from scipy.sparse import csc_array, csr_array

    Chosen = csr_array[Any, tuple[int, int]]

_BLOCK = 1024


class EaseConfig(ToolConfig):
    """How strongly weights are held back, and how large a matrix may grow."""

    regularisation: float = Field(100.0, gt=0, description="lambda of the paper; higher for fewer or noisier events")
    max_side: int = Field(
        6000, ge=2, description="rows of the largest dense matrix (6,000 takes 144 MB on disk, 288 MB while fitting)"
    )


class Ease(Tool):
    """Scores items by a linear model that reproduces every person's choices from their other choices (Steck 2019, EASE, eq. 8).

    The weights are `B = P / -diag(P)` with `P = (X'X + λI)⁻¹`. With fewer people than items the same `B` follows exactly from
    the smaller `M = (XX' + λI)⁻¹`: `B[i, j] = x_i'Mx_j / (1 - x_j'Mx_j)`, and only `M` is kept. Where both sides are
    past `max_side`, the model covers the most chosen items alone and `note` says so.
    """

    name = "ease"
    kind = "linear"
    capabilities = Capabilities(fold_in=True, explain=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = EaseConfig
    config: EaseConfig
    _items: Alignment
    _model: _ItemSide | _PeopleSide

    def fit(self, data: TrainingData) -> None:
        """Solves for the weights.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        rows = enough(data.user_items)
        chosen = data.user_items[:, rows].tocsr()
        chosen = chosen[np.diff(chosen.indptr) >= 2]
        if min(chosen.shape) > self.config.max_side:
            counts = np.asarray(chosen.sum(axis=0)).ravel()
            best = np.sort(np.argsort(-counts, kind="stable")[: self.config.max_side])
            self.note = f"covers the {len(best):,} most chosen of {len(rows):,} items"
            rows, chosen = rows[best], chosen[:, best].tocsr()
        side = _PeopleSide if chosen.shape[0] < chosen.shape[1] else _ItemSide
        self._model = side.solved(chosen, self.config.regularisation)
        self._items = Alignment.of_rows(rows, data.catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the sum of the weights from the history's items; None where none of them is known."""
        own, weights = self._items.history(query.history)
        return self._items.scatter(self._model.scores(own, weights)) if len(own) else None

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        if wanted < 0:
            return Explanation()
        own, weights = self._items.history(query.history)
        amounts = weights * self._model.weights(own, wanted)
        return ordered(
            [Contribution(f"item:{self._items.ids[i]}", float(a)) for i, a in zip(own, amounts, strict=True)]
        )

    def save(self, folder: Path) -> None:
        """Writes the matrix, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_json(folder / "side.json", "people" if isinstance(self._model, _PeopleSide) else "items")
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its matrix memory-mapped."""
        tool = cls(read_config(folder, EaseConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._model = (_PeopleSide if read_json(folder / "side.json") == "people" else _ItemSide).load(folder)
        return tool


class _ItemSide:
    """`B` itself, `(n_items, n_items)`."""

    def __init__(self, matrix: Vectors) -> None:
        self._matrix = matrix

    @classmethod
    def solved(cls, chosen: Chosen, regularisation: float) -> Self:
        from scipy.linalg import inv

        gram = (chosen.T @ chosen).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += regularisation
        inverse = inv(gram, overwrite_a=True, check_finite=False)
        inverse /= -np.diag(inverse)
        np.fill_diagonal(inverse, 0.0)
        return cls(inverse.astype(np.float32))

    def scores(self, own: Any, weights: Floats) -> Floats:
        scores: Floats = weights @ self._matrix[own].astype(np.float64)
        return scores

    def weights(self, own: Any, wanted: int) -> Floats:
        weights: Floats = self._matrix[own, wanted].astype(np.float64)
        return weights

    def save(self, folder: Path) -> None:
        write_array(folder / "weights.npy", self._matrix)

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls(read_array(folder / "weights.npy", mapped=True))


class _PeopleSide:
    """`M` `(n_people, n_people)` and the choices `X` `(n_people, n_items)`, from which columns of `B` are made as needed."""

    def __init__(self, matrix: Vectors, chosen: csc_array[Any], leverage: Floats) -> None:
        self._matrix, self._chosen, self._leverage = matrix, chosen, leverage
        self._by_item = chosen.T.tocsr()

    @classmethod
    def solved(cls, chosen: Chosen, regularisation: float) -> Self:
        from scipy.linalg import inv

        gram = (chosen @ chosen.T).toarray().astype(np.float64)
        gram[np.diag_indices_from(gram)] += regularisation
        matrix = inv(gram, overwrite_a=True, check_finite=False).astype(np.float32)
        columns, exact = chosen.astype(np.float64).tocsc(), matrix.astype(np.float64)
        blocks = (columns[:, start : start + _BLOCK] for start in range(0, chosen.shape[1], _BLOCK))
        leverage = [np.asarray(block.multiply(exact @ block.toarray()).sum(axis=0)).ravel() for block in blocks]
        return cls(matrix, columns, np.concatenate(leverage))

    def scores(self, own: Any, weights: Floats) -> Floats:
        people = self._by_item[own].T @ weights
        with_any = np.flatnonzero(people)
        felt = people[with_any] @ self._matrix[with_any].astype(np.float64)
        scores: Floats = self._by_item @ felt
        np.subtract.at(scores, own, weights * self._leverage[own])
        return scores / (1.0 - self._leverage)

    def weights(self, own: Any, wanted: int) -> Floats:
        felt = self._matrix[self._people(wanted)].astype(np.float64).sum(axis=0)
        amounts: Floats = self._by_item[own] @ felt / (1.0 - self._leverage[wanted])
        amounts[own == wanted] = 0.0
        return amounts

    def _people(self, item: int) -> Any:
        return self._by_item.indices[self._by_item.indptr[item] : self._by_item.indptr[item + 1]]

    def save(self, folder: Path) -> None:
        from scipy.sparse import save_npz

        write_array(folder / "people.npy", self._matrix)
        write_array(folder / "leverage.npy", self._leverage)
        save_npz(folder / "chosen.npz", self._chosen, compressed=False)

    @classmethod
    def load(cls, folder: Path) -> Self:
        from scipy.sparse import csc_array, load_npz

        return cls(
            read_array(folder / "people.npy", mapped=True),
            csc_array(load_npz(folder / "chosen.npz")),
            read_array(folder / "leverage.npy"),
        )
