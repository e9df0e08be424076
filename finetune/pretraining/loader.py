"""Batches made ready in a thread, so that the device never waits for the host."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from convrec.finetune.pretraining.feed import Feed
from convrec.finetune.pretraining.packing import document_numbers

_AHEAD = 3  # batches made ready before they are asked for


@dataclass(frozen=True)
class Batch:
    """The rows of one step: `ids` and `weights` `(rows, length + 1)`, document numbers `(rows, length)`, and the blocks taken by then."""

    ids: Tensor
    weights: Tensor
    documents: Tensor
    total_weight: float
    taken: int

    def part(self, rows: slice, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Returns inputs, targets, weights in `[0, 1]` and document numbers of some rows, on the device."""
        ids = self.ids[rows].to(device, non_blocking=True).long()
        weights = self.weights[rows].to(device, non_blocking=True)
        return ids[:, :-1], ids[:, 1:], weights[:, 1:].float() / 100, self.documents[rows].to(device, non_blocking=True)


class Loader:
    """Takes rows from a feed ahead of time."""

    def __init__(self, feed: Feed, rows: int, begin: int, *, pin: bool) -> None:
        self._feed, self._rows, self._begin, self._pin = feed, rows, begin, pin
        self._thread = ThreadPoolExecutor(1, "loader")
        self._ready = deque(self._thread.submit(self._batch) for _ in range(_AHEAD))

    def next(self) -> Batch:
        """Returns the next batch; an error of the feed is raised here."""
        found = self._ready.popleft().result()
        self._ready.append(self._thread.submit(self._batch))
        return found

    def close(self) -> None:
        """Stops the thread and the feed's workers."""
        self._thread.shutdown(cancel_futures=True)
        self._feed.close()

    def _batch(self) -> Batch:
        ids, weights = self._feed.rows(self._rows)
        documents = torch.from_numpy(document_numbers(ids[:, :-1], self._begin))
        tensors = torch.from_numpy(ids.astype(np.int32)), torch.from_numpy(weights.copy()), documents
        if self._pin:
            tensors = tuple(tensor.pin_memory() for tensor in tensors)  # type: ignore[assignment]
        return Batch(*tensors, float(weights[:, 1:].sum()) / 100, self._feed.taken)
