"""What one turn may spend on a model, what it has spent, and what was done without it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from convrec.agent.llm.failures import Failure, ModelFailure
from convrec.core.reply import Usage
from convrec.core.settings import Llm

_PER = 1_000_000  # tokens that a price is for


@dataclass
class Budget:
    """One turn's calls, seconds and tokens. `failures` holds, by step, why the model did not serve it; `served` the steps that it did; `malformed`
    counts answers that were not what was asked for, those that were mended among them.
    """

    settings: Llm
    now: Callable[[], float] = time.monotonic
    calls: int = 0
    repeated: int = 0
    malformed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    reserved: int = 0
    failures: dict[str, Failure] = field(default_factory=dict)
    served: set[str] = field(default_factory=set)
    ends: float = 0.0

    def __post_init__(self) -> None:
        self.ends = self.now() + self.settings.timeout_s

    @property
    def left_s(self) -> float:
        """Seconds that the turn may still wait for the model."""
        return self.ends - self.now()

    def calls_left(self) -> int:
        """Returns how many requests may still be sent, those kept for later steps not among them."""
        return self.settings.max_calls_per_turn - self.calls - self.reserved

    def spend_call(self) -> None:
        """Counts a request that is about to be sent.

        Raises:
            ModelFailure: `spent` where none is left, `timeout` where no time is.
        """
        if self.calls_left() <= 0:
            raise ModelFailure("spent")
        if self.left_s <= 0:
            raise ModelFailure("timeout")
        self.calls += 1

    def count(self, tokens: Mapping[str, int] | None) -> None:
        """Counts the tokens that an answer reports."""
        if tokens:
            self.prompt_tokens += int(tokens.get("input_tokens", 0))
            self.completion_tokens += int(tokens.get("output_tokens", 0))

    def fell_back(self, step: str, failure: ModelFailure) -> None:
        """Notes that a step was done without the model."""
        self.failures.setdefault(step, failure.kind)

    @property
    def fallback(self) -> str | None:
        """Returns what a reply says of it: `understand: timeout; explain: spent`; None where the model served every step that it was asked to."""
        return "; ".join(f"{step}: {kind}" for step, kind in self.failures.items()) or None

    @property
    def usage(self) -> Usage:
        """Returns what was spent."""
        cost = (self.prompt_tokens * self.settings.price_in + self.completion_tokens * self.settings.price_out) / _PER
        return Usage(
            llm_calls=self.calls, repeated=self.repeated, prompt_tokens=self.prompt_tokens, completion_tokens=self.completion_tokens, cost=round(cost, 9)
        )  # fmt: skip
