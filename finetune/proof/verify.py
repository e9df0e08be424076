"""Whether what is served is what was trained: fixed prompts, answered by transformers as in training and by the server, token by token."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from convrec.core.errors import ModelError
from convrec.core.progress import Progress, silent
from convrec.finetune.proof.answers import Said, said
from convrec.finetune.sets.rows import Row, Task, settings_hash
from convrec.finetune.tuning.base import Identity, identity
from convrec.finetune.tuning.lora import checked_adapter
from convrec.finetune.tuning.messages import Template
from convrec.finetune.tuning.train import CARD, answer_tokens

PROMPTS = 50
LEAST_AGREEMENT = 0.99
MOST_DISTANCE = 0.05
"""Mean difference of the log probabilities of tokens that both chose, in nats."""

Ask = Callable[[Sequence[tuple[str, str]], int], Said]
"""Asks a served model: messages `(role, text)` and how many tokens an answer may have."""


@dataclass(frozen=True)
class Verified:
    """How far a served adapter is from the trained one: share of tokens that are the same, place by place; mean difference of log probabilities."""

    prompts: int
    tokens: int
    token_agreement: float
    same_answers: float
    logprob_distance: float
    served_by: str

    @property
    def holds(self) -> bool:
        """Tells whether it is the same adapter."""
        return self.token_agreement >= LEAST_AGREEMENT and self.logprob_distance <= MOST_DISTANCE

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {**asdict(self), "holds": self.holds, "least_agreement": LEAST_AGREEMENT, "most_distance": MOST_DISTANCE}


def checked_card(adapter: Path, base: Path, task: Task) -> dict[str, Any]:
    """Returns an adapter's card, where it is this base's and was trained on the prompt that is sent now.

    Raises:
        ModelError: it has none, is another base's, or another prompt's.
    """
    checked_adapter(adapter)
    try:
        card: dict[str, Any] = json.loads((adapter / CARD).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"The adapter `{adapter}` has no {CARD}, so nothing says what it was trained on.",
            "Train it with convrec finetune train.",
        ) from error
    except ValueError as error:
        raise ModelError(f"{adapter / CARD} is damaged.", "Train the adapter anew.") from error
    known: Identity = identity(base)
    for key, value, name in (
        ("base", known.weights, "weights"),
        ("tokenizer", known.tokenizer, "tokenizer"),
        ("template", known.template, "chat template"),
    ):
        if card.get(key) != value:
            raise ModelError(
                f"The adapter `{adapter}` was trained on another base: the {name} of `{base}` differ from those on its card ({card.get('base_revision')}).",
                "Name the base that it was trained on, or train it anew.",
            )
    if card.get("task") != task:
        raise ModelError(
            f"The adapter `{adapter}` was trained for {card.get('task')}, not for {task}.",
            f"Name --task {card.get('task')}.",
        )
    if card.get("prompt") != settings_hash(task):
        raise ModelError(
            f"The adapter `{adapter}` was trained on another wording of the prompt {task} than is sent now.",
            "Build the set and train anew.",
        )
    return card


def verify(
    adapter: Path,
    base: Path,
    rows: Sequence[Row],
    task: Task,
    ask: Ask,
    served_by: str,
    *,
    dtype: str = "auto",
    progress: Progress = silent,
) -> Verified:
    """Returns how a served adapter compares with the trained one, on the first rows of a fixed choice.

    Raises:
        ModelError: what `checked_card` raises, or the server does not answer.
    """
    from convrec.agent.llm.loading import load

    checked_card(adapter, base, task)
    chosen = fixed_prompts(rows)
    loaded = load(str(base), str(adapter), dtype=dtype)
    template = Template(loaded.tokenizer)
    most = answer_tokens(task)
    prompts = [template.prompt(row.messages) for row in chosen]
    trained = said(loaded, prompts, most, progress, at_once=1)
    served = []
    for number, (row, prompt) in enumerate(zip(chosen, prompts, strict=True), 1):
        sent = [(message.role, message.content) for message in row.messages]
        served.append(ask(sent, max(min(most, loaded.window - len(prompt)), 1)))
        progress("asking the server", number, len(chosen))
    pairs = [
        (one if other.logprobs else _read_again(one, template), other)
        for one, other in zip(trained, served, strict=True)
    ]
    return compared([one for one, _ in pairs], served, served_by)


def _read_again(one: Said, template: Template) -> Said:
    """Returns an answer with the tokens that its text is read as, for whoever tells text alone."""
    return replace(one, ids=tuple(template.tokens(one.text)))


def fixed_prompts(rows: Sequence[Row]) -> list[Row]:
    """Returns the rows whose prompts are compared: evenly spread over those held out, the same ones each time."""
    step = max(len(rows) // PROMPTS, 1)
    return list(rows[::step][:PROMPTS])


def compared(trained: Sequence[Said], served: Sequence[Said], served_by: str) -> Verified:
    """Returns how answers to the same prompts compare."""
    same = total = whole = 0
    apart: list[float] = []
    for one, other in zip(trained, served, strict=True):
        total += max(len(one.ids), len(other.ids))
        whole += one.ids == other.ids
        for mine, theirs, likely, told in zip(one.ids, other.ids, one.logprobs, other.logprobs, strict=False):
            if mine != theirs:
                break
            apart.append(abs(likely - told))
        same += sum(mine == theirs for mine, theirs in zip(one.ids, other.ids, strict=False))
    return Verified(
        len(trained),
        total,
        same / total if total else 1.0,
        whole / max(len(trained), 1),
        sum(apart) / len(apart) if apart else 0.0,
        served_by,
    )
