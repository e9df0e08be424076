"""The network of SASRec: items and places in, a vector for each place out, causal attention in between.

Importing this module imports torch, so only functions that need the network do.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SPREAD = 0.02  # standard deviation of fresh vectors, as in BERT


class Network(nn.Module):
    """Self-attention over a history, every place seeing itself and what came before (Kang & McAuley 2018, section 3).

    Items are own indices `0 … n_items - 1`. Their vectors are tied: what embeds a history also scores what comes next
    (section 3.3). Places are counted from the latest choice backwards, so that the latest always looks the same.
    """

    def __init__(self, n_items: int, length: int, size: int, heads: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.items = nn.Embedding(n_items, size)
        self.places = nn.Embedding(length, size)
        nn.init.normal_(self.items.weight, std=_SPREAD)
        nn.init.normal_(self.places.weight, std=_SPREAD)
        self._drop = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(size, heads, 2 * size, dropout, "gelu", batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, layers, nn.LayerNorm(size), enable_nested_tensor=False)

    def forward(self, histories: Tensor, lengths: Tensor) -> Tensor:
        """Returns `(n, length, size)` from `(n, length)` items, of which the first `lengths` `(n,)` of each row count.

        A causal mask alone keeps what counts from what fills up, since that comes after it.
        """
        longest = histories.shape[1]
        places = (lengths[:, None] - 1 - torch.arange(longest)).clamp(min=0)
        embedded = self.items(histories) * self.items.embedding_dim**0.5 + self.places(places)
        mask = nn.Transformer.generate_square_subsequent_mask(longest)
        hidden: Tensor = self.layers(self._drop(embedded), mask=mask, is_causal=True)
        return hidden

    def last(self, histories: Tensor, lengths: Tensor) -> Tensor:
        """Returns `(n, size)`: the vector at the latest choice of each history."""
        latest: Tensor = self(histories, lengths)[torch.arange(len(lengths)), lengths - 1]
        return latest
