"""Batches made ready in a thread, so that the device never waits for the host."""

import queue
import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from convrec.finetune.pretraining.feed import Feed
from convrec.finetune.pretraining.packing import document_numbers


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
        self._ready: queue.Queue[Batch | BaseException] = queue.Queue(3)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def next(self) -> Batch:
        """Returns the next batch; an error of the feed is raised here."""
        found = self._ready.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        """Stops the thread and the feed's workers."""
        self._stop.set()
        while not self._ready.empty():
            self._ready.get_nowait()
        self._thread.join(timeout=5)
        self._feed.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                batch: Batch | BaseException = self._batch()
            except BaseException as error:  # noqa: BLE001 - handed over to the thread that waits for the batch
                batch = error
            while not self._stop.is_set():
                try:
                    self._ready.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue
            if isinstance(batch, BaseException):
                return

    def _batch(self) -> Batch:
        ids, weights = self._feed.rows(self._rows)
        documents = torch.from_numpy(document_numbers(ids[:, :-1], self._begin))
        tensors = torch.from_numpy(ids.astype(np.int32)), torch.from_numpy(weights.copy()), documents
        if self._pin:
            tensors = tuple(tensor.pin_memory() for tensor in tensors)  # type: ignore[assignment]
        return Batch(*tensors, float(weights[:, 1:].sum()) / 100, self._feed.taken)
