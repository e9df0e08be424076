"""MiniLM under a LoRA adapter (Hu et al. 2022; peft), the heads on top, and what they lose on a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from convrec.agent.compact.tagger.labels import SPAN_HEADS
from convrec.agent.compact.tagger.network import FACET_PARTS, Heads
from convrec.finetune.reader.features import Batch, Example
from convrec.finetune.reader.rows import FacetText

TARGETS = {
    "attention": ["query", "key", "value"],
    "all": ["query", "key", "value", "dense"],
    "narrow": ["query", "value"],
}
_WEIGHTS = {
    "tags": 1.0,
    "begin": 0.3,
    "polarity": 0.5,
    "strength": 0.3,
    "scope": 0.3,
    "attitude": 0.7,
    "acts": 2.0,
    "topic": 0.5,
}
_DRAWS = 3  # samples of a facet's values


@dataclass(frozen=True)
class Tuning:
    """How the encoder is tuned: `lora`, `full` or `frozen`, and the adapter's size and place."""

    kind: str = "lora"
    rank: int = 32
    targets: str = "all"
    layers: int = 6


def load_bert(folder: Path, layers: int) -> Any:
    """Returns MiniLM with its first layers, dropout as published."""
    from transformers import BertModel

    bert = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="sdpa", dtype=torch.float32)
    bert.encoder.layer = bert.encoder.layer[:layers]
    return bert


class Reader(nn.Module):
    """The encoder and the heads."""

    def __init__(self, folder: Path, tuning: Tuning) -> None:
        super().__init__()
        bert = load_bert(folder, tuning.layers)
        self.heads = Heads(bert.config.hidden_size)
        if tuning.kind == "lora":
            from peft import LoraConfig, get_peft_model

            config = LoraConfig(
                r=tuning.rank,
                lora_alpha=tuning.rank,
                lora_dropout=0.0,
                target_modules=TARGETS[tuning.targets],
                bias="none",
            )
            bert = get_peft_model(bert, config)
        elif tuning.kind == "frozen":
            bert.requires_grad_(False)
        self.encoder = bert

    def forward(self, batch: Mapping[str, Tensor], facets: Tensor) -> dict[str, Tensor]:
        """Returns all scores of a batch."""
        hidden = self.encoder(input_ids=batch["ids"], attention_mask=batch["mask"]).last_hidden_state
        words = self.heads.words(hidden, batch["looked_up"])
        tags, begin = self.heads.tags(words, facets, batch["known"], batch["absent"])
        spans = self.heads.spans(words, batch["inside"], batch["rows"], batch["said"])
        return {"tags": tags, "begin": begin, **spans, **self.heads.messages(words, batch["said"])}


def loss_of(scores: Mapping[str, Tensor], batch: Mapping[str, Tensor]) -> Tensor:
    """Returns the weighted sum of all losses; what is not labelled adds nothing.

    A piece that may be several classes loses by their summed probability (partial labels, Jin & Ghahramani 2002).
    """
    tags = scores["tags"]
    lost = tags.logsumexp(-1) - tags.masked_fill(~batch["allowed"], -1e4).logsumexp(-1)
    total = _WEIGHTS["tags"] * (lost * batch["weight"]).sum() / batch["weight"].sum() * 4
    labelled = batch["begins"] >= 0
    begin = functional.binary_cross_entropy_with_logits(scores["begin"], batch["begins"].clamp(min=0), reduction="none")
    total = total + _WEIGHTS["begin"] * (begin * labelled).sum() / labelled.sum().clamp(min=1)
    for place, head in enumerate(SPAN_HEADS):
        total = total + _WEIGHTS[head] * _known(scores[head], batch["meant"][:, place])
    acts = functional.binary_cross_entropy_with_logits(scores["acts"], batch["acts"].clamp(min=0), reduction="none")
    told = batch["acts"] >= 0
    total = total + _WEIGHTS["acts"] * (acts * told).sum() / told.sum().clamp(min=1)
    return total + _WEIGHTS["topic"] * _known(scores["topic"], batch["topic"])


def _known(scores: Tensor, labels: Tensor) -> Tensor:
    told = labels >= 0
    lost = functional.cross_entropy(scores, labels.clamp(min=0), reduction="none")
    return (lost * told).sum() / told.sum().clamp(min=1)


def on(batch: Batch, device: str) -> dict[str, Tensor]:
    """Returns a batch as tensors."""
    return {name: torch.from_numpy(np.asarray(value)).to(device) for name, value in vars(batch).items()}


class FacetVectors:
    """The vectors of facets' parts, from the untuned encoder; a facet has several samples of its values."""

    def __init__(self, schemas: Mapping[str, Sequence[FacetText]], encode: Any) -> None:
        self._parts = {name: [_texts(facet) for facet in facets] for name, facets in schemas.items()}
        texts = sorted({text for facets in self._parts.values() for f in facets for part in f for text in part if text})
        self._place = {text: i for i, text in enumerate(texts)}
        self._vectors = torch.cat([encode(texts), torch.zeros(1, encode([""]).shape[1])])

    def to(self, device: str) -> FacetVectors:
        """Returns itself, on a device."""
        self._vectors = self._vectors.to(device)
        return self

    def of(self, examples: Sequence[Example], rng: np.random.Generator | None = None) -> Tensor:
        """Returns `(n, n_facets, 3 * width)`; with `rng`, parts are drawn and now and then left out."""
        width = max(len(e.facets) for e in examples)
        places = np.full((len(examples), width, FACET_PARTS), len(self._place), np.int64)
        for i, example in enumerate(examples):
            for j, parts in enumerate(self._parts[example.row.schema]):
                places[i, j] = [
                    self._at(part[int(rng.integers(len(part))) if rng is not None else 0]) for part in parts
                ]
        if rng is not None:
            gone = rng.random(places.shape) < np.array([0.05, 0.3, 0.25])
            gone &= ~(gone.all(-1, keepdims=True))
            places[gone] = len(self._place)
        found = self._vectors[torch.from_numpy(places).to(self._vectors.device)]
        return found.flatten(2)

    def _at(self, text: str) -> int:
        return self._place.get(text, len(self._place))


def _texts(facet: FacetText) -> list[list[str]]:
    values = list(facet.values)
    draws = [", ".join(values[i * 8 : i * 8 + 8]) for i in range(_DRAWS) if values[i * 8 : i * 8 + 8]]
    return [[facet.label], [facet.description], draws or [""]]
