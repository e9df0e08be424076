"""One answer of a model in this process: tokens chosen one by one, heard as text, ended by the model, a stop, a limit or the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from transformers import LogitsProcessor, LogitsProcessorList, StoppingCriteria, StoppingCriteriaList

from convrec.agent.llm.guided import Guide
from convrec.agent.llm.loading import Loaded

Reason = Literal["stop", "length", "deadline", "cancelled"]
_BROKEN = "\ufffd"  # how a character of which bytes are missing is decoded


@dataclass(frozen=True)
class Limits:
    """How far an answer may go: tokens, words before which it ends, the moment (by `time.monotonic`) at which it ends, a caller's wish."""

    max_tokens: int
    stop: Sequence[str] = ()
    until: float | None = None
    cancelled: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Answer:
    """What a model said: the text, the tokens it took (one that ends the answer included), and what ended it."""

    text: str
    tokens: int
    reason: Reason


def generate(
    loaded: Loaded, prompt: torch.Tensor, limits: Limits, noise: Noise | None, guide: Guide | None, tell: Callable[[str], object]
) -> Answer:  # fmt: skip
    """Returns the answer to a prompt of token ids `(1, n)`; its text is told piece by piece meanwhile.

    Without noise each token is the likeliest one. The first token is chosen however late it is: reading the prompt is one step.
    """
    n_prompt = prompt.shape[1]
    listener = Listener(loaded, n_prompt, limits, tell)
    with torch.inference_mode():
        sequence = loaded.model.generate(
            input_ids=prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=limits.max_tokens, do_sample=False, num_beams=1,
            eos_token_id=sorted(loaded.ends), pad_token_id=loaded.tokenizer.pad_token_id or min(loaded.ends),
            logits_processor=LogitsProcessorList([step for step in (guide, noise) if step is not None]),
            stopping_criteria=StoppingCriteriaList([listener]),
        )  # fmt: skip
    return listener.finish(sequence[0, n_prompt:].tolist())


class Noise(LogitsProcessor):  # type: ignore[misc]  # transformers is untyped here
    """Makes the likeliest token one drawn at a temperature, by a chance of its own: other threads' seeds are left alone.

    Adding Gumbel noise and taking the largest draws from the softmax (Gumbel 1954; Maddison et al. 2014, A* sampling, eq. 2).
    """

    def __init__(self, temperature: float, seed: int) -> None:
        self._temperature, self._chance = temperature, torch.Generator().manual_seed(seed)

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Returns the scores `(1, n_tokens)` by the temperature, with noise."""
        drawn = torch.rand(scores.shape, generator=self._chance).clamp_min(1e-20)
        return scores / self._temperature - (-drawn.log()).log().to(scores.device)


class Listener(StoppingCriteria):  # type: ignore[misc]  # transformers is untyped here
    """Hears each token as it is chosen, tells what text is settled, and ends the answer."""

    def __init__(self, loaded: Loaded, n_prompt: int, limits: Limits, tell: Callable[[str], object]) -> None:
        self._loaded, self._n_prompt, self._limits, self._tell = loaded, n_prompt, limits, tell
        self._told, self._ended = 0, None

    _ended: Reason | None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_: Any) -> torch.Tensor:
        """Returns whether the answer ends here, `(1,)`."""
        if self._ended is None:
            text = self._text(input_ids[0, self._n_prompt :].tolist())
            cut = self._cut(text)
            self._say(cut if cut != text else settled(text, self._limits.stop))
            self._ended = self._reason(stopped=cut != text)
        return torch.full((1,), self._ended is not None, dtype=torch.bool, device=input_ids.device)

    def finish(self, ids: list[int]) -> Answer:
        """Tells what is left and returns the whole."""
        text = self._cut(self._text(ids))
        self._say(text)
        by_itself = bool(ids) and ids[-1] in self._loaded.ends
        return Answer(text, len(ids), "stop" if by_itself else self._ended or "length")

    def _text(self, ids: list[int]) -> str:
        return str(self._loaded.tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def _cut(self, text: str) -> str:
        places = [text.find(stop) for stop in self._limits.stop if stop in text]
        return text[: min(places)] if places else text

    def _reason(self, stopped: bool) -> Reason | None:
        if stopped:
            return "stop"
        if self._limits.cancelled():
            return "cancelled"
        return "deadline" if self._limits.until is not None and time.monotonic() >= self._limits.until else None

    def _say(self, text: str) -> None:
        if len(text) > self._told:
            self._tell(text[self._told :])
            self._told = len(text)


def settled(text: str, stop: Sequence[str]) -> str:
    """Returns what of a text no later token can change: no character of which bytes may be missing, no beginning of a stop."""
    text = text.rstrip(_BROKEN)
    held = max((n for word in stop for n in range(1, len(word)) if text.endswith(word[:n])), default=0)
    return text[: len(text) - held]
