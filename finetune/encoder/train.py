"""Training: a projection of the encoder's vectors under which what the same people liked lies together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convrec.core.progress import Progress, silent
from convrec.finetune.encoder.liked import Liked
from convrec.finetune.encoder.ranking import Cases, cases_of, recalls
from convrec.tools.contract import Vectors
from convrec.tools.feedback import matrix

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_LEAST = -1e9


@dataclass(frozen=True)
class Setting:
    """One training run. `popular` is the share of an item's log frequency that is taken off its score while training (logQ, Yi et al. 2019)."""

    rate: float = 1e-3
    steps: int = 100
    every: int = 10
    items: int = 1024
    people: int = 1024
    temperature: float = 0.05
    popular: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class Projection:
    """`weight` `(width, width)` and `bias` `(width,)`, applied to vectors of unit length; what comes out is brought to unit length again."""

    weight: Tensor
    bias: Tensor

    def __call__(self, vectors: Vectors) -> Vectors:
        """Returns `(n, width)` projected vectors of unit length."""
        with torch.inference_mode():
            found: Vectors = functional.normalize(
                functional.linear(torch.from_numpy(vectors), self.weight, self.bias), dim=1
            ).numpy()
        return found


@dataclass(frozen=True)
class Trained:
    """The projection that found most of the valid items, its recall@20 there, and the losses."""

    projection: Projection
    recall: float
    losses: tuple[float, ...]


def centred(vectors: Vectors) -> Projection:
    """Returns the projection that takes the mean off: what training starts from."""
    width = vectors.shape[1]
    return Projection(torch.eye(width), -torch.from_numpy(vectors.mean(0)))


def trained(liked: Liked, vectors: Mapping[str, Vectors], setting: Setting, progress: Progress = silent) -> Trained:
    """Returns a projection learned from the training items alone; the valid items choose the step, the test items are not looked at.

    A step draws items and people. A person asks with the mean of what they liked of those items, and each of these in turn, left out of the
    mean, is to be found among the rest (InfoNCE with negatives of the batch; what the person liked is no negative).
    """
    torch.manual_seed(setting.seed)
    rng = np.random.default_rng(setting.seed)
    ids = [item.id for item in liked.items if item.part == "train"]
    chosen, given = _chosen(liked, ids), torch.from_numpy(np.stack([vectors[each] for each in ids]))
    often = torch.from_numpy(np.log(np.asarray(chosen.sum(axis=0)).ravel() + 1.0)).float()
    start = centred(given.numpy())
    change, bias = torch.zeros_like(start.weight, requires_grad=True), start.bias.clone().requires_grad_()
    optimiser = torch.optim.AdamW([change, bias], lr=setting.rate, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, setting.steps))
    valid, losses = cases_of(liked, "valid"), []
    best, recall = start, _recall(start, vectors, valid)
    for step in range(1, setting.steps + 1):
        items = np.sort(rng.choice(len(ids), min(setting.items, len(ids)), replace=False))
        people = rng.choice(chosen.shape[0], min(setting.people, chosen.shape[0]), replace=False)
        found = functional.normalize(functional.linear(given[items], start.weight + change, bias), dim=1)
        theirs = torch.from_numpy(chosen[people][:, items].toarray())
        loss = loss_of(found, theirs, often[items], setting)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        progress("tuning the encoder", step, setting.steps)
        if step % setting.every == 0 or step == setting.steps:
            now = Projection((start.weight + change).detach().clone(), bias.detach().clone())
            if (figure := _recall(now, vectors, valid)) > recall:
                best, recall = now, figure
    return Trained(best, recall, tuple(losses))


def loss_of(items: Tensor, liked: Tensor, often: Tensor, setting: Setting) -> Tensor:
    """Returns the loss of `(n_items, width)` vectors under what `(n_people, n_items)` liked; each person counts the same."""
    liked = liked[liked.sum(1) >= 2]
    n, own = liked.sum(1, keepdim=True), liked > 0
    together = liked @ items @ items.T
    scores = torch.where(own, (together - (items * items).sum(1)) / (n - 1), together / n)
    logits = scores / setting.temperature - setting.popular * often
    others = logits.masked_fill(own, _LEAST).logsumexp(1, keepdim=True)
    lost = functional.softplus(others - logits) * own
    return (lost / n).sum() / max(len(liked), 1)


def _share(step: int, steps: int) -> float:
    return 0.05 + 0.95 * (1 + math.cos(math.pi * step / steps)) / 2


def _chosen(liked: Liked, ids: list[str]) -> csr_array:
    place = {each: number for number, each in enumerate(ids)}
    pairs = [(n, place[each]) for n, one in enumerate(liked.people) for each in one.liked if each in place]
    users, rows = np.array(pairs, np.int64).reshape(-1, 2).T
    return matrix(users, rows, len(liked.people), len(ids))


def _recall(projection: Projection, vectors: Mapping[str, Vectors], cases: Cases) -> float:
    return float(recalls(cases, projection(cases.known(vectors)), projection(cases.sought(vectors))).mean())
