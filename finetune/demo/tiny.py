"""A base made from nothing: a tokenizer and a Llama of less than a million parameters that has read for some minutes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from convrec.core.progress import Progress, silent
from convrec.finetune.tuning.packing import NOT_LEARNED

if TYPE_CHECKING:
    import torch
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ("<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ '<|begin|>' }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
_PIECES = (
    r"\"(?:, \"(?:polarity|strength|scope)\": (?:-?1|\"[a-z]+\"))*, \"quote\": \"|[\"\]}]*, \{?\"[a-z_]+\": [\[{\"]*|[\"\]}]+, [\[{]?\"|\{\"[a-z_]+\": [\[{\"]*"
    r"|[a-z_]+\": [\[{\"]*|[\"\]}]+| ?[A-Za-z]+| ?[0-9]+|\s+| ?[^\sA-Za-z0-9\"\]}]+"
)
"""What may become one token: what stands between two values of a JSON document, a word, a number, marks."""


@dataclass(frozen=True)
class Text:
    """A text of which the beginning, if something is `given`, is only read, and the rest is learned."""

    given: str
    said: str


class Reading(Protocol):
    """What a base reads."""

    def texts(self, seed: int, n_early: int = 0) -> Iterator[Text]:
        """Yields texts without end, the same ones for the same seed; so many early ones teach to copy above all."""
        ...

    def spelt(self) -> Iterator[str]:
        """Yields what the tokenizer is to know beside the texts."""
        ...


@dataclass(frozen=True)
class TinySetting:
    """Sizes and steps of a tiny base."""

    vocabulary: int = 2048
    width: int = 128
    inner: int = 384
    layers: int = 4
    heads: int = 4
    shared_heads: int = 2
    context: int = 4096
    row: int = 512
    rows: int = 3
    rate: float = 4e-3
    steps: int = 1800
    minutes: float = 12.0
    seed: int = 0


def write_tiny(
    folder: Path, reading: Reading, prompts: Sequence[str], setting: TinySetting, progress: Progress = silent
) -> dict[str, float]:
    """Writes a base that transformers, peft and vLLM load; returns how it was trained: steps, tokens, first and last loss.

    `prompts` are what will be asked of it, by which its tokenizer is made too.
    """
    tokenizer = make_tokenizer(reading, prompts, setting)
    model = make_model(tokenizer, setting)
    told = pretrain(model, tokenizer, reading, setting, progress)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return told


def make_tokenizer(reading: Reading, prompts: Sequence[str], setting: TinySetting) -> PreTrainedTokenizerFast:
    """Returns a byte-level BPE tokenizer of the texts and the prompts, with a chat template."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    pieces: Tokenizer = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    pieces.decoder = decoders.ByteLevel()
    read = [
        *(text.given + text.said for text in islice(reading.texts(setting.seed + 1), 1_000)),
        *(prompt for prompt in prompts for _ in range(20)),
    ]
    read += reading.spelt()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=setting.vocabulary, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    pieces.train_from_iterator(read, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2], chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False, model_max_length=setting.context, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def make_model(tokenizer: PreTrainedTokenizerFast, setting: TinySetting) -> LlamaForCausalLM:
    """Returns a Llama with weights by chance."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(setting.seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=setting.width, intermediate_size=setting.inner, num_hidden_layers=setting.layers,
            num_attention_heads=setting.heads, num_key_value_heads=setting.shared_heads, max_position_embeddings=setting.context,
            tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        )
    )  # fmt: skip


def pretrain(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    reading: Reading,
    setting: TinySetting,
    progress: Progress = silent,
) -> dict[str, float]:
    """Trains a model on texts for so many steps, fewer where they'd take more than so many minutes; returns steps, tokens, first and last loss."""
    import torch

    optimisers = _optimisers(model, setting)
    losses: list[float] = []
    began, n_tokens = time.monotonic(), 0
    model.train()
    for ids, labels in _batches(tokenizer, reading, setting):
        share = max(len(losses) / setting.steps, (time.monotonic() - began) / 60 / setting.minutes)
        if share >= 1:
            break
        for optimiser in optimisers:
            for group in optimiser.param_groups:
                group["lr"] = group["peak"] * min(1.0, len(losses) / 40 + 0.02, (1 - share) / 0.4)
        loss = model(input_ids=ids, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in optimisers:
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        losses.append(float(loss.detach()))
        n_tokens += ids.numel()
        progress("reading", len(losses), setting.steps)
    last = losses[-20:]
    return {"steps": len(losses), "tokens": n_tokens, "first_loss": losses[0], "last_loss": sum(last) / len(last)}


def _optimisers(model: LlamaForCausalLM, setting: TinySetting) -> list[Any]:
    import torch

    matrices = [weight for name, weight in model.named_parameters() if weight.ndim == 2 and "embed" not in name]
    others = [weight for name, weight in model.named_parameters() if weight.ndim != 2 or "embed" in name]
    found = [
        torch.optim.Muon(
            matrices, lr=setting.rate, weight_decay=0.02, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=setting.rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]
    for optimiser in found:
        for group in optimiser.param_groups:
            group["peak"] = group["lr"]
    return found


def _batches(
    tokenizer: PreTrainedTokenizerFast, reading: Reading, setting: TinySetting
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yields rows of token ids and of what is learned `(rows, row)`, texts one after the other: what went before distracts, as a long prompt will."""
    import torch

    drawn = reading.texts(setting.seed, n_early=setting.steps * setting.rows * setting.row // 400)
    held: list[tuple[int, int]] = []
    size = setting.rows * setting.row
    while True:
        while len(held) < size:
            held += _tokens(tokenizer, next(drawn))
        ids, labels = torch.tensor(held[:size]).view(setting.rows, setting.row, 2).unbind(-1)
        yield ids, labels
        held = held[size:]


def _tokens(tokenizer: PreTrainedTokenizerFast, text: Text) -> list[tuple[int, int]]:
    """Returns a text's tokens with marks around them, each with what is learned of it."""
    given, said = (tokenizer(part, add_special_tokens=False)["input_ids"] for part in (text.given, text.said))
    learned = [*said, tokenizer.eos_token_id]
    unlearned = [tokenizer.bos_token_id, *given]
    labels = unlearned if not given else [NOT_LEARNED] * len(unlearned)
    return [*zip(unlearned, labels, strict=True), *zip(learned, learned, strict=True)]
