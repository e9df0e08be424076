"""The encoder with a LoRA adapter that learns, and late interaction over it (see `agent/describing/late.py`, which runs what is learnt here)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

_LINEAR = ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense", "intermediate.dense", "output.dense")  # fmt: skip
_LORA_SCALE = 2.0
_BUCKET = 300  # texts of like length that are encoded together
_BONUS = 0.1
_SHARP = 2.0


class _Lora(nn.Module):
    """A frozen linear map and a low-rank one beside it that learns (Hu et al. 2021, LoRA)."""

    def __init__(self, weight: Tensor, bias: Tensor, rank: int) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.a = nn.Parameter(torch.randn(rank, weight.shape[1]) / math.sqrt(weight.shape[1]))
        self.b = nn.Parameter(torch.zeros(weight.shape[0], rank))

    def forward(self, x: Tensor) -> Tensor:
        low = functional.linear(functional.dropout(x, 0.05, self.training), self.a)
        return functional.linear(x, self.weight, self.bias) + _LORA_SCALE * functional.linear(low, self.b)  # type: ignore[arg-type]


class Encoder(nn.Module):
    """MiniLM in full precision with adapters at every linear map; word ids in, hidden states out."""

    def __init__(self, folder: Path, rank: int, dropout: float) -> None:
        super().__init__()
        tensors = load_file(folder / "model.safetensors")
        self.dropout = dropout
        places = (
            tensors["embeddings.position_embeddings.weight"] + tensors["embeddings.token_type_embeddings.weight"][0]
        )
        self.register_buffer("places", places)
        self.register_buffer("words", tensors["embeddings.word_embeddings.weight"])
        self.n_layers = 1 + max(int(name.split(".")[2]) for name in tensors if name.startswith("encoder.layer."))
        self.heads = tensors["embeddings.LayerNorm.weight"].shape[0] // 32
        self.linear = nn.ModuleDict({
            _key(f"encoder.layer.{layer}.{name}"): _Lora(tensors[f"encoder.layer.{layer}.{name}.weight"], tensors[f"encoder.layer.{layer}.{name}.bias"], rank)
            for layer in range(self.n_layers) for name in _LINEAR
        })  # fmt: skip
        for name in [name for name in tensors if "LayerNorm" in name]:
            self.register_buffer(_key(name), tensors[name])

    def forward(self, ids: Tensor, words: Tensor) -> Tensor:
        """Returns `(n, length, width)`; `words` `(n, length)` is true where there is a word."""
        embedded = self.words[ids] + self.places[: ids.shape[1]]  # type: ignore[index]
        x = self._drop(self._norm(embedded, "embeddings"))
        for layer in range(self.n_layers):
            x = self._layer(x, words[:, None, None, :], f"encoder.layer.{layer}")
        return x

    def adapter(self) -> dict[str, Tensor]:
        """Returns the adapter's matrices as `tools.bert.Bert` takes them."""
        found: dict[str, Tensor] = {}
        for key, module in self.linear.items():
            name = key.replace("/", ".")
            low, high = (getattr(module, part).detach() for part in ("a", "b"))
            found |= {f"{name}.lora_A": low, f"{name}.lora_B": _LORA_SCALE * high}
        return found

    def _layer(self, x: Tensor, mask: Tensor, name: str) -> Tensor:
        n, length, width = x.shape
        query, key, value = (
            self._map(x, f"{name}.attention.self.{part}").view(n, length, self.heads, -1).transpose(1, 2)
            for part in ("query", "key", "value")
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        attended = self._map(attended.transpose(1, 2).reshape(n, length, width), f"{name}.attention.output.dense")
        x = self._norm(x + self._drop(attended), f"{name}.attention.output")
        wide = functional.gelu(self._map(x, f"{name}.intermediate.dense"))
        return self._norm(x + self._drop(self._map(wide, f"{name}.output.dense")), f"{name}.output")

    def _map(self, x: Tensor, name: str) -> Tensor:
        mapped: Tensor = self.linear[_key(name)](x)
        return mapped

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight, bias = (getattr(self, _key(f"{name}.LayerNorm.{part}")) for part in ("weight", "bias"))
        return functional.layer_norm(x.float(), (x.shape[-1],), weight, bias, 1e-12)

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.dropout, self.training)


class LateNetwork(nn.Module):
    """Late interaction that learns: the encoder's adapter, how much words count, which lines have a bonus, and three scales."""

    def __init__(self, folder: Path, rank: int = 32, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = Encoder(folder, rank, dropout)
        width = int(self.encoder.words.shape[1])  # type: ignore[index]
        self.word_weight = nn.Parameter(torch.zeros(width))
        self.line_bonus = nn.Parameter(torch.zeros(width))
        self.scale = nn.Parameter(torch.full((3,), 12.0))

    def forward(self, said: Sequence[Sequence[int]], items: Sequence[Sequence[Sequence[int]]]) -> Tensor:
        """Returns `(n_said, n_items)` the logits of descriptions, as word ids, against items, as their lines' word ids."""
        states, words, means = self._encoded(said)
        lines, line_words, line_means = self._encoded([line for item in items for line in item])
        inner = words.clone()
        inner[:, 0] = False
        inner[torch.arange(len(words), device=words.device), words.sum(1) - 1] = False
        counts = (states @ self.word_weight).masked_fill(~inner, -1e4).softmax(1)
        row, place = inner.nonzero(as_tuple=True)
        best = _best_words(
            functional.normalize(states, dim=-1)[row, place], functional.normalize(lines, dim=-1), line_words
        )
        count = counts[row, place][:, None]
        within = torch.zeros(len(said), len(lines), device=words.device).index_add_(0, row, best * count)
        whole = functional.normalize(means, dim=-1) @ functional.normalize(line_means, dim=-1).T
        bonus = _BONUS * (line_means @ self.line_bonus)
        at, there = _places([len(item) for item in items], words.device)
        anywhere = best[:, at].masked_fill(~there, -1.0).amax(-1) * count
        total = torch.zeros(len(said), len(items), device=words.device).index_add_(0, row, anywhere) * self.scale[0]
        for number, fit in ((1, within), (2, whole)):
            sharp = _SHARP * self.scale[number] * (fit + bonus)[:, at]
            total = total + sharp.masked_fill(~there, -1e4).logsumexp(-1) / _SHARP
        return total

    def tensors(self) -> dict[str, Tensor]:
        """Returns all that is learnt, in 16 bits, as `agent/describing` loads it."""
        more = {"word_weight": self.word_weight, "line_bonus": _BONUS * self.line_bonus, "scale": self.scale}
        return {
            name: tensor.detach().half().cpu().contiguous() for name, tensor in (self.encoder.adapter() | more).items()
        }

    def _encoded(self, texts: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the texts' states `(n, length, width)`, where they have words `(n, length)`, and their means."""
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        length, device = len(texts[order[-1]]), self.scale.device
        states, words = [], []
        for start in range(0, len(order), _BUCKET):
            some = [texts[place] for place in order[start : start + _BUCKET]]
            widest = max(map(len, some))
            ids = torch.tensor([[*text, *[0] * (widest - len(text))] for text in some], device=device)
            mask = torch.arange(widest, device=device)[None] < torch.tensor(
                [[len(text)] for text in some], device=device
            )
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                hidden = self.encoder(ids, mask)
            states.append(functional.pad(hidden, (0, 0, 0, length - widest)))
            words.append(functional.pad(mask, (0, length - widest)))
        back = torch.tensor(order, device=device).argsort()
        hidden, mask = torch.cat(states)[back], torch.cat(words)[back]
        return hidden, mask, (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)


def _best_words(said: Tensor, lines: Tensor, words: Tensor) -> Tensor:
    """Returns `(n_words, n_lines)`: how near each described word is to the nearest word of each line."""
    kind = torch.bfloat16 if said.is_cuda else torch.float32
    pieces = [
        torch.einsum("td,pld->tpl", said.to(kind), lines[start : start + 256].to(kind))
        .masked_fill(~words[start : start + 256][None], -1.0).amax(-1).float()
        for start in range(0, len(lines), 256)
    ]  # fmt: skip
    return torch.cat(pieces, 1)


def _places(lengths: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Returns `(n_items, most_lines)`: which lines are an item's, and where there is one."""
    starts = torch.tensor([0, *lengths[:-1]]).cumsum(0)
    steps = torch.arange(max(lengths))
    there = steps[None] < torch.tensor(lengths)[:, None]
    return ((starts[:, None] + steps[None]) * there).to(device), there.to(device)


def _key(name: str) -> str:
    return name.replace(".", "/")
