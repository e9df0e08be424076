"""EASE: a linear item-item model in closed form."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

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
from convrec.tools.ease_models import ItemSide, Neighbourhoods, PeopleSide
from convrec.tools.feedback import enough
from convrec.tools.neighbours import SparseWeights
from convrec.tools.storage import read_config, read_json, write_config, write_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.sparse import csr_array

    Chosen = csr_array[Any, tuple[int, int]]
    Model = ItemSide | PeopleSide | SparseWeights

_TRIED = (30.0, 100.0, 300.0, 1000.0)
_USUAL = 100.0  # where too few people chose enough to try any
_PEOPLE = 300  # people, at most, whose held-out choices decide
_ITEMS = 2000  # items, at most, among which they are looked for
_FEWEST = 20
_FORMS: dict[str, Any] = {"items": ItemSide, "people": PeopleSide, "neighbours": SparseWeights}


class EaseConfig(ToolConfig):
    """How strongly weights are held back, and how large a matrix may grow."""

    regularisation: float | None = Field(
        None,
        gt=0,
        description="lambda of the paper, higher for fewer or noisier events; left out: chosen on held-out choices",
    )
    max_side: int = Field(
        6000, ge=2, description="rows of the largest dense matrix (6,000 takes 144 MB on disk, 288 MB while fitting)"
    )
    neighbours: int = Field(100, ge=1, description="past max_side: from how many nearest items an item is foretold")


class Ease(AlignedTool):
    """Scores items by a linear model that reproduces every person's choices from their other choices (Steck 2019, EASE, eq. 8).

    The weights are `B = P / -diag(P)` with `P = (X'X + λI)⁻¹`. With fewer people than items the same `B` follows exactly from
    the smaller `M = (XX' + λI)⁻¹`: `B[i, j] = x_i'Mx_j / (1 - x_j'Mx_j)`, and only `M` is kept. Where both sides are
    past `max_side`, an item is foretold from its nearest items alone, which keeps every item and bounds memory.
    """

    name = "ease"
    kind = "linear"
    capabilities = Capabilities(fold_in=True, explain=True, by_people=True)
    needs = frozenset({"interactions", "dialogues"})
    revision = 2
    Config = EaseConfig
    config: EaseConfig
    _items: Alignment
    _model: Model

    def fit(self, data: TrainingData) -> None:
        """Solves for the weights.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        rows = enough(data.user_items)
        chosen = data.user_items[:, rows].tocsr()
        chosen = chosen[np.diff(chosen.indptr) >= 2]
        regularisation = self.config.regularisation or self._chosen_regularisation(chosen, data.seed)
        self._model = self._solver(chosen)(regularisation)
        self._items = Alignment.of_rows(rows, data.catalogue)
        self.note = f"lambda {regularisation:g}"
        if isinstance(self._model, SparseWeights):
            self.note += f", each item from its {self.config.neighbours:,} nearest"

    def _solver(self, chosen: Chosen, only: Ints | None = None) -> Callable[[float], Model]:
        """Returns what solves for the weights of a lambda, in the form that suits the size; of the items `only`, where that spares time."""
        if min(chosen.shape) > self.config.max_side:
            return partial(Neighbourhoods(chosen, self.config.neighbours).solved, only=only)
        side = PeopleSide if chosen.shape[0] < chosen.shape[1] else ItemSide
        return partial(side.solved, chosen)

    def _chosen_regularisation(self, chosen: Chosen, seed: int) -> float:
        """Returns the lambda under which held-out choices of some people come highest among a sample of the items."""
        rng = np.random.default_rng(seed)
        sampled = np.sort(rng.permutation(chosen.shape[1])[:_ITEMS])
        if _ITEMS < min(chosen.shape) <= self.config.max_side:  # a smaller dense matrix is solved in seconds
            chosen, sampled = chosen[:, sampled].tocsr(), np.arange(len(sampled))
        kept, held = one_held_out(chosen, sampled, rng)
        if len(held) < _FEWEST:
            return _USUAL
        solve = self._solver(kept, sampled)
        worth = {tried: _worth(solve(tried), kept, held, sampled) for tried in _TRIED}
        return max(worth, key=lambda tried: worth[tried])

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
        return ordered(self._items.parts(own, amounts))

    def save(self, folder: Path) -> None:
        """Writes the matrix, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        form = next(name for name, kind in _FORMS.items() if isinstance(self._model, kind))
        write_json(folder / "side.json", form)
        self._model.save(folder)

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder, its matrix memory-mapped."""
        tool = cls(read_config(folder, EaseConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._model = _FORMS[read_json(folder / "side.json")].load(folder)
        return tool


def one_held_out(chosen: Chosen, sampled: Ints, rng: np.random.Generator) -> tuple[Chosen, list[tuple[int, int]]]:
    """Returns the choices without one sampled item of each of up to 300 people with three or more, and those `(person, item)`."""
    able = rng.permutation(np.flatnonzero(np.diff(chosen.indptr) >= 3))
    among = np.zeros(chosen.shape[1], np.bool_)
    among[sampled] = True
    kept, held = chosen.copy(), []
    for person in able.tolist():
        places = np.arange(chosen.indptr[person], chosen.indptr[person + 1])
        places = places[among[chosen.indices[places]]]
        if len(places):
            place = int(rng.choice(places))
            held.append((person, int(chosen.indices[place])))
            kept.data[place] = 0.0
        if len(held) == _PEOPLE:
            break
    kept.eliminate_zeros()
    return kept, held


def _worth(model: Model, kept: Chosen, held: list[tuple[int, int]], sampled: Ints) -> float:
    """Returns the mean of `1 / log2(rank + 2)` of the held-out items among the sampled ones that the person has not."""
    total = 0.0
    for person, item in held:
        own = kept.indices[kept.indptr[person] : kept.indptr[person + 1]].astype(np.int64)
        scores = np.nan_to_num(model.scores(own, np.ones(len(own))))
        mark, scores[own] = scores[item], -np.inf
        total += 1.0 / np.log2(int((scores[sampled] > mark).sum()) + 2.0)
    return total / len(held)
