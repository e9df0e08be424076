"""Teaching the net behind `conversation`, in torch; importing this module imports torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor, nn

from convrec.core.progress import Progress
from convrec.tools.contract import Floats, Ints, Vectors
from convrec.tools.conversation_net import AGES, Lesson, Shape, Weights

_COMPONENTS = 128
_NEVER = -1e9  # the logit of what can be no answer


def taught(
    lessons: list[Lesson], said: Vectors, ending: Vectors, cards: Vectors, features: csr_array[Any, tuple[int, int]], counts: Floats,
    shape: Shape, seed: int, progress: Progress,
) -> Weights:  # fmt: skip
    """Returns a net taught on the lessons; `said` and `ending` are `(n_lessons, text_width)`, `cards` `(n_items, card_width)`.

    Items are an own vector plus linear maps of their card and features, so that what was never named is placed by what it is. The
    loss is the cross-entropy of all items with the targets' shares; items that were named before are not among the answers.
    """
    torch.manual_seed(seed)
    net = Net(cards, features, counts, said.shape[1], shape)
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
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            done += 1
            progress("teaching the conversation net", done, steps)
    net.eval()
    with torch.inference_mode():
        return net.weights()


class _Batches:
    """Lessons as tensors, some at a time."""

    def __init__(self, lessons: list[Lesson], said: Vectors, ending: Vectors) -> None:
        self._lessons, self._said, self._ending = lessons, said, ending

    def of(self, places: Ints) -> tuple[torch.Tensor, ...]:
        """Returns the vectors `(b, width)` twice, what was named `(b, longest)` (-1 where nothing), the importance `(b,)`, and as pairs of
        line and row the targets with their shares, and what can be no answer.
        """
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


class Items(nn.Module):
    """Vectors `(n_items, width)` of all items: an own one each, plus linear maps of the item's card and features."""

    def __init__(self, cards: Tensor, features: csr_array[Any, tuple[int, int]], shape: Shape) -> None:
        super().__init__()
        self._cards, self._id_dropout = cards, shape.id_dropout
        self._ids = torch.from_numpy(features.indices.astype(np.int64))
        self._offsets = torch.from_numpy(features.indptr.astype(np.int64))
        self._amounts = torch.from_numpy(features.data.astype(np.float32))
        self.own = nn.Parameter(torch.randn(len(cards), shape.width) * 0.05)
        self.card = nn.Linear(cards.shape[1], shape.width, bias=False)
        self.values = nn.EmbeddingBag(max(features.shape[1], 1), shape.width, mode="sum", include_last_offset=True)
        nn.init.normal_(self.values.weight, std=0.05)

    def forward(self) -> Tensor:
        """Returns the vectors; in teaching a share of the items must do without their own."""
        own: Tensor = self.own
        if self.training and self._id_dropout > 0:
            own = own * (torch.rand(len(own), 1) >= self._id_dropout).float() / (1.0 - self._id_dropout)
        table: Tensor = own + self.card(self._cards)
        if len(self._ids):
            table = table + self.values(self._ids, self._offsets, per_sample_weights=self._amounts)
        return table


class Net(nn.Module):
    """What `Weights` holds, as it is taught. `counts` `(n_items,)` are how often items were named; `said` vectors are `text_width` wide."""

    def __init__(
        self, cards: Vectors, features: csr_array[Any, tuple[int, int]], counts: Floats, text_width: int, shape: Shape
    ) -> None:
        super().__init__()
        compressed = torch.from_numpy(_compressed(cards))
        self._scale = float(
            np.sqrt(text_width)
        )  # unit vectors have small numbers; a net learns best from numbers near 1
        self.wanted, self.named = Items(compressed, features, shape), Items(compressed, features, shape)
        self.said = nn.Linear(text_width, shape.width)
        self.ending = nn.Linear(text_width, shape.width, bias=False)
        self.ages = nn.Parameter(torch.linspace(1.0, 0.0, AGES))
        self.inner = nn.Linear(shape.width, shape.width)
        self.outer = nn.Linear(shape.width, shape.width, bias=False)
        self.prior = nn.Parameter(torch.from_numpy(np.log1p(counts).astype(np.float32) * 0.5))
        self.dropout = nn.Dropout(shape.dropout)

    def loss(
        self, said: Tensor, ending: Tensor, named: Tensor, importance: Tensor, targets: Tensor, shares: Tensor, gone: Tensor
    ) -> Tensor:  # fmt: skip
        """Returns the cross-entropy of a batch as `_Batches.of` gives it.

        It is the log of the sum less the targets' own logits, so that the log-probabilities of all items are never held.
        """
        logits = self.dropout(self._asked(said, ending, named)) @ self.wanted().T + self.prior
        logits = logits.index_put((gone[:, 0], gone[:, 1]), torch.tensor(_NEVER))
        found = torch.zeros(len(said)).index_add(0, targets[:, 0], shares * logits[targets[:, 0], targets[:, 1]])
        loss: Tensor = ((torch.logsumexp(logits, 1) - found) * importance).sum() / importance.sum()
        return loss

    def _asked(self, said: Tensor, ending: Tensor, named: Tensor) -> Tensor:
        present = named >= 0
        ages = self.ages[torch.arange(named.shape[1]).clamp(max=AGES - 1)][None, :].masked_fill(~present, _NEVER)
        recalled = torch.softmax(ages, 1) * present
        history = (recalled[:, :, None] * self.dropout(self.named()[named.clamp(min=0)])).sum(1)
        heard = self.said(self.dropout(said) * self._scale) + self.ending(self.dropout(ending) * self._scale)
        asked: Tensor = heard + history
        bent: Tensor = self.outer(self.dropout(nn.functional.gelu(self.inner(asked))))
        return asked + bent

    def weights(self) -> Weights:
        """Returns the net as arrays."""
        return Weights(
            wanted=_array(self.wanted()), named=_array(self.named()), prior=_array(self.prior),
            said=_array(self.said.weight.T * self._scale), ending=_array(self.ending.weight.T * self._scale),
            offset=_array(self.said.bias), ages=_array(self.ages), inner=_array(self.inner.weight.T),
            inner_offset=_array(self.inner.bias), outer=_array(self.outer.weight.T),
        )  # fmt: skip


def _array(tensor: Tensor) -> Vectors:
    return np.ascontiguousarray(tensor.detach().numpy().astype(np.float32))
