"""ALS: factors of people and items, fitted by implicit, new people folded in by the same least squares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.aligned import AlignedTool
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
    Explanation,
    Floats,
    Ints,
    Query,
    ToolConfig,
    TrainingData,
    ordered,
)
from convrec.tools.feedback import enough
from convrec.tools.storage import read_array, read_config, read_json, write_array, write_config, write_json

if TYPE_CHECKING:
    from convrec.tools.contract import Vectors


class AlsConfig(ToolConfig):
    """The size and stiffness of the factors."""

    factors: int = Field(64, ge=1, description="numbers that describe an item")
    regularisation: float = Field(
        0.25,
        gt=0,
        description="how strongly factors are pulled towards zero, for each choice that a person makes in the mean",
    )
    confidence: float = Field(
        3.0, gt=0, description="how much surer a choice is than the absence of one (alpha of the paper)"
    )
    iterations: int = Field(15, ge=1, description="rounds of alternating least squares")


class Als(AlignedTool):
    """Matrix factorisation for implicit feedback (Hu, Koren & Volinsky 2008).

    A history is folded in as in the paper's section 5, in 64-bit floats: its confidence matrix is `W = (Y'Y + λI + Σ (c-1) yy')⁻¹`,
    and a liked item j adds `c y_i'Wy_j` to item i's score, so explanations are exact. A disliked item is a confident
    "not chosen": it lowers the scores of what is like it through W, while the parts still sum to the score.
    """

    name = "als"
    kind = "factors"
    capabilities = Capabilities(fold_in=True, explain=True, by_people=True)
    needs = frozenset({"interactions", "dialogues"})
    revision = 2
    Config = AlsConfig
    config: AlsConfig
    _items: Alignment
    _factors: Floats  # (n_own, factors)
    _gram: Floats  # Y'Y + λI
    _pull: float  # λ, the more the longer people's histories are (as in Zhou et al. 2008, sec. 3.1, but one for all)

    def fit(self, data: TrainingData) -> None:
        """Fits item factors.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        from implicit.cpu.als import AlternatingLeastSquares
        from scipy.sparse import csr_matrix
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        rows = enough(data.user_items)
        chosen = data.user_items[:, rows].tocsr()
        self._pull = self.config.regularisation * chosen.nnz / int((np.diff(chosen.indptr) > 0).sum())
        size = min(self.config.factors, max(1, min(chosen.shape) - 1))
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=size, regularization=self._pull, alpha=self.config.confidence,
                iterations=self.config.iterations, random_state=data.seed,
            )  # fmt: skip
            model.fit(csr_matrix(chosen), show_progress=False)
        self._set_factors(model.item_factors)
        self._items = Alignment.of_rows(rows, data.catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the products of the folded-in person with all items; None where no item of the history is known."""
        own, weights = self._items.history(query.history)
        if not len(own):
            return None
        person = np.linalg.solve(self._confidence(own, weights), self._liked(own, weights).sum(axis=0))
        return self._items.scatter(self._factors @ person)

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each liked item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        own, weights = self._items.history(query.history)
        if wanted < 0 or not len(own):
            return Explanation()
        seen = np.linalg.solve(self._confidence(own, weights), self._factors[wanted])
        amounts = self._liked(own, weights) @ seen
        return ordered(self._items.parts(own, amounts))

    def save(self, folder: Path) -> None:
        """Writes factors, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_json(folder / "pull.json", self._pull)
        write_array(folder / "factors.npy", self._factors.astype(np.float32))

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, AlsConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._pull = float(read_json(folder / "pull.json"))
        tool._set_factors(read_array(folder / "factors.npy"))
        return tool

    def _set_factors(self, factors: Vectors) -> None:
        self._factors = np.asarray(factors, np.float32).astype(np.float64)
        self._gram = self._factors.T @ self._factors + self._pull * np.eye(self._factors.shape[1])

    def _liked(self, own: Ints, weights: Floats) -> Floats:
        """Returns `(n, factors)`: each liked item's factors times its confidence; zeros for disliked ones."""
        liked: Floats = (self.config.confidence * np.maximum(weights, 0.0))[:, None] * self._factors[own]
        return liked

    def _confidence(self, own: Ints, weights: Floats) -> Floats:
        extra = np.maximum(self.config.confidence * np.abs(weights) - 1.0, 0.0)
        confidence: Floats = self._gram + (extra[:, None] * self._factors[own]).T @ self._factors[own]
        return confidence
