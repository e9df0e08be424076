"""Teaches late interaction from questions: the item meant must fit better than the other, and than those of other questions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convrec.agent.compact.fields import Fields
from convrec.agent.describing.late import LINE_TOKENS, SAID_TOKENS
from convrec.agent.describing.lines import lines_of
from convrec.finetune.describing.network import LateNetwork
from convrec.finetune.describing.questions import Question
from convrec.tools.encoder import TextEncoder


@dataclass(frozen=True)
class Recipe:
    """How the adapter learns. `others` is the weight of the loss against the items of the batch's other questions."""

    rank: int = 32
    epochs: int = 5
    batch: int = 12
    rate: float = 6e-4
    scale_rate: float = 0.02
    warm_up: float = 0.1
    others: float = 0.25
    others_heat: float = 1.5
    seed: int = 17


Told = Callable[[int, int], None]


def teach(
    questions: Sequence[Question], fields: Fields, encoder: TextEncoder, recipe: Recipe, device: str = "cpu",
    told: Told = lambda step, of: None,
) -> dict[str, Tensor]:  # fmt: skip
    """Returns the tensors that late interaction learns from the questions."""
    torch.manual_seed(recipe.seed)
    network = LateNetwork(encoder.folder, recipe.rank).to(device).train()
    texts = _Texts(questions, fields, encoder)
    body = [weight for name, weight in network.named_parameters() if name != "scale"]
    optimiser = torch.optim.AdamW([
        {"params": body, "lr": recipe.rate, "weight_decay": 0.01},
        {"params": [network.scale], "lr": recipe.scale_rate, "weight_decay": 0.0},
    ])  # fmt: skip
    steps = recipe.epochs * math.ceil(len(questions) / recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share(step, steps, recipe.warm_up))
    for step, batch in enumerate(_batches(questions, recipe)):
        optimiser.zero_grad(set_to_none=True)
        _loss(network, batch, texts, recipe).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(body, 1.0)
        optimiser.step()
        schedule.step()
        told(step + 1, steps)
    return network.tensors()


class _Texts:
    """The word ids of what was said and of items' lines."""

    def __init__(self, questions: Sequence[Question], fields: Fields, encoder: TextEncoder) -> None:
        rows = sorted({row for question in questions for row in question.rows})
        lines = {row: lines_of(fields.catalogue, row) for row in rows}
        self.lines = {row: encoder.word_ids(some, LINE_TOKENS) for row, some in lines.items()}
        said = [phrase.text for question in questions for phrase in question.phrases]
        self.said = dict(zip(said, encoder.word_ids(said, SAID_TOKENS), strict=True))


def _batches(questions: Sequence[Question], recipe: Recipe) -> list[list[Question]]:
    drawn = np.random.default_rng(recipe.seed)
    orders = [drawn.permutation(len(questions)) for _ in range(recipe.epochs)]
    return [
        [questions[place] for place in order[start : start + recipe.batch]]
        for order in orders for start in range(0, len(order), recipe.batch)
    ]  # fmt: skip


def _loss(network: LateNetwork, batch: Sequence[Question], texts: _Texts, recipe: Recipe) -> Tensor:
    rows = sorted({row for question in batch for row in question.rows})
    column = {row: place for place, row in enumerate(rows)}
    said = [(question, phrase) for question in batch for phrase in question.phrases]
    logits = network([texts.said[phrase.text] for _, phrase in said], [texts.lines[row] for row in rows])
    device = logits.device
    choices = torch.tensor([[column[row] for row in question.rows] for question, _ in said], device=device)
    sign = torch.tensor([[-1.0 if phrase.turned_down else 1.0] for _, phrase in said], device=device)
    meant = torch.tensor([question.target for question, _ in said], device=device)
    loss = functional.cross_entropy(logits.gather(1, choices) * sign, meant, label_smoothing=0.05)
    plain = (sign[:, 0] > 0).nonzero()[:, 0]
    wanted = choices[plain, meant[plain]]
    against = functional.cross_entropy(logits[plain] / recipe.others_heat, wanted, label_smoothing=0.1)
    return loss + recipe.others * against


def _share(step: int, steps: int, warm_up: float) -> float:
    """Returns the share of its peak that the learning rate has: a rise, then a cosine."""
    return min(1.0, (step + 1) / (warm_up * steps)) * max(0.02, 0.5 * (1 + math.cos(math.pi * step / steps)))
