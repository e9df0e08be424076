"""The model: a plain Llama decoder whose weights carry the names that transformers, peft and vLLM expect."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

Attend = Callable[[Tensor, Tensor, Tensor, Any], Tensor]


@dataclass(frozen=True)
class ModelConfig:
    """The sizes of a model; the defaults give about 30 M parameters."""

    vocab_size: int = 12288
    hidden_size: int = 512
    intermediate_size: int = 1408
    num_hidden_layers: int = 8
    num_attention_heads: int = 8
    num_key_value_heads: int = 4
    max_position_embeddings: int = 2048
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5

    @property
    def head_dim(self) -> int:
        """Returns the width of an attention head."""
        return self.hidden_size // self.num_attention_heads

    def document(self, tokens: dict[str, int]) -> dict[str, Any]:
        """Returns the `config.json` of the model; `tokens` holds the ids of `bos`, `eos` and `pad`."""
        return {
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", **asdict(self), "head_dim": self.head_dim, "hidden_act": "silu",
            "tie_word_embeddings": True, "attention_bias": False, "mlp_bias": False, "attention_dropout": 0.0, "initializer_range": 0.02,
            "rope_scaling": None, "torch_dtype": "bfloat16", "use_cache": True, **{f"{name}_token_id": value for name, value in tokens.items()},
        }  # fmt: skip


class Norm(nn.Module):
    """Root-mean-square normalisation (Zhang and Sennrich 2019), computed in float32."""

    def __init__(self, size: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self._eps = eps

    def forward(self, hidden: Tensor) -> Tensor:
        """Returns `(…, size)` of unit mean square, scaled."""
        wide = hidden.float()
        return (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + self._eps)).to(hidden.dtype) * self.weight.to(
            hidden.dtype
        )


class Attention(nn.Module):
    """Causal attention with rotary positions (Su et al. 2021) and shared key and value heads (Ainslie et al. 2023)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._heads, self._shared, self._width = config.num_attention_heads, config.num_key_value_heads, config.head_dim
        self.q_proj = nn.Linear(config.hidden_size, self._heads * self._width, bias=False)
        self.k_proj = nn.Linear(config.hidden_size, self._shared * self._width, bias=False)
        self.v_proj = nn.Linear(config.hidden_size, self._shared * self._width, bias=False)
        self.o_proj = nn.Linear(self._heads * self._width, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor, rotary: tuple[Tensor, Tensor], mask: Any, attend: Attend) -> Tensor:
        """Returns `(batch, length, hidden)`."""
        batch, length, _ = hidden.shape
        query = self.q_proj(hidden).view(batch, length, self._heads, self._width).transpose(1, 2)
        key = self.k_proj(hidden).view(batch, length, self._shared, self._width).transpose(1, 2)
        value = self.v_proj(hidden).view(batch, length, self._shared, self._width).transpose(1, 2)
        copies = self._heads // self._shared
        key, value = rotate(key, rotary).repeat_interleave(copies, 1), value.repeat_interleave(copies, 1)
        mixed = attend(rotate(query, rotary), key, value, mask)
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, -1))  # type: ignore[no-any-return]


def rotate(heads: Tensor, rotary: tuple[Tensor, Tensor]) -> Tensor:
    """Returns the heads `(batch, heads, length, width)` turned by their positions."""
    cosine, sine = rotary
    first, second = heads.chunk(2, -1)
    return heads * cosine + torch.cat((-second, first), -1) * sine


def rotary_table(config: ModelConfig, length: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Returns cosines and sines `(length, head_dim)`."""
    steps = torch.arange(0, config.head_dim, 2, device=device, dtype=torch.float32) / config.head_dim
    angles = torch.arange(length, device=device, dtype=torch.float32)[:, None] / config.rope_theta**steps
    angles = torch.cat((angles, angles), -1)
    return angles.cos().to(dtype), angles.sin().to(dtype)


class Gated(nn.Module):
    """The gated feed-forward part (Shazeer 2020, SwiGLU)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.up_proj = nn.Linear(config.hidden_size, config.intermediate_size, bias=False)
        self.down_proj = nn.Linear(config.intermediate_size, config.hidden_size, bias=False)

    def forward(self, hidden: Tensor) -> Tensor:
        """Returns `(batch, length, hidden)`."""
        return self.down_proj(functional.silu(self.gate_proj(hidden)) * self.up_proj(hidden))  # type: ignore[no-any-return]


class Layer(nn.Module):
    """One decoder layer."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(config), Gated(config)
        self.input_layernorm = Norm(config.hidden_size, config.rms_norm_eps)
        self.post_attention_layernorm = Norm(config.hidden_size, config.rms_norm_eps)

    def forward(self, hidden: Tensor, rotary: tuple[Tensor, Tensor], mask: Any, attend: Attend) -> Tensor:
        """Returns `(batch, length, hidden)`."""
        hidden = hidden + self.self_attn(self.input_layernorm(hidden), rotary, mask, attend)
        return hidden + self.mlp(self.post_attention_layernorm(hidden))  # type: ignore[no-any-return]


class Decoder(nn.Module):
    """The stack of layers; its parts are named as in transformers' `LlamaModel`."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_hidden_layers))
        self.norm = Norm(config.hidden_size, config.rms_norm_eps)


class LanguageModel(nn.Module):
    """A decoder whose output weights are its embeddings."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Decoder(config)
        depth = (2 * config.num_hidden_layers) ** -0.5
        for name, weight in self.named_parameters():
            if weight.ndim == 2:
                nn.init.normal_(
                    weight, std=0.02 * (depth if name.endswith(("o_proj.weight", "down_proj.weight")) else 1.0)
                )

    def hidden(self, ids: Tensor, mask: Any, attend: Attend) -> Tensor:
        """Returns the last layer's output `(batch, length, hidden)` for ids `(batch, length)`."""
        hidden = self.model.embed_tokens(ids)
        if torch.is_autocast_enabled(ids.device.type):
            hidden = hidden.to(torch.get_autocast_dtype(ids.device.type))
        rotary = rotary_table(self.config, ids.shape[1], ids.device, hidden.dtype)
        for layer in self.model.layers:
            hidden = layer(hidden, rotary, mask, attend)
        return hidden  # type: ignore[no-any-return]

    def loss_parts(self, hidden: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the weighted sum of the losses of `targets` `(batch, length)`, and of a small penalty on large logits."""
        logits = functional.linear(self.model.norm(hidden), self.model.embed_tokens.weight.to(hidden.dtype)).float()
        total = torch.logsumexp(logits, -1)
        chosen = logits.gather(-1, targets[..., None]).squeeze(-1)
        return ((total - chosen) * weights).sum(), (total.pow(2) * weights).sum() * 1e-4

    def parameter_count(self) -> int:
        """Returns the number of parameters."""
        return sum(weight.numel() for weight in self.parameters())


def flops_per_token(config: ModelConfig, mean_context: float) -> float:
    """Returns the floating-point operations that training spends on a token, attention over `mean_context` tokens included."""
    shared = config.num_key_value_heads * config.head_dim
    layer = 2 * config.hidden_size * (config.hidden_size + shared) + 3 * config.hidden_size * config.intermediate_size
    matrices = config.num_hidden_layers * layer + config.vocab_size * config.hidden_size
    return 6.0 * matrices + 12.0 * config.num_hidden_layers * config.hidden_size * mean_context
