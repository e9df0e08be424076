"""What a run would take, from the base's `config.json` and a measurement of this machine: no weights are read."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from convrec.finetune.tuning.setting import TrainSetting

_BYTES = {"float32": 4, "bfloat16": 2, "auto": 4}  # auto is settled before where there is a GPU
_KEPT, _KEPT_INNER = (
    36,
    4,
)  # numbers of the width, and of the inner width, of a layer that are held of each token until backward
_KEPT_LOGITS = (
    4  # bytes a token and word of the vocabulary: a third of the tokens is learned, in three copies of 4 bytes
)
_EFFICIENCY = 0.4  # of what a plain product of matrices reaches
_SIDE = 1024


@dataclass(frozen=True)
class Estimate:
    """Parameters of the base and of the adapter, bytes while training, floating-point operations, and seconds on this machine."""

    base_parameters: int
    adapter_parameters: int
    weights_bytes: int
    adapter_bytes: int
    activation_bytes: int
    operations: float
    seconds: float

    @property
    def memory_bytes(self) -> int:
        """Returns all bytes together."""
        return self.weights_bytes + self.adapter_bytes + self.activation_bytes

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {**asdict(self), "memory_bytes": self.memory_bytes}


def estimate(
    config: Mapping[str, Any], setting: TrainSetting, tokens: int, per_second: float | None = None
) -> Estimate:
    """Returns what training on so many tokens an epoch takes; `per_second` are the device's operations, this machine's, measured, unless given.

    It is rough: memory within a half of a step's peak, time within a factor of three (`tests/finetune/test_estimate.py` holds it to that).
    """
    width, layers, vocabulary = int(config["hidden_size"]), int(config["num_hidden_layers"]), int(config["vocab_size"])
    inner = int(config.get("intermediate_size", 4 * width))
    heads = int(config.get("num_attention_heads", 1))
    head = int(config.get("head_dim") or width // heads)
    keys = head * int(config.get("num_key_value_heads", heads))
    shapes = [
        (width, head * heads),
        (width, keys),
        (width, keys),
        (head * heads, width),
        (width, inner),
        (width, inner),
        (inner, width),
    ]
    layer = sum(n * m for n, m in shapes)
    tables = vocabulary * width * (1 if config.get("tie_word_embeddings") else 2)
    base, adapter = layers * layer + tables, layers * setting.rank * sum(n + m for n, m in shapes)
    size = _BYTES[setting.dtype]
    weights = int(layers * layer * (0.55 if setting.quantise == "nf4" else size)) + tables * size
    a_layer = _KEPT * width + _KEPT_INNER * inner
    kept = 2 * layers * width + a_layer if setting.checkpointing else layers * a_layer
    mask = setting.row * (size + 1)
    activations = setting.row * (kept * size + mask + _KEPT_LOGITS * vocabulary)
    passes = (
        5.3 if setting.checkpointing else 4.0
    )  # forward 2, backward to the inputs 2, the first once more with checkpointing
    attention = 2 * layers * setting.row * head * heads
    operations = passes * tokens * setting.epochs * (layers * layer + vocabulary * width + attention)
    return Estimate(
        base,
        adapter,
        weights,
        adapter * 16,
        activations,
        operations,
        operations / ((per_second or measured_speed()) * _EFFICIENCY),
    )


def measured_speed() -> float:
    """Returns the floating-point operations a second of a product of matrices on this machine's best device."""
    import torch

    cuda = torch.cuda.is_available()
    one = torch.randn(_SIDE, _SIDE, device="cuda" if cuda else "cpu", dtype=torch.bfloat16 if cuda else torch.float32)
    one @ one
    began, n = time.perf_counter(), 0
    while n < 5 or time.perf_counter() - began < 0.2:
        one @ one
        n += 1
        if cuda:
            torch.cuda.synchronize()
    return 2.0 * n * _SIDE**3 / (time.perf_counter() - began)
