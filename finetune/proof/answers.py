"""Answers of a model in this process to many prompts: greedy, unguided, several at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convrec.core.progress import Progress, silent

if TYPE_CHECKING:
    from convrec.agent.llm.loading import Loaded

_AT_ONCE = 16


@dataclass(frozen=True)
class Said:
    """An answer: its text, its token ids (the one that ends it left out), the log probability of each, and the milliseconds it took."""

    text: str
    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    ms: float


def said(
    loaded: Loaded, prompts: Sequence[Sequence[int]], most: int, progress: Progress = silent, at_once: int = _AT_ONCE
) -> list[Said]:
    """Returns a model's answers to prompts of token ids, of at most so many tokens each; prompts of like length are answered together."""
    order = sorted(range(len(prompts)), key=lambda place: len(prompts[place]))
    found: dict[int, Said] = {}
    for start in range(0, len(order), at_once):
        places = order[start : start + at_once]
        found |= dict(zip(places, _together(loaded, [prompts[place] for place in places], most), strict=True))
        progress("answering", len(found), len(prompts))
    return [found[place] for place in range(len(prompts))]


def _together(loaded: Loaded, prompts: Sequence[Sequence[int]], most: int) -> Iterator[Said]:
    import torch

    pad = loaded.tokenizer.pad_token_id
    pad = min(loaded.ends) if pad is None else pad
    width = max(map(len, prompts))
    ids = torch.tensor([[pad] * (width - len(prompt)) + list(prompt) for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    began, device = time.perf_counter(), loaded.model.device
    with torch.inference_mode():
        answer = loaded.model.generate(
            input_ids=ids.to(device), attention_mask=mask.to(device), max_new_tokens=max(min(most, loaded.window - width), 1), do_sample=False, num_beams=1,
            eos_token_id=sorted(loaded.ends), pad_token_id=pad, return_dict_in_generate=True, output_logits=True,
        )  # fmt: skip
    ms = (time.perf_counter() - began) * 1000 / len(prompts)
    chosen = answer.sequences[:, width:]
    chances = torch.stack(
        [
            torch.log_softmax(step.float(), -1).gather(1, chosen[:, n : n + 1])[:, 0]
            for n, step in enumerate(answer.logits)
        ],
        1,
    )
    for tokens, likely in zip(chosen.tolist(), chances.tolist(), strict=True):
        end = next((n for n, token in enumerate(tokens) if token in loaded.ends), len(tokens))
        kept = tuple(tokens[:end])
        text = loaded.tokenizer.decode(kept, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        yield Said(str(text), kept, tuple(likely[:end]), ms)
