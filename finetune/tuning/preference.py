"""Direct preference optimisation of an adapter: what is to be said becomes likelier than what is not, measured against the base.

Rafailov et al. 2023, "Direct Preference Optimization", eq. 7; the base with its adapter switched off is the reference. An own step: TRL would
bring a trainer, a library of data sets and a second way of reading chats for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import TYPE_CHECKING

from convrec.core.errors import InputError
from convrec.finetune.sets.rows import ChatMessage, Row
from convrec.finetune.tuning.forward import logprobs_of
from convrec.finetune.tuning.packing import Packed, packed
from convrec.finetune.tuning.train import Job, Run

if TYPE_CHECKING:
    import torch

    from convrec.agent.llm.loading import Loaded
    from convrec.finetune.tuning.messages import Template

Pair = tuple[Packed, Packed]


class PairRun(Run[Pair]):
    """A run on pairs; a step's loss is the mean over its pairs."""

    def __init__(
        self,
        job: Job,
        loaded: Loaded,
        template: Template,
        rows: Sequence[Row],
        valid: Sequence[Row],
        say: Callable[[str], object],
    ) -> None:
        lacking = next((row for row in rows if not row.rejected), None)
        if lacking is not None:
            raise InputError(
                f"Row {lacking.id} has nothing to turn down, and preferences are learned from pairs.",
                "Build the set anew: --task preference.",
            )
        self._pairs: dict[int, Pair] = {}
        super().__init__(job, loaded, template, rows, valid, say)

    def _prepare(self, template: Template, rows: Sequence[Row], longest: int) -> int:
        """Reads the pairs; returns how many were left out as too long."""
        for row in rows:
            said = [
                template.encode((*row.messages, ChatMessage(role="assistant", content=text)))
                for text in (row.answer, row.rejected)
            ]
            if max(len(chat.ids) for chat in said) <= longest:
                chosen, rejected = (packed([chat], 0, longest)[0] for chat in said)
                self._pairs[len(self._pairs)] = (chosen, rejected)
        return len(rows) - len(self._pairs)

    def _size(self) -> int:
        return len(self._pairs)

    def _epoch(self, number: int) -> list[Pair]:
        order = list(self._pairs)
        Random(f"{self.setting.seed}/{number}").shuffle(order)
        return [self._pairs[place] for place in order]

    def _losses(self, batch: Sequence[Pair], weight: int) -> Iterator[torch.Tensor]:
        """Yields each pair's part in the loss: `-log sigmoid(beta ((log p - log p_ref)(chosen) - (log p - log p_ref)(rejected)))`."""
        import torch

        for chosen, rejected in batch:
            gained = [logprobs_of(self.model, row).sum() - self._reference(row) for row in (chosen, rejected)]
            yield -torch.nn.functional.logsigmoid(self.setting.beta * (gained[0] - gained[1])) / weight

    def _reference(self, row: Packed) -> torch.Tensor:
        import torch

        with torch.no_grad(), self.loaded.model.disable_adapter():
            return logprobs_of(self.model, row).sum()
