"""A BERT encoder (Devlin et al. 2019) in a few lines of PyTorch, loaded from a folder in Hugging Face's format.

The same numbers as `transformers.BertModel` (to 1e-5), a third of the time to import and load.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from convrec.core.errors import InputError
from convrec.tools.storage import read_json

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Matrix = tuple[Tensor, Tensor]  # weight `(in, out)` and bias
    Norm = tuple[Tensor, Tensor]  # weight and bias

_MATRICES = ("attention.output.dense", "intermediate.dense", "output.dense")
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class Bert:
    """Word ids `(n, length)` in, hidden states `(n, length, width)` out; dropout off, gradients off.

    `words` `(n_pieces, width)` are the word pieces' own vectors. `adapter` are LoRA matrices by the encoder's own names: `X.lora_B @ X.lora_A` is added to `X.weight` (Hu et al. 2021, LoRA, eq. 3).
    `layers` keeps the first so many (None: all).
    """

    def __init__(
        self,
        folder: Path,
        dtype: torch.dtype,
        adapter: Mapping[str, Tensor] = MappingProxyType({}),
        layers: int | None = None,
    ) -> None:
        from safetensors.torch import load_file

        settings = _settings(folder)
        tensors = {
            name.removeprefix("bert."): tensor for name, tensor in load_file(folder / "model.safetensors").items()
        }
        for name, low in adapter.items():
            if name.endswith(".lora_A"):
                matrix = name.removesuffix(".lora_A")
                added = adapter[f"{matrix}.lora_B"].float() @ low.float()
                tensors[f"{matrix}.weight"] = tensors[f"{matrix}.weight"].float() + added
        self.width: int = settings["hidden_size"]
        self.max_tokens: int = settings["max_position_embeddings"]
        self._eps: float = settings["layer_norm_eps"]
        n_layers = layers or settings["num_hidden_layers"]
        kinds = tensors["embeddings.token_type_embeddings.weight"][0]
        self.words = tensors["embeddings.word_embeddings.weight"].to(dtype)
        self._places = (tensors["embeddings.position_embeddings.weight"] + kinds).to(dtype)
        self._norm = (
            tensors["embeddings.LayerNorm.weight"].to(dtype),
            tensors["embeddings.LayerNorm.bias"].to(dtype),
        )
        self._heads: int = settings["num_attention_heads"]
        self._layers = [_layer(tensors, number, dtype) for number in range(n_layers)]

    def __call__(self, ids: Tensor, padding: Tensor | None) -> Tensor:
        """Returns the last layer's hidden states; `padding` `(n, length)` is true where there is no word."""
        return self.states(ids, padding)[-1]

    def states(self, ids: Tensor, padding: Tensor | None) -> list[Tensor]:
        """Returns the hidden states below the first layer and above each, the last layer's last."""
        from torch.nn.functional import gelu, scaled_dot_product_attention

        n, length = ids.shape
        heard = None if padding is None else ~padding[:, None, None, :]
        hidden = self._normed(self.words[ids] + self._places[:length], self._norm).view(n * length, self.width)
        states = [hidden]
        for layer in self._layers:
            joined = _through(hidden, layer["attention.self"]).view(n, length, 3, self._heads, -1)
            query, key, value = joined.permute(2, 0, 3, 1, 4)
            found = scaled_dot_product_attention(query, key, value, heard).transpose(1, 2).reshape(hidden.shape)
            hidden = self._normed(
                hidden + _through(found, layer["attention.output.dense"]), layer["attention.output.LayerNorm"]
            )
            wide = gelu(_through(hidden, layer["intermediate.dense"]))
            hidden = self._normed(hidden + _through(wide, layer["output.dense"]), layer["output.LayerNorm"])
            states.append(hidden)
        return [state.view(n, length, self.width) for state in states]

    def _normed(self, hidden: Tensor, norm: Norm) -> Tensor:
        from torch.nn.functional import layer_norm

        return layer_norm(hidden, (self.width,), *norm, self._eps)


def _through(rows: Tensor, matrix: Matrix) -> Tensor:
    """Returns rows `(n, in)` through a matrix laid as `(in, out)`: for a few dozen rows a fifth faster than `linear`, whose matrix is laid the other way."""
    import torch

    weight, bias = matrix
    return torch.addmm(bias, rows, weight)


def _settings(folder: Path) -> dict[str, Any]:
    """Returns the model's `config.json`, checked to describe a BERT."""
    if not (folder / "config.json").exists() or not (folder / "model.safetensors").exists():
        raise InputError(
            f"{folder} holds no text encoder.", "Name a folder with config.json, model.safetensors and tokenizer.json."
        )
    settings: dict[str, Any] = read_json(folder / "config.json")
    if settings.get("model_type") != "bert" or settings.get("hidden_act") != "gelu":
        raise InputError(
            f"The encoder in {folder} is a {settings.get('model_type')}, not a BERT.",
            "Set `[models] encoder` to a BERT encoder.",
        )
    return settings


def _layer(tensors: Mapping[str, Tensor], number: int, dtype: torch.dtype) -> dict[str, tuple[Tensor, Tensor]]:
    """Returns a layer's weights and biases by BertLayer's names; query, key and value are one matrix."""
    import torch

    def both(name: str) -> tuple[Tensor, Tensor]:
        theirs = f"encoder.layer.{number}.{name}"
        return tensors[f"{theirs}.weight"].to(dtype), tensors[f"{theirs}.bias"].to(dtype)

    def laid(weight: Tensor, bias: Tensor) -> Matrix:
        return weight.T.contiguous(), bias

    parts = [both(f"attention.self.{name}") for name in ("query", "key", "value")]
    joined = torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])
    matrices = {name: laid(*both(name)) for name in _MATRICES} | {"attention.self": laid(*joined)}
    return matrices | {name: both(name) for name in _NORMS}
