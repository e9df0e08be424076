"""The training loop: by the clock, from wherever the last run was cut off, leaving weights behind in good time."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from convrec.finetune.pretraining.attention import Attention, choices, dense_mask, masked_attention
from convrec.finetune.pretraining.checkpoint import Position, load_state, save_state, save_weights
from convrec.finetune.pretraining.feed import Feed, FeedConfig
from convrec.finetune.pretraining.loader import Batch, Loader
from convrec.finetune.pretraining.model import Attend, LanguageModel, ModelConfig, flops_per_token
from convrec.finetune.pretraining.optimiser import OptimiserConfig, optimisers, rate, set_rate
from convrec.finetune.pretraining.tokens import Encoder

_LOG = logging.getLogger(__name__)
_SAVING_S = 8.0


@dataclass(frozen=True)
class TrainConfig:
    """How to train. `minutes` covers all from the start to the evaluation's end; with `steps` the schedule follows steps instead."""

    feed: FeedConfig
    out: Path
    state: Path | None = None
    minutes: float = 8.0
    evaluate_s: float = 60.0
    steps: int = 0
    rows: int = 64
    micro_rows: int = 32
    workers: int = 14
    device: str = "cuda"
    compile: bool = True
    attention: str = "auto"
    replay: bool = True
    save_every_s: float = 120.0
    peak_flops: float = 8e14
    model: ModelConfig = field(default_factory=ModelConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


class Trainer:
    """One run. `started` is when the process began, on the monotonic clock."""

    def __init__(self, config: TrainConfig, started: float) -> None:
        self._config, self._started = config, started
        self.device = torch.device(config.device)
        self.encoder = Encoder.load(config.feed.carry)
        torch.manual_seed(config.feed.seed)
        torch.set_float32_matmul_precision("high")
        self.model = LanguageModel(replace(config.model, vocab_size=-(-self.encoder.size // 128) * 128)).to(self.device)
        self.optimisers = optimisers(self.model, config.optimiser)
        self.position = load_state(self.model, self.optimisers, config.state) if config.state else Position()
        self._loss: Any = self.model.loss_parts
        self._attend: Attend = masked_attention
        self._mask: Callable[[Tensor], Any] = dense_mask
        config.out.mkdir(parents=True, exist_ok=True)

    @property
    def token_ids(self) -> dict[str, int]:
        """Returns the special tokens that a model's configuration names."""
        return {"bos": self.encoder.begin, "eos": self.encoder.end, "pad": self.encoder.pad}

    def run(self) -> Position:
        """Trains until the time or the steps are over, then saves the weights; returns where the run ended."""
        config = self._config
        feed = Feed(config.feed, config.workers, self.position.taken, config.replay)
        loader = Loader(feed, config.rows, self.encoder.begin, pin=self.device.type == "cuda")
        try:
            batch = loader.next()
            self._choose(batch)
            self._train(loader, batch, feed)
        finally:
            loader.close()
        self.save()
        return self.position

    def save(self) -> None:
        """Writes the weights to `out` and, where a folder is given, the state to go on from."""
        save_weights(self.model, self._config.out, self.token_ids)
        if self._config.state:
            save_state(self.model, self.optimisers, self.position, self._config.state)

    def _train(self, loader: Loader, batch: Batch, feed: Feed) -> None:
        config = self._config
        begun, before = time.monotonic(), self.position
        budget = (
            max(config.minutes * 60 - config.evaluate_s - _SAVING_S - (begun - self._started), 1.0) + before.seconds
        )
        saved, halved, noted, noted_tokens = begun, before.seconds > budget / 2, begun, before.tokens
        with (config.out / "metrics.jsonl").open("a", encoding="utf-8") as metrics:
            while True:
                spent = before.seconds + time.monotonic() - begun
                share = self.position.step / config.steps if config.steps else spent / budget
                if share >= 1:
                    break
                factor = rate(share, config.optimiser)
                set_rate(self.optimisers, factor)
                loss, norm = self.step(batch)
                self.position = Position(
                    self.position.step + 1, batch.taken, self.position.tokens + batch.documents.numel(), spent
                )
                if self.position.step % 10 == 0 or config.steps:
                    now = time.monotonic()
                    speed = (self.position.tokens - noted_tokens) / max(now - noted, 1e-9)
                    line = {"step": self.position.step, "tokens": self.position.tokens, "seconds": round(spent, 2), "share": round(share, 4), "rate": round(factor, 4), "loss": loss.item(), "norm": norm.item(), "tokens_per_s": round(speed), "replayed": feed.replayed}  # fmt: skip
                    metrics.write(json.dumps(line) + "\n")
                    metrics.flush()
                    noted, noted_tokens = now, self.position.tokens
                    if self.position.step % 50 == 0:
                        _LOG.info("%s, %.1f %% of peak", line, 100 * self._use(batch, speed))
                if not halved and share >= 0.5:
                    halved, saved = True, time.monotonic()
                    self.save()
                elif config.state and time.monotonic() - saved > config.save_every_s and share < 0.95:
                    saved = time.monotonic()
                    save_state(self.model, self.optimisers, self.position, config.state)
                batch = loader.next()

    def _use(self, batch: Batch, speed: float) -> float:
        """Returns the share of the device's peak that the training uses."""
        per_row = batch.documents.max(-1).values.float().clamp(min=1)
        context = float((batch.documents.shape[1] / per_row / 2).mean())
        return flops_per_token(self.model.config, context) * speed / self._config.peak_flops

    def step(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Returns the loss of one update, in nats a weighted token, and the norm of its gradient. Broken entries of it count as zero."""
        sums = []
        for start in range(0, len(batch.ids), self._config.micro_rows):
            loss, penalty = self._parts(batch, slice(start, start + self._config.micro_rows))
            ((loss + penalty) / batch.total_weight).backward()  # type: ignore[no-untyped-call]
            sums.append(loss.detach())
        for weight in self.model.parameters():
            if (
                weight.grad is not None
            ):  # a broken entry changes nothing; asking whether there is one would make the host wait
                weight.grad.nan_to_num_(0.0, 0.0, 0.0)
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self._config.optimiser.clip)
        for optimiser in self.optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        return torch.stack(sums).sum() / batch.total_weight, norm

    def _parts(self, batch: Batch, rows: slice) -> tuple[Tensor, Tensor]:
        inputs, targets, weights, documents = batch.part(rows, self.device)
        with self._autocast():
            hidden = self.model.hidden(inputs, self._mask(documents), self._attend)
            return self._loss(hidden, targets, weights)  # type: ignore[no-any-return]

    @contextmanager
    def _autocast(self) -> Iterator[None]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            yield

    def _choose(self, batch: Batch) -> None:
        """Settles on the first way of attending, compiled if wanted, that runs here and agrees with the plain one."""
        few = slice(0, min(2, self._config.micro_rows))
        with torch.no_grad():
            expected = float(self._parts(batch, few)[0])
        wanted = [(name, make) for name, make in choices(self.device) if self._config.attention in ("auto", name)]
        plans = [(name, make, True) for name, make in wanted] if self._config.compile else []
        plans.append(("masked", lambda: (masked_attention, dense_mask), False))
        for name, make, compiled in plans:
            try:
                took = self._prove(make(), batch, expected, few, compiled=compiled)
            except (
                RuntimeError,
                ImportError,
                OSError,
            ) as error:  # all that torch's compilers throw: a plainer way is left
                _LOG.warning("%s attention (compiled: %s) does not work here: %.300s", name, compiled, error)
                continue
            _LOG.info("%s attention (compiled: %s) ready after %.1f s", name, compiled, took)
            return
        raise RuntimeError("No way of attending works on this device; the warnings above say why.")

    def _prove(self, attention: Attention, batch: Batch, expected: float, few: slice, *, compiled: bool) -> float:
        started = time.monotonic()
        self._attend, self._mask = attention
        self._compile(on=compiled)
        copies = self._config.micro_rows // few.stop
        ids, weights, documents = (
            torch.cat([part[few]] * copies) for part in (batch.ids, batch.weights, batch.documents)
        )
        repeated = Batch(ids, weights, documents, 1.0, 0)
        loss, penalty = self._parts(repeated, slice(0, copies * few.stop))
        (loss + penalty).backward()  # type: ignore[no-untyped-call]
        for optimiser in self.optimisers:
            optimiser.zero_grad(set_to_none=True)
        found = float(loss.detach()) / copies
        if abs(found - expected) > 0.01 * abs(expected):
            raise RuntimeError(f"the loss is {found:.4f} where {expected:.4f} was expected")
        return time.monotonic() - started

    def _compile(self, *, on: bool) -> None:
        if not on:
            torch._dynamo.reset()
        for layer in self.model.model.layers:
            layer._compiled_call_impl = torch.compile(layer._call_impl, dynamic=False) if on else None
        self._loss = torch.compile(self.model.loss_parts, dynamic=False) if on else self.model.loss_parts
