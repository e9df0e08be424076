"""Weights of a language model in 8 bits, as models/own ships them, back in the form in which they are used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SCALE = ".scale"
PATTERN = "packed-*.safetensors"


def is_packed(folder: Path) -> bool:
    """Tells whether a model's folder holds its weights in 8 bits."""
    return any(folder.glob(PATTERN))


def read_packed(folder: Path) -> dict[str, Tensor]:
    """Returns the weights of a folder, in bfloat16, by their names: matrices `(n, m)` lie in 8 bits with a scale a row, `(n,)`; the rest as it is."""
    from safetensors.torch import load_file

    tensors = {name: tensor for path in sorted(folder.glob(PATTERN)) for name, tensor in load_file(path).items()}
    return {
        name: (tensor.float() * tensors[name + SCALE].float()[:, None]).bfloat16()
        if name + SCALE in tensors
        else tensor
        for name, tensor in tensors.items()
        if not name.endswith(SCALE)
    }
