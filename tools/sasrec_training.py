"""How SASRec learns: histories cut into windows, batched by length, until held-out last choices are found no better.

Importing this module imports torch, so only functions that need it do.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from convrec.core.progress import Progress
from convrec.tools.contract import Events, Floats, Ints
from convrec.tools.sasrec_network import Network

if TYPE_CHECKING:
    from convrec.tools.sasrec import SasRecConfig

_HELD_OUT = 0.1  # share of people whose last choice steers the training, at most
_MOST_HELD_OUT = 1000
_FEWEST_HELD_OUT = 20  # below it their ranks say nothing: all epochs are gone through
_EVALUATED = 4_000_000  # scores held at once while held-out choices are ranked


@dataclass(frozen=True)
class Histories:
    """Choices `(n_choices,)` as own indices, people one after the other, and where each window of them starts and stops.

    Within a window each choice but the last is followed by what is to be predicted from it.
    """

    items: Ints
    start: Ints
    stop: Ints

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class HeldOut:
    """Last choices `(n,)` and the windows that came before them."""

    before: Histories
    target: Ints


def split(events: Events, length: int, seed: int) -> tuple[Histories, HeldOut]:
    """Returns the windows to learn from and the last choices of a tenth of those with three or more, drawn by the seed."""
    begins = np.flatnonzero(np.diff(events.user, prepend=-1))
    ends = np.append(begins[1:], len(events))
    able = np.flatnonzero(ends - begins >= 3)
    n = min(_MOST_HELD_OUT, int(_HELD_OUT * len(able)))
    held = np.sort(np.random.default_rng(seed).permutation(able)[:n])
    target = events.row[ends[held] - 1]
    ends = ends.copy()
    ends[held] -= 1
    before = Histories(events.row, np.maximum(begins[held], ends[held] - length), ends[held])
    return windows(events.row, begins, ends, length), HeldOut(before, target)


def windows(items: Ints, begins: Ints, ends: Ints, length: int) -> Histories:
    """Returns windows of at most `length + 1` choices, cut from each person's end so that every choice but the first is predicted once."""
    starts, stops = [], []
    for begin, end in zip(begins.tolist(), ends.tolist(), strict=True):
        for stop in range(end, begin + 1, -length):
            starts.append(max(begin, stop - length - 1))
            stops.append(stop)
    return Histories(items, np.array(starts, np.int64), np.array(stops, np.int64))


def trained(
    network: Network, learned: Histories, held: HeldOut, config: SasRecConfig, seed: int, progress: Progress
) -> tuple[Network, str]:
    """Returns the network as it was after its best epoch, and a sentence on why it stopped, empty where it went all the way."""
    deadline, chance = time.monotonic() + config.seconds, np.random.default_rng(seed)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98))
    best, kept, since = -1.0, network, 0
    for epoch in range(config.epochs):
        progress("teaching sasrec", epoch, config.epochs)
        whole = _epoch(network, learned, config, optimiser, chance, deadline)
        found = quality(network, held) if len(held.target) >= _FEWEST_HELD_OUT else best + 1
        kept, best, since = (deepcopy(network), found, 0) if found > best else (kept, best, since + 1)
        if not whole:
            return kept, f"stopped in epoch {epoch + 1}: `seconds` is {config.seconds:g}"
        if since >= config.patience:
            break
    return kept, ""


def _epoch(
    network: Network, learned: Histories, config: SasRecConfig, optimiser: torch.optim.Optimizer, chance: np.random.Generator,
    deadline: float,
) -> bool:  # fmt: skip
    """Learns from every window once, unless time runs out; returns whether it did not."""
    network.train()
    for batch in batches(learned, config.batch, chance):
        if time.monotonic() > deadline:
            return False
        optimiser.zero_grad(set_to_none=True)
        _loss(network, learned, batch, config.softmax_items, chance).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    return True


def batches(learned: Histories, size: int, chance: np.random.Generator) -> Iterator[Ints]:
    """Yields places of windows of much the same length, together about `size` choices to predict, in random order."""
    order = chance.permutation(len(learned))
    lengths = learned.stop - learned.start - 1
    order = order[np.argsort(lengths[order], kind="stable")]
    cuts = np.flatnonzero(np.diff(np.cumsum(lengths[order]) // size)) + 1
    parts = np.split(order, cuts)
    for place in chance.permutation(len(parts)):
        yield parts[place]


def _loss(network: Network, learned: Histories, batch: Ints, most: int, chance: np.random.Generator) -> Tensor:
    """Returns the mean cross-entropy of what came next, over all items or `most` of them (Klenitskiy & Vasilev 2023)."""
    shown, lengths, index = padded(Histories(learned.items, learned.start[batch], learned.stop[batch] - 1))
    real = np.arange(index.shape[1]) < lengths[:, None]
    hidden = network(torch.from_numpy(shown), torch.from_numpy(lengths))[torch.from_numpy(real)]
    target = learned.items[index[real] + 1]
    n_items = network.items.num_embeddings
    if n_items <= most:
        return cross_entropy(hidden @ network.items.weight.T, torch.from_numpy(target))
    return _sampled(hidden, network.items.weight, target, chance.choice(n_items, most, replace=False))


def _sampled(hidden: Tensor, weight: Tensor, target: Ints, sample: Ints) -> Tensor:
    """Returns the cross-entropy where a uniform sample, weighed up, stands for all items but the target (Jean et al. 2015)."""
    chosen, others = torch.from_numpy(target), torch.from_numpy(sample)
    logits = hidden @ weight[others].T + float(np.log((len(weight) - 1) / len(sample)))
    logits = logits.masked_fill(chosen[:, None] == others, -torch.inf)
    right = (hidden * weight[chosen]).sum(1, keepdim=True)
    return cross_entropy(torch.cat([right, logits], 1), torch.zeros(len(target), dtype=torch.int64))


def padded(histories: Histories) -> tuple[Ints, Ints, Ints]:
    """Returns items `(n, longest)`, filled up with whatever comes after, lengths `(n,)`, and the index of each in all choices."""
    lengths = histories.stop - histories.start
    index = np.minimum(histories.start[:, None] + np.arange(lengths.max()), len(histories.items) - 2)
    return histories.items[index], lengths, index


def quality(network: Network, held: HeldOut) -> float:
    """Returns the mean of `1 / log2(1 + rank)` of the held-out choices among all items not chosen before: NDCG without a cut-off."""
    network.eval()
    step = max(1, _EVALUATED // network.items.num_embeddings)
    cases = np.split(np.arange(len(held.target)), np.arange(step, len(held.target), step))
    return float(np.concatenate([_gains(network, held, some) for some in cases]).mean())


@torch.inference_mode()
def _gains(network: Network, held: HeldOut, some: Ints) -> Floats:
    shown, lengths, _ = padded(Histories(held.before.items, held.before.start[some], held.before.stop[some]))
    scores = (network.last(torch.from_numpy(shown), torch.from_numpy(lengths)) @ network.items.weight.T).numpy()
    wanted = scores[np.arange(len(some)), held.target[some]]
    for row, items, n in zip(scores, shown, lengths, strict=True):
        row[items[:n]] = -np.inf
    gains: Floats = 1.0 / np.log2(2.0 + (scores > wanted[:, None]).sum(axis=1))
    return gains
