"""LightGCN: vectors of items that were smoothed over the graph of who chose what; people are where their items are.

A tool like those of convrec, kept beside the benchmarks: it found less than EASE and ALS wherever it was measured, at several times their fit.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pydantic import Field

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.alignment import Alignment
from convrec.tools.contract import (
    Capabilities,
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
from convrec.tools.storage import read_array, read_config, write_array, write_config

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class LightGcnConfig(ToolConfig):
    """The size of the vectors, how far they are smoothed, and how they are learned."""

    size: int = Field(64, ge=1, description="numbers of a vector")
    layers: int = Field(2, ge=1, le=8, description="steps over the graph, from items to people and back again")
    epochs: int = Field(60, ge=1, description="passes over all people")
    batch: int = Field(512, ge=1, description="people of one step")
    rate: float = Field(0.02, gt=0, description="step size of Adam")
    decay: float = Field(1e-4, ge=0, description="how strongly vectors are pulled towards zero")
    sharpness: float = Field(8.0, gt=0, description="what a cosine is multiplied by before the softmax")


class LightGcn(Tool):
    """Light graph convolution (He et al. 2020) with a softmax over all items, and with no vectors of people.

    With `R` scaled by the roots of both sides' counts and `S = R'R`, item vectors are the mean of `S^k E` over the layers; a person's
    is what their choices' vectors sum to, so new people are folded in, and every score is the sum of what each liked item adds.
    """

    name = "lightgcn"
    kind = "graph"
    capabilities = Capabilities(fold_in=True, explain=True)
    needs = frozenset({"interactions", "dialogues"})
    Config = LightGcnConfig
    config: LightGcnConfig
    _items: Alignment
    _answers: Floats  # (n_own, size) items as what is looked for
    _choices: Floats  # (n_own, size) items as what was chosen

    def fit(self, data: TrainingData) -> None:
        """Learns the items' vectors.

        Raises:
            NotFittedError: too few people chose more than one item.
        """
        rows = enough(data.user_items)
        chosen = data.user_items[:, rows].tocsr()
        chosen = chosen[np.diff(chosen.indptr) > 1]
        answers, choices = taught(chosen, self.config, data)
        self._set(answers, choices)
        self._items = Alignment.of_rows(rows, data.catalogue)

    def scores(self, query: Query) -> Floats | None:
        """Returns the products of the person with all items; None where no item of the history is known."""
        own, weights = self._items.history(query.history)
        if not len(own):
            return None
        return self._items.scatter(self._answers @ (self._shares(weights) @ self._choices[own]))

    def explain(self, query: Query, row: int) -> Explanation:
        """Returns what each item of the history adds: `item:858`. Exact."""
        wanted = int(self._items.own[row])
        own, weights = self._items.history(query.history)
        if wanted < 0 or not len(own):
            return Explanation()
        amounts = self._shares(weights) * (self._choices[own] @ self._answers[wanted])
        return ordered(self._items.parts(own, amounts))

    @staticmethod
    def _shares(weights: Floats) -> Floats:
        shares: Floats = weights / np.sqrt(len(weights))
        return shares

    def save(self, folder: Path) -> None:
        """Writes vectors, items and settings."""
        self._items.save(folder)
        write_config(folder, self.config)
        write_array(folder / "answers.npy", self._answers.astype(np.float32))
        write_array(folder / "choices.npy", self._choices.astype(np.float32))

    @classmethod
    def load(cls, folder: Path, catalogue: Catalogue) -> Self:
        """Returns the tool saved in a folder."""
        tool = cls(read_config(folder, LightGcnConfig))
        tool._items = Alignment.load(folder, catalogue)
        tool._set(read_array(folder / "answers.npy"), read_array(folder / "choices.npy"))
        return tool

    def _set(self, answers: Vectors, choices: Vectors) -> None:
        self._answers, self._choices = (np.asarray(each, np.float32).astype(np.float64) for each in (answers, choices))


def taught(
    chosen: csr_array[Any, tuple[int, int]], config: LightGcnConfig, data: TrainingData
) -> tuple[Vectors, Vectors]:
    """Returns `(n_items, size)` vectors of items as answers and as choices, learned from `(n_people, n_items)`."""
    import torch
    from scipy.sparse import diags_array

    people = diags_array(1.0 / np.sqrt(np.maximum(chosen.sum(axis=1), 1.0)))
    items = diags_array(1.0 / np.sqrt(np.maximum(chosen.sum(axis=0), 1.0)))
    scaled = (people @ chosen @ items).tocsr().astype(np.float32)
    graph, back = _sparse(scaled), _sparse(scaled.T.tocsr())
    inward = torch.from_numpy(items.diagonal().astype(np.float32))[:, None]
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(data.seed)
        base = torch.nn.Parameter(torch.randn(chosen.shape[1], config.size) * 0.1)
        optimiser = torch.optim.Adam([base], lr=config.rate)

        def smoothed() -> tuple[torch.Tensor, torch.Tensor]:
            layers = [base]
            for _ in range(config.layers):
                layers.append(back @ (graph @ layers[-1]))
            return sum(layers) / len(layers), inward * sum(layers[:-1]) / len(layers)

        targets = chosen.astype(np.float32)
        for epoch in range(config.epochs):
            data.progress("teaching lightgcn", epoch, config.epochs)
            for start in range(0, chosen.shape[0], config.batch):
                wanted = torch.from_numpy(targets[start : start + config.batch].toarray())
                answers, choices = smoothed()
                asked = wanted @ choices
                logits = (
                    config.sharpness * torch.nn.functional.normalize(asked) @ torch.nn.functional.normalize(answers).T
                )
                loss = (
                    -(wanted * logits.log_softmax(dim=1)).sum() / wanted.sum()
                    + config.decay * base.square().sum(1).mean()
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        with torch.no_grad():
            answers, choices = smoothed()
            answers = torch.nn.functional.normalize(answers)
    return answers.numpy(), choices.numpy()


def _sparse(matrix: csr_array[Any, tuple[int, int]]) -> Any:
    import torch

    return torch.sparse_csr_tensor(
        torch.from_numpy(matrix.indptr.astype(np.int64)), torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data), matrix.shape,
    )  # fmt: skip
