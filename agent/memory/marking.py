"""What in a message tells something lasting of who wrote it, word by word: a small network over the hidden states of the sentence encoder, tuned by LoRA.

Where the rules of `tellings.yaml` know wordings, this knows what such a value is told like: it was learned by `scripts/learn_marks.py` from the marked
sentences of `finetune/memory_wordings.jsonl`, jokes, reports and passing states among them. Each word is of one topic, or of none.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from convrec.agent.compact.tagger.decoding import softmax, stretches, whole_words
from convrec.agent.compact.tagger.pieces import cut, open_tokenizer

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor, nn

    from convrec.tools.bert import Bert
    from convrec.tools.encoder import TextEncoder

Floats = npt.NDArray[np.float32]

GONE, WHOSE, OTHER = "gone", "whose", "other"
"""A value that holds no more, whose matter it is ("sister", "dog", "favourite colour"), and what is told of a matter that has no topic."""
_STATES = (2, 4, 6)
_LEAST = 0.35  # mean probability of a stretch of words that is told at all
_TOLL = 0.5
_WEIGHTS = resources.files("convrec.agent.memory").joinpath("marks.safetensors")


@dataclass(frozen=True)
class Mark:
    """Characters `[start, end)`, the topic that they are a value of (or `gone`, `whose`, `other`), and how surely, in (0, 1]."""

    start: int
    end: int
    label: str
    probability: float


@dataclass(frozen=True)
class Marked:
    """A message's marks in order, and how likely each of its word pieces, at these characters, is part of a value."""

    marks: tuple[Mark, ...] = ()
    places: tuple[tuple[int, int], ...] = ()
    telling: tuple[float, ...] = ()

    def tells(self, start: int, end: int) -> float:
        """Returns how likely something in the characters `[start, end)` is told of the writer, in [0, 1]."""
        here = [p for (a, b), p in zip(self.places, self.telling, strict=True) if a < end and start < b]
        return max(here, default=0.0)


def fits(encoder: TextEncoder) -> bool:
    """Tells whether the weights that ship were learned on this encoder."""
    return _metadata()["encoder"] == encoder.revision


def marked(text: str, encoder: TextEncoder) -> Marked:
    """Returns what a message tells of its writer; `encoder` must be the one that the weights were learned on."""
    import torch

    network = _loaded(encoder.folder)
    pieces = cut(network.tokenizer, "", text)
    if not pieces.places:
        return Marked()
    with torch.inference_mode():
        scores = network.layers(seen(network.bert, torch.tensor([pieces.ids])))[0].numpy()
    return decoded(text, pieces.places, scores[pieces.offset : pieces.offset + len(pieces.places)], network.labels)


class Encoder(Protocol):
    """What gives hidden states `(n, length, width)` below its first layer and above each."""

    def states(self, ids: Tensor, padding: Tensor | None) -> Sequence[Tensor]:
        """Returns them for word ids `(n, length)`."""


def seen(bert: Encoder, ids: Tensor) -> Tensor:
    """Returns what the network reads of each piece, `(n, length, 3 * width)`: the encoder's lower, middle and last hidden states."""
    import torch

    states = bert.states(ids, None)
    return torch.cat([states[place].float() for place in _STATES], -1)


def layers_of(width: int, n_labels: int) -> nn.Module:
    """Returns the network untaught: scores `(n, length, 2 + n_labels)` of what `seen` returns, each piece read with those around it."""
    from convrec.agent.memory.marker import Marker

    return Marker(width * len(_STATES), n_labels)


def decoded(text: str, places: Sequence[tuple[int, int]], scores: Floats, labels: Sequence[str]) -> Marked:
    """Returns the marks that scores `(n_pieces, 2 + n_labels)` stand for: of none, of each label, and of being a first piece."""
    shares = softmax(scores[:, :-1])
    marks = []
    for each in stretches(scores[:, :-1], scores[:, -1], _LEAST, _TOLL):
        start, end = whole_words(text, places[each.first][0], places[each.last - 1][1])
        marks.append(Mark(start, end, labels[each.label - 1], each.probability))
    telling = 1.0 - shares[:, 0] - shares[:, 1 + labels.index(WHOSE)]
    return Marked(tuple(marks), tuple(places), tuple(telling.tolist()))


@dataclass(frozen=True)
class _Network:
    bert: Bert
    layers: nn.Module
    labels: tuple[str, ...]
    tokenizer: object


_loading = threading.Lock()


@lru_cache(maxsize=1)
def _metadata() -> Mapping[str, str]:
    """Returns what is written about the weights beside them: the encoder's revision, and the labels."""
    with _WEIGHTS.open("rb") as file:
        header: dict[str, dict[str, str]] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header["__metadata__"]


def _loaded(folder: Path) -> _Network:
    with _loading:
        return _load(folder)


@lru_cache(maxsize=2)
def _load(folder: Path) -> _Network:
    import torch
    from safetensors.torch import load

    from convrec.tools.bert import Bert

    labels = tuple(_metadata()["labels"].split("|"))
    tensors = {name: tensor.float() for name, tensor in load(_WEIGHTS.read_bytes()).items()}
    adapter = {name: tensor for name, tensor in tensors.items() if ".lora_" in name}
    bert = Bert(folder, torch.float32, adapter)
    layers = layers_of(bert.width, len(labels))
    layers.load_state_dict({name: tensor for name, tensor in tensors.items() if name not in adapter})
    return _Network(bert, layers.eval(), labels, open_tokenizer(folder))
