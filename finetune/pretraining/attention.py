"""Attention within documents only, in the fastest way that works on the device: block-sparse, or with a plain mask."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from convrec.finetune.pretraining.model import Attend


def masked_attention(query: Tensor, key: Tensor, value: Tensor, mask: Any) -> Tensor:
    """Returns attention under a boolean mask `(batch, 1, length, length)`."""
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)


def dense_mask(documents: Tensor) -> Tensor:
    """Returns which token may look at which, `(batch, 1, length, length)`: earlier ones of its own document `(batch, length)`."""
    length = documents.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool, device=documents.device).tril()
    return ((documents[:, :, None] == documents[:, None, :]) & causal)[:, None]


def block_attention(query: Tensor, key: Tensor, value: Tensor, mask: Any) -> Tensor:
    """Returns attention that skips the blocks that the mask leaves empty (Dong et al. 2024, flex attention)."""
    from torch.nn.attention.flex_attention import flex_attention

    return flex_attention(query, key, value, block_mask=mask)


def block_mask_maker(*, compiled: bool) -> Callable[[Tensor], Any]:
    """Returns a function from document numbers `(batch, length)` to a block mask."""
    from torch.nn.attention.flex_attention import create_block_mask

    create: Any = torch.compile(create_block_mask) if compiled else create_block_mask

    def make(documents: Tensor) -> Any:
        def within(batch: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
            del head
            return (query >= key) & (documents[batch, query] == documents[batch, key])

        rows, length = documents.shape
        return create(within, rows, None, length, length, device=documents.device)

    return make


Attention = tuple[Attend, Callable[[Tensor], Any]]


def choices(device: torch.device) -> list[tuple[str, Callable[[], Attention]]]:
    """Returns the ways of attending by name, the one to try first at the front."""
    masked = ("masked", lambda: (masked_attention, dense_mask))
    if device.type != "cuda":
        return [masked]
    return [("block", lambda: (block_attention, block_mask_maker(compiled=True))), masked]
