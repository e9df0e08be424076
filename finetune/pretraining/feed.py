"""Worker processes that write examples all the while, and the batches that training draws from them, in a fixed order."""

import multiprocessing as mp
import os
import queue
import random
import time
from collections import deque
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import numpy as np

from convrec.finetune.grammar.mixture import Source
from convrec.finetune.grammar.names import Names, RealNames
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.pretraining.corpus import TextStore
from convrec.finetune.pretraining.packing import Packer, Rows
from convrec.finetune.pretraining.tokens import Encoder

_PATIENCE_S = 0.25  # how long a batch waits for fresh rows before old ones are shown again


@dataclass(frozen=True)
class FeedConfig:
    """Where examples come from. `text_share` is the share of tokens that is natural text; `block` rows are sent at a time."""

    carry: Path
    length: int = 2049
    block: int = 64
    seed: int = 1
    text_share: float = 0.09
    ahead: int = 8
    prompt_weight: int = 5


class RowWriter:
    """Writes blocks of packed rows; block number `k` of worker `w` is the same whenever it is written."""

    def __init__(self, config: FeedConfig) -> None:
        self._config = config
        self._encoder = Encoder.load(config.carry, config.prompt_weight)
        self._source = Source(Names(RealNames.load(config.carry / "names.json.gz")), Wording())
        self._texts = TextStore.load(config.carry / "text.npz")

    def block(self, worker: int, number: int) -> Rows:
        """Returns a block: token ids and weights `(block, length)`."""
        rng = random.Random(f"{self._config.seed}/{worker}/{number}")
        packer = Packer(self._config.length, self._encoder.pad)
        rows: list[Rows] = []
        while len(rows) < self._config.block:
            while not packer.ready:
                packer.add(self._documents(rng))
            rows.append(packer.row())
        return np.stack([ids for ids, _ in rows]), np.stack([weights for _, weights in rows])

    def _documents(self, rng: random.Random) -> list[Any]:
        chats = self._encoder.chats([self._source.draw(rng) for _ in range(24)])
        wanted = sum(len(chat.ids) for chat in chats) * self._config.text_share / (1 - self._config.text_share)
        texts = self._texts.draw(rng, wanted) if self._texts.size else []
        return [*chats, *texts]


def _work(config: FeedConfig, worker: int, first: int, out: Any, stop: Event) -> None:
    writer, number, parent = RowWriter(config), first, os.getppid()
    while not stop.is_set() and os.getppid() == parent:
        ids, weights = writer.block(worker, number)
        number += 1
        parcel = (ids.tobytes(), weights.tobytes())
        while not stop.is_set() and os.getppid() == parent:
            try:
                out.put(parcel, timeout=0.5)
                break
            except queue.Full:
                continue
    out.cancel_join_thread()


@dataclass
class Feed:
    """Rows from `workers` processes, taken in turn. `taken` is the number of blocks taken so far: the position to resume at.

    With `replay`, a batch that would have to wait takes rows seen before; `replayed` counts their blocks.
    """

    config: FeedConfig
    workers: int
    taken: int = 0
    replay: bool = True
    replayed: int = 0
    _pool: deque[Rows] = field(default_factory=lambda: deque(maxlen=3000))

    def __post_init__(self) -> None:
        """Starts the workers where the last run left them."""
        context = mp.get_context("spawn")
        self._stop = context.Event()
        self._queues = [context.Queue(self.config.ahead) for _ in range(self.workers)]
        self._processes = [
            context.Process(target=_work, args=(self.config, worker, self._first(worker), self._queues[worker], self._stop), daemon=True)
            for worker in range(self.workers)
        ]  # fmt: skip
        for process in self._processes:
            process.start()
        self._random = random.Random(self.config.seed)

    def _first(self, worker: int) -> int:
        """Returns the number of the first block that a worker still owes."""
        return (self.taken - worker + self.workers - 1) // self.workers

    def rows(self, count: int) -> Rows:
        """Returns `count` rows (a multiple of the block size): ids and weights `(count, length)`."""
        blocks = [self._block() for _ in range(count // self.config.block)]
        return np.concatenate([ids for ids, _ in blocks]), np.concatenate([weights for _, weights in blocks])

    def _block(self) -> Rows:
        source = self._queues[self.taken % self.workers]
        started = time.monotonic()
        while True:
            try:
                ids, weights = source.get(timeout=_PATIENCE_S)
            except queue.Empty:
                if self.replay and len(self._pool) >= 8 and time.monotonic() - started >= _PATIENCE_S:
                    self.replayed += 1
                    return self._pool[self._random.randrange(len(self._pool))]
                if not any(process.is_alive() for process in self._processes):
                    raise RuntimeError("All writers of examples have died; their errors stand above.") from None
                continue
            shape = (self.config.block, self.config.length)
            rows = np.frombuffer(ids, np.uint16).reshape(shape), np.frombuffer(weights, np.uint8).reshape(shape)
            self.taken += 1
            if self.replay:
                self._pool.append(rows)
            return rows

    def close(self) -> None:
        """Stops the workers."""
        self._stop.set()
        for process in self._processes:
            process.join(timeout=2)
            if process.is_alive():
                process.terminate()
