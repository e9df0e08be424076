"""The net behind `conversation`: from a conversation's words and named items to what is named next."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.core.progress import Progress
from convrec.tools.contract import Floats, Ints, Vectors

if TYPE_CHECKING:
    import torch
    from scipy.sparse import csr_array

_COMPONENTS = 128

AGES = 8
"""How many of the items named last are told apart by their place; older ones count as the oldest of these."""


@dataclass(frozen=True)
class Lesson:
    """One row to learn from: the vectors of the conversation and of its end, what was named before, what should be found.

    `named` are rows, the latest last; `targets` and `weights` `(n,)` are rows and how much each counts; `importance` is the whole row's.
    """

    named: tuple[int, ...]
    targets: tuple[int, ...]
    weights: tuple[float, ...]
    importance: float


@dataclass(frozen=True)
class Shape:
    """The size of the net and how it is taught."""

    width: int
    epochs: int
    batch: int
    rate: float
    dropout: float
    id_dropout: float
    decay: float


@dataclass(frozen=True)
class Weights:
    """A taught net as arrays: what answering needs, without torch.

    `wanted` `(n_items, width)` and `named` `(n_items, width)` are items as answers and as what was named; `prior` `(n_items,)`.
    """

    wanted: Vectors
    named: Vectors
    prior: Vectors
    said: Vectors
    ending: Vectors
    offset: Vectors
    ages: Vectors
    inner: Vectors
    inner_offset: Vectors
    outer: Vectors

    def logits(self, said: Vectors | None, ending: Vectors | None, rows: Ints, weights: Floats) -> Floats:
        """Returns `(n_items,)` logits. `rows` were named, the latest last, each with a weight, below 0 where it was disliked."""
        parts: list[Vectors | Floats] = [self.offset]
        if said is not None and ending is not None:
            parts += [said @ self.said, ending @ self.ending]
        if len(rows):
            parts.append((self.remembered(rows) * weights) @ self.named[rows])
        asked = np.sum(np.stack(parts).astype(np.float64), axis=0)
        bent: Floats = _gelu(asked @ self.inner + self.inner_offset) @ self.outer
        asked = asked + bent
        logits: Floats = (self.wanted @ asked.astype(np.float32) + self.prior).astype(np.float64)
        return logits

    def remembered(self, rows: Ints) -> Floats:
        """Returns `(n,)`: what each of the named items counts by its age, all together 1."""
        ages = np.minimum(np.arange(len(rows))[::-1], AGES - 1)
        shares = np.exp(self.ages[ages].astype(np.float64))
        total: Floats = shares / shares.sum()
        return total

    def arrays(self) -> dict[str, Vectors]:
        """Returns the arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def _gelu(x: Floats) -> Floats:
    from scipy.special import erf

    value: Floats = 0.5 * x * (1.0 + erf(x / np.sqrt(2.0)))
    return value


def taught(
    lessons: list[Lesson], said: Vectors, ending: Vectors, cards: Vectors, features: csr_array[Any, tuple[int, int]], counts: Floats,
    shape: Shape, seed: int, progress: Progress,
) -> Weights:  # fmt: skip
    """Returns a net taught on the lessons; `said` and `ending` are `(n_lessons, text_width)`, `cards` `(n_items, card_width)`.

    Items are an own vector plus linear maps of their card and features, so that what was never named is placed by what it is. The
    loss is the cross-entropy of all items with the targets' shares; items that were named before are not among the answers.
    """
    import torch

    torch.manual_seed(seed)
    net = _net(cards, features, counts, said.shape[1], shape)
    optimiser = torch.optim.AdamW(net.parameters(), lr=shape.rate, weight_decay=shape.decay, fused=True)
    steps = shape.epochs * -(-len(lessons) // shape.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, shape.rate, total_steps=steps, pct_start=0.1)
    rng, done = np.random.default_rng(seed), 0
    batches = _Batches(lessons, said, ending)
    net.train()
    for _ in range(shape.epochs):
        order = rng.permutation(len(lessons))
        for start in range(0, len(order), shape.batch):
            loss = net.loss(*batches.of(order[start : start + shape.batch]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            done += 1
            progress("teaching the conversation net", done, steps)
    net.eval()
    with torch.inference_mode():
        weights: Weights = net.weights()
    return weights


class _Batches:
    """Lessons as tensors, some at a time."""

    def __init__(self, lessons: list[Lesson], said: Vectors, ending: Vectors) -> None:
        self._lessons, self._said, self._ending = lessons, said, ending

    def of(self, places: Ints) -> tuple[torch.Tensor, ...]:
        """Returns the vectors `(b, width)` twice, what was named `(b, longest)` (-1 where nothing), the importance `(b,)`, and as pairs of
        line and row the targets with their shares, and what can be no answer.
        """
        import torch

        some = [self._lessons[place] for place in places]
        longest = max(1, *(len(lesson.named) for lesson in some))
        named = np.full((len(some), longest), -1, np.int64)
        for line, lesson in enumerate(some):
            named[line, : len(lesson.named)] = lesson.named[::-1]
        importance = np.array([lesson.importance for lesson in some], np.float32)
        targets = np.array([(line, row) for line, lesson in enumerate(some) for row in lesson.targets], np.int64)
        shares = np.concatenate([np.array(lesson.weights) / sum(lesson.weights) for lesson in some]).astype(np.float32)
        gone = [(line, row) for line, lesson in enumerate(some) for row in lesson.named if row not in lesson.targets]
        pairs = np.array(gone, np.int64).reshape(-1, 2)
        arrays = (self._said[places], self._ending[places], named, importance, targets, shares, pairs)
        return tuple(torch.from_numpy(np.ascontiguousarray(array)) for array in arrays)


def _compressed(cards: Vectors) -> Vectors:
    """Returns the cards' principal components `(n_items, at most 128)`, their numbers near 1: a third of the work for the same net."""
    centred = cards - cards.mean(axis=0)
    spread, axes = np.linalg.eigh(centred.T @ centred / len(cards))
    kept = axes[:, ::-1][:, :_COMPONENTS]
    return np.ascontiguousarray(
        centred @ kept / np.sqrt(np.maximum(spread[::-1][:_COMPONENTS].mean(), 1e-12)), np.float32
    )


def _net(
    cards: Vectors, features: csr_array[Any, tuple[int, int]], counts: Floats, text_width: int, shape: Shape
) -> Any:
    import torch
    from torch import nn

    n_items = len(counts)
    ids = torch.from_numpy(features.indices.astype(np.int64))
    offsets = torch.from_numpy(features.indptr.astype(np.int64))
    amounts = torch.from_numpy(features.data.astype(np.float32))
    facts = torch.from_numpy(_compressed(cards))
    scale = float(np.sqrt(text_width))  # unit vectors have small numbers; a net learns best from numbers near 1

    class Items(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.own = nn.Parameter(torch.randn(n_items, shape.width) * 0.05)
            self.card = nn.Linear(facts.shape[1], shape.width, bias=False)
            self.values = nn.EmbeddingBag(max(features.shape[1], 1), shape.width, mode="sum", include_last_offset=True)
            nn.init.normal_(self.values.weight, std=0.05)

        def forward(self) -> torch.Tensor:
            own: torch.Tensor = self.own
            if self.training and shape.id_dropout > 0:
                kept = (torch.rand(n_items, 1) >= shape.id_dropout).float() / (1.0 - shape.id_dropout)
                own = own * kept
            table = own + self.card(facts)
            summed: torch.Tensor = table + self.values(ids, offsets, per_sample_weights=amounts) if len(ids) else table
            return summed

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wanted, self.named = Items(), Items()
            self.said = nn.Linear(text_width, shape.width)
            self.ending = nn.Linear(text_width, shape.width, bias=False)
            self.ages = nn.Parameter(torch.linspace(1.0, 0.0, AGES))
            self.inner = nn.Linear(shape.width, shape.width)
            self.outer = nn.Linear(shape.width, shape.width, bias=False)
            self.prior = nn.Parameter(torch.from_numpy(np.log1p(counts).astype(np.float32) * 0.5))
            self.dropout = nn.Dropout(shape.dropout)

        def loss(
            self, said: torch.Tensor, ending: torch.Tensor, named: torch.Tensor, importance: torch.Tensor, targets: torch.Tensor,
            shares: torch.Tensor, gone: torch.Tensor,
        ) -> torch.Tensor:  # fmt: skip
            present = named >= 0
            ages = self.ages[torch.arange(named.shape[1]).clamp(max=AGES - 1)][None, :].masked_fill(~present, -1e9)
            recalled = torch.softmax(ages, 1) * present
            history = (recalled[:, :, None] * self.dropout(self.named()[named.clamp(min=0)])).sum(1)
            asked = self.said(self.dropout(said) * scale) + self.ending(self.dropout(ending) * scale) + history
            asked = asked + self.outer(self.dropout(nn.functional.gelu(self.inner(asked))))
            logits = self.dropout(asked) @ self.wanted().T + self.prior
            logits = logits.index_put((gone[:, 0], gone[:, 1]), torch.tensor(-1e9))
            # The cross-entropy is the log of the sum less the targets' own logits: the log-probabilities of all items are never held.
            found = torch.zeros(len(said)).index_add(0, targets[:, 0], shares * logits[targets[:, 0], targets[:, 1]])
            return ((torch.logsumexp(logits, 1) - found) * importance).sum() / importance.sum()

        def weights(self) -> Weights:
            def array(tensor: torch.Tensor) -> Vectors:
                return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))

            return Weights(
                wanted=array(self.wanted()), named=array(self.named()), prior=array(self.prior),
                said=array(self.said.weight.T * scale), ending=array(self.ending.weight.T * scale), offset=array(self.said.bias),
                ages=array(self.ages), inner=array(self.inner.weight.T), inner_offset=array(self.inner.bias), outer=array(self.outer.weight.T),
            )  # fmt: skip

    return Net()
