"""A BERT encoder in PyTorch's own transformer layers, loaded from a folder in Hugging Face's format.

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

_LAYER = {  # torch.nn.TransformerEncoderLayer's name → BertLayer's
    "self_attn.out_proj": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "linear1": "intermediate.dense",
    "linear2": "output.dense",
    "norm2": "output.LayerNorm",
}


class Bert:
    """Word ids `(n, length)` in, hidden states `(n, length, width)` out; dropout off, gradients off.

    `words` `(n_pieces, width)` are the word pieces' own vectors. `adapter` are LoRA matrices by the encoder's own names: `X.lora_B @ X.lora_A` is added to `X.weight` (Hu et al. 2021, LoRA, eq. 3).
    `layers` keeps the first so many (None: all).
    """

    def __init__(
        self, folder: Path, dtype: torch.dtype, adapter: Mapping[str, Tensor] = MappingProxyType({}), layers: int | None = None
    ) -> None:
        import torch
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
        self._norm = tuple(tensors[f"embeddings.LayerNorm.{part}"].to(dtype) for part in ("weight", "bias"))
        with torch.device("meta"):
            layer = torch.nn.TransformerEncoderLayer(
                self.width, settings["num_attention_heads"], settings["intermediate_size"], activation="gelu",
                layer_norm_eps=self._eps, batch_first=True,
            )  # fmt: skip
            self._layers = torch.nn.TransformerEncoder(layer, n_layers, enable_nested_tensor=False)
        self._layers.load_state_dict(_renamed(tensors, n_layers), assign=True)
        self._layers.to(dtype).eval().requires_grad_(False)

    def __call__(self, ids: Tensor, padding: Tensor | None) -> Tensor:
        """Returns the last layer's hidden states; `padding` `(n, length)` is true where there is no word."""
        from torch.nn.functional import layer_norm

        embedded = self.words[ids] + self._places[: ids.shape[1]]
        embedded = layer_norm(embedded, (self.width,), self._norm[0], self._norm[1], self._eps)
        hidden: Tensor = self._layers(embedded, src_key_padding_mask=padding)
        return hidden


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


def _renamed(tensors: dict[str, Tensor], n_layers: int) -> dict[str, Tensor]:
    import torch

    renamed = {}
    for number in range(n_layers):
        theirs, ours = f"encoder.layer.{number}", f"layers.{number}"
        for part in ("weight", "bias"):
            attention = [tensors[f"{theirs}.attention.self.{name}.{part}"] for name in ("query", "key", "value")]
            renamed[f"{ours}.self_attn.in_proj_{part}"] = torch.cat(attention)
            for new, old in _LAYER.items():
                renamed[f"{ours}.{new}.{part}"] = tensors[f"{theirs}.{old}.{part}"]
    return renamed
