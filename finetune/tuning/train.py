"""Trains an adapter on a set: packed rows, the assistant's tokens alone, stopped early by the task's own figure, resumable at any step."""

from __future__ import annotations

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from convrec.catalogue.store import disk_errors, new_file
from convrec.core.errors import InputError
from convrec.core.progress import Progress, silent
from convrec.finetune.proof.answers import said
from convrec.finetune.proof.scores import MAIN, figures, parts_of
from convrec.finetune.sets.rows import ChatMessage, Row, Task, set_hash, settings_hash
from convrec.finetune.tuning.base import Identity, identity, open_base
from convrec.finetune.tuning.forward import loss_of
from convrec.finetune.tuning.lora import adapted, tensors_of, write_adapter
from convrec.finetune.tuning.messages import Encoded, Template
from convrec.finetune.tuning.packing import Packed, packed, shared
from convrec.finetune.tuning.plots import curve
from convrec.finetune.tuning.setting import TrainSetting
from convrec.finetune.tuning.state import Standing, bound, keep, kept
from convrec.prompts.tasks import TASKS

if TYPE_CHECKING:
    import torch

    from convrec.agent.llm.loading import Loaded

Unit = TypeVar("Unit")

FEWEST = 8
"""Rows below which nothing can be learned."""
ADAPTER, CARD, METRICS = "adapter", "card.json", "metrics.json"


@dataclass(frozen=True)
class Job:
    """What is trained on what, and where the run is kept."""

    task: Task
    base: Path
    rows: Path
    out: Path
    setting: TrainSetting


@dataclass(frozen=True)
class Trained:
    """A finished run: the adapter's folder, losses and measurements, the base's hashes before and after, chats left out as too long."""

    adapter: Path
    standing: Standing
    before: Identity
    after: Identity
    left_out: int


def answer_tokens(task: Task) -> int:
    """Returns how many tokens an answer of a task may have at run time."""
    return next((one.answer_tokens for one in TASKS if one.name == task), 300)


def train(
    job: Job, train_rows: Sequence[Row], valid: Sequence[Row], progress: Progress = silent, say: Callable[[str], object] = lambda _: None, make: Callable[..., Run[Any]] | None = None,
) -> Trained:  # fmt: skip
    """Returns the run, begun or gone on with, `make` being what learns (from answers, unless it says otherwise); its folder holds the adapter, its card, every step's loss, measurements and a plot.

    Raises:
        InputError: the set is too small, or the folder holds another run. ModelError: the base can't be tuned.
        WorkspaceError: the disk is full; what was kept before is whole.
    """
    checked(train_rows, job.task)
    before = identity(job.base)
    begun = bound(job.out, _bindings(job, before))
    run = (make or AnswerRun)(
        job, *open_base(job.base, _dtype(job.setting), four_bits=job.setting.quantise == "nf4"), train_rows, valid, say
    )
    if begun:
        run.go_on()
    run.train(progress)
    run.finish(before)
    return Trained(job.out / ADAPTER, run.standing, before, identity(job.base), run.left_out)


def checked(rows: Sequence[Row], task: Task) -> None:
    """Checks that something can be learned from rows.

    Raises:
        InputError: there are too few, or all have the same answer.
    """
    if len(rows) < FEWEST:
        raise InputError(
            f"The set has {len(rows)} training rows, and nothing is learned from fewer than {FEWEST}.",
            "Build a larger one: convrec finetune build --messages N.",
        )
    if len({row.answer for row in rows}) == 1:
        raise InputError(
            "Every row of the set has the same answer, so there is nothing to tell apart.",
            "Build a set whose rows differ.",
        )
    strangers = {row.task for row in rows} - {task}
    if strangers:
        raise InputError(f"The set is of the task {min(strangers)}, not {task}.", "Name the set of that task.")


def _bindings(job: Job, base: Identity) -> dict[str, Any]:
    return {
        "task": job.task, "base": base.weights, "tokenizer": base.tokenizer, "template": base.template, "set": set_hash(job.rows), "setting": job.setting.hashed(),
        "prompt": settings_hash(job.task),
    }  # fmt: skip


def _dtype(setting: TrainSetting) -> str:
    import torch

    if setting.dtype != "auto":
        return setting.dtype
    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


class Run(ABC, Generic[Unit]):
    """One run in memory; a unit is what a step learns from several of."""

    def __init__(
        self,
        job: Job,
        loaded: Loaded,
        template: Template,
        rows: Sequence[Row],
        valid: Sequence[Row],
        say: Callable[[str], object],
    ) -> None:
        from accelerate import Accelerator

        setting = job.setting
        self.job, self.setting, self.template = job, setting, template
        self.standing = Standing()
        longest = min(setting.longest, loaded.window)
        self.left_out = self._prepare(template, rows, longest)
        if self._size() < FEWEST:
            raise InputError(
                f"All but {self._size()} rows of the set are longer than {longest} tokens, which is what the base reads.",
                "Take a base with a larger window, or shorter rows.",
            )
        if loaded.tokenizer.pad_token_id is None:
            say(
                "The base has no pad token; rows are packed, so none is needed, and its end token stands in where answers are measured."
            )
        if self.left_out:
            say(f"{self.left_out} rows are longer than {longest} tokens and are left out.")
        self.valid = list(valid)[: setting.measure]
        self.steps_an_epoch = max(math.ceil(len(self._epoch(0)) / setting.rows), 1)
        self.steps = max(round(self.steps_an_epoch * setting.epochs), 1)
        if setting.checkpointing:
            loaded.model.gradient_checkpointing_enable({"use_reentrant": False})
            loaded.model.enable_input_require_grads()
        self.loaded = replace(loaded, model=adapted(loaded.model, setting))
        learned = [weight for weight in self.loaded.model.parameters() if weight.requires_grad]
        import torch

        optimiser = torch.optim.AdamW(learned, lr=setting.rate, betas=(0.9, 0.95), weight_decay=setting.decay)
        self.accelerator = Accelerator(cpu=loaded.model.device.type == "cpu")
        self.model, self.optimiser = self.accelerator.prepare(self.loaded.model, optimiser)
        self.best: dict[str, Any] | None = None

    def go_on(self) -> None:
        """Takes up where the run stood when it was last kept."""
        import torch
        from peft import set_peft_model_state_dict

        self.standing, parts = kept(self.job.out)
        set_peft_model_state_dict(self.loaded.model, parts["adapter"])
        self.optimiser.load_state_dict(parts["optimiser"])
        self.best = parts["best"] or None
        torch.set_rng_state(parts["chance"])

    def train(self, progress: Progress) -> None:
        """Trains until the last step, or until nothing has become better for a while."""
        self.model.train()
        began, spent = time.monotonic(), self.standing.seconds
        for step, rows in self._steps():
            loss = self._step(step, rows)
            self.standing.losses.append(loss)
            self.standing.step = step + 1
            progress("training", step + 1, self.steps)
            if (step + 1) % self.setting.measure_every == 0 or step + 1 == self.steps:
                self._measure(step + 1, progress)
            self.standing.seconds = spent + time.monotonic() - began
            if (step + 1) % self.setting.save_every == 0 or step + 1 == self.steps:
                self._keep()
            if self.standing.since_best >= self.setting.patience:
                self._keep()
                return

    @abstractmethod
    def _prepare(self, template: Template, rows: Sequence[Row], longest: int) -> int:
        """Reads the rows as tokens; returns how many were left out as too long."""

    @abstractmethod
    def _size(self) -> int:
        """Returns how many rows are learned from."""

    @abstractmethod
    def _epoch(self, number: int) -> list[Unit]:
        """Returns an epoch's units, in an order that its number and the seed decide."""

    def _weight(self, batch: Sequence[Unit]) -> int:
        """Returns what a step's loss is a mean over."""
        return len(batch)

    @abstractmethod
    def _losses(self, batch: Sequence[Unit], weight: int) -> Iterator[torch.Tensor]:
        """Yields the parts of a step's loss that this process's units have in a mean over `weight`."""

    def _steps(self) -> Iterator[tuple[int, list[Unit]]]:
        """Yields the steps that are left, each with its units."""
        if self.standing.since_best >= self.setting.patience:
            return
        rows: list[Unit] = []
        epoch = -1
        for step in range(self.standing.step, self.steps):
            number, place = divmod(step, self.steps_an_epoch)
            if number != epoch:
                rows, epoch = self._epoch(number), number
            yield step, rows[place * self.setting.rows : (place + 1) * self.setting.rows] or rows[-self.setting.rows :]

    def _step(self, step: int, rows: Sequence[Unit]) -> float:
        import torch

        for group in self.optimiser.param_groups:
            group["lr"] = self.setting.rate * rate_share(step, self.steps, self.setting.warm_up)
        processes = self.accelerator.num_processes
        mine, counted = dealt(rows, self.accelerator.process_index, processes)
        said_loss = 0.0
        for place, loss in enumerate(self._losses(mine, self._weight(rows))):
            share = loss if place < counted else loss * 0.0
            self.accelerator.backward(share * processes)
            said_loss += float(share.detach())
        self.accelerator.clip_grad_norm_(
            [weight for weight in self.model.parameters() if weight.requires_grad], self.setting.clip
        )
        self.optimiser.step()
        self.optimiser.zero_grad()
        whole = self.accelerator.reduce(torch.tensor(said_loss, device=self.accelerator.device), "sum")
        return float(whole)

    def _measure(self, step: int, progress: Progress) -> None:
        """Measures on held-out rows, and keeps the adapter where it is the best so far."""
        if not self.valid:
            self.best = tensors_of(self.loaded.model)
            return
        self.model.eval()
        found = measured(self.loaded, self.template, self.valid, progress)
        self.model.train()
        value = found[MAIN[self.job.task]]
        self.standing.measured.append({"step": float(step), **found})
        if value > self.standing.best:
            self.standing.best, self.standing.since_best = value, 0
            self.best = {name: tensor.clone() for name, tensor in tensors_of(self.loaded.model).items()}
        else:
            self.standing.since_best += 1

    def _keep(self) -> None:
        import torch

        parts = {
            "adapter": tensors_of(self.loaded.model),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best or {},
            "chance": torch.get_rng_state(),
        }
        if self.accelerator.is_main_process:
            keep(self.job.out, self.standing, parts)

    def finish(self, before: Identity) -> None:
        """Writes the adapter that was best, its card, the measurements and a plot; of several processes the first one does."""
        if not self.accelerator.is_main_process:
            return
        folder = self.job.out / ADAPTER
        write_adapter(self.loaded.model, folder, self.job.base.resolve(), self.best)
        card = {
            **_bindings(self.job, before), "base_revision": before.revision, "base_folder": str(self.job.base.resolve()), "rank": self.setting.rank,
            "settings": self.setting.model_dump(), "rows": self._size(), "steps": self.standing.step, "measured": self.standing.measured[-1:],
        }  # fmt: skip
        standing = asdict(self.standing)
        with disk_errors(self.job.out):
            for path, document in ((folder / CARD, card), (self.job.out / METRICS, standing)):
                with new_file(path) as unfinished:
                    unfinished.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
            curve(self.standing, MAIN[self.job.task], self.job.out / "training.svg")


class AnswerRun(Run[Packed]):
    """A run on answers: packed rows, the assistant's tokens alone."""

    def _prepare(self, template: Template, rows: Sequence[Row], longest: int) -> int:
        chats = encoded(template, rows)
        self._chats = [chat for chat in chats if len(chat.ids) <= longest]
        self._beginning = shared(self._chats)
        return len(chats) - len(self._chats)

    def _size(self) -> int:
        return len(self._chats)

    def _epoch(self, number: int) -> list[Packed]:
        chats = list(self._chats)
        Random(f"{self.setting.seed}/{number}").shuffle(chats)
        return packed(chats, self._beginning, max(self.setting.row, self._beginning + 64))

    def _weight(self, batch: Sequence[Packed]) -> int:
        return sum(row.n_learned for row in batch)

    def _losses(self, batch: Sequence[Packed], weight: int) -> Iterator[torch.Tensor]:
        for row in batch:
            yield loss_of(self.model, row, weight)


def dealt(units: Sequence[Unit], process: int, processes: int) -> tuple[list[Unit], int]:
    """Returns a process's units of a step, and how many of them count. All processes have as many, for they wait for each other at each: who would
    have fewer takes the step's first one once more, for nothing.
    """
    own = list(units[process::processes])
    return own + list(units[:1]) * (-(-len(units) // processes) - len(own)), len(own)


def rate_share(step: int, steps: int, warm_up: float) -> float:
    """Returns the learning rate's share of its peak: a rise, then half a cosine to a twentieth."""
    rise = max(round(steps * warm_up), 1)
    if step < rise:
        return (step + 1) / rise
    over = (step - rise) / max(steps - rise, 1)
    return 0.05 + 0.95 * (1 + math.cos(math.pi * over)) / 2


def room_for(template: Template, rows: Sequence[Row]) -> int:
    """Returns how many tokens an answer to rows is heard for: what it may have at run time, but no more than twice the longest right one."""
    return min(answer_tokens(rows[0].task), 2 * max(len(template.tokens(row.answer)) for row in rows))


def measured(loaded: Loaded, template: Template, rows: Sequence[Row], progress: Progress = silent) -> dict[str, float]:
    """Returns a model's figures over rows, answered greedily and unguided."""
    answers = said(loaded, [template.prompt(row.messages) for row in rows], room_for(template, rows), progress)
    return figures([parts_of(row, answer.text) for row, answer in zip(rows, answers, strict=True)])


def encoded(template: Template, rows: Sequence[Row]) -> list[Encoded]:
    """Returns rows as tokens."""
    return [template.encode((*row.messages, ChatMessage(role="assistant", content=row.answer))) for row in rows]
