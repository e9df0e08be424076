"""Weights in 8 bits, to be shipped: half of their size in bfloat16. They are restored before they are used."""

import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from convrec.agent.llm.packed import SCALE, is_packed, read_packed
from convrec.finetune.pretraining.checkpoint import shards_of

_KEPT = ("config.json", "tokenizer.json", "tokenizer_config.json")
_SHARD_BYTES = 16 * 1024 * 1024


def packed(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns the weights with each matrix `(n, m)` as 8-bit whole numbers and a scale a row, `(n,)` in 16 bits; the rest as it is.

    Symmetric and rounded to the nearest, so a number moves by at most half of a 127th of the largest of its row.
    """
    found: dict[str, Tensor] = {}
    for name, weight in weights.items():
        if weight.dim() != 2:
            found[name] = weight
            continue
        scale = (weight.float().abs().amax(1) / 127).clamp(min=1e-7).half()
        found[name] = (weight.float() / scale.float()[:, None]).round().clamp(-127, 127).to(torch.int8)
        found[name + SCALE] = scale
    return found


def pack(model: Path, out: Path) -> None:
    """Writes a model's folder with its weights packed, in files of at most 16 MiB."""
    tensors = packed(_weights(model))
    parts = shards_of(tensors, _SHARD_BYTES)
    _copied(model, out)
    for number, part in enumerate(parts, 1):
        save_file(part, out / f"packed-{number}-of-{len(parts)}.safetensors")


def unpack(folder: Path, out: Path) -> None:
    """Writes a folder that transformers, peft and vLLM load, from a packed one.

    Raises:
        FileNotFoundError: the folder holds no weights in 8 bits.
    """
    if not is_packed(folder):
        raise FileNotFoundError(f"{folder} holds no weights in 8 bits.")
    _copied(folder, out)
    save_file(read_packed(folder), out / "model.safetensors", metadata={"format": "pt"})


def _weights(folder: Path) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for path in sorted(folder.glob("*.safetensors")):
        found |= load_file(path)
    if not found:
        raise FileNotFoundError(f"{folder} holds no weights.")
    return found


def _copied(source: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for name in _KEPT:
        shutil.copyfile(source / name, out / name)
