"""The reader at work: a message in, what its words are and how they are meant out."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.agent.compact.tagger.decoding import softmax, stretches, whole_words
from convrec.agent.compact.tagger.labels import ACTS, KINDS, SPAN_HEADS, TITLE, TOPICS
from convrec.agent.compact.tagger.lookup import Lookup
from convrec.agent.compact.tagger.pieces import Pieces, cut, features, found_in, open_tokenizer
from convrec.catalogue.catalogue import Catalogue
from convrec.tools.encoder import TextEncoder

if TYPE_CHECKING:
    import torch

    from convrec.agent.compact.tagger.network import Heads
    from convrec.tools.bert import Bert

_SAMPLED = 8  # values that stand for a facet
_LEAST = 0.3  # probability of a stretch that is told at all


@dataclass(frozen=True)
class Marked:
    """Characters `[start, end)` and what they are: a field's name, `title`, `pointer` or `mood`; `meant` has each head's shares by label."""

    start: int
    end: int
    label: str
    probability: float
    meant: Mapping[str, Mapping[str, float]]

    def overlaps(self, spans: Iterable[tuple[int, int]]) -> bool:
        """Tells whether it shares a character with one of the spans."""
        return any(self.start < end and start < self.end for start, end in spans)


@dataclass(frozen=True)
class Reading:
    """What a message is: its marked words in order, the probability of each act, the share of each topic."""

    marked: tuple[Marked, ...] = ()
    acts: Mapping[str, float] | None = None
    topics: Mapping[str, float] | None = None


class Reader:
    """Reads messages about one catalogue. Its weights are loaded with the first message; safe to use from several threads."""

    def __init__(self, catalogue: Catalogue, encoder: TextEncoder) -> None:
        self._catalogue, self._encoder = catalogue, encoder
        self._facets = catalogue.schema.faceted
        self._order = {field.name: place for place, field in enumerate(self._facets)}

    @staticmethod
    def fits(encoder: TextEncoder) -> bool:
        """Tells whether the shipped weights were trained on this encoder."""
        return _metadata().get("encoder") == encoder.revision

    def read(self, text: str, before: str = "") -> Reading:
        """Returns what a message is, after what was said before it."""
        import torch

        bert, heads = _loaded(self._encoder.folder)
        pieces = cut(self._tokenizer, before, text)
        if not pieces.places or not self._facets:
            return Reading()
        looked_up, known = features(pieces.places, found_in(text, [self._lookup]), self._order)
        with torch.inference_mode():
            hidden = bert(torch.tensor([pieces.ids]), None)
            padded = torch.zeros(1, len(pieces.ids), looked_up.shape[1])
            first, last = pieces.offset, pieces.offset + len(pieces.places)
            padded[0, first:last] = torch.from_numpy(looked_up)
            of = torch.zeros(1, len(pieces.ids), len(self._order))
            of[0, first:last] = torch.from_numpy(known)
            words = heads.words(hidden, padded)
            tags, begins = heads.tags(words, self._vectors, of, torch.zeros(1, len(self._order), dtype=torch.bool))
            said = torch.zeros(1, len(pieces.ids))
            said[0, first:last] = 1 / (last - first)
            told = {name: scores[0].numpy() for name, scores in heads.messages(words, said).items()}
            found = list(stretches(tags[0, first:last].numpy(), begins[0, first:last].numpy(), _LEAST))
            marked = self._marked(text, pieces, found, heads, words, said)
        acts = {act: float(1 / (1 + np.exp(-score))) for act, score in zip(ACTS, told["acts"].tolist(), strict=True)}
        return Reading(marked, acts, dict(zip(TOPICS, softmax(told["topic"][None])[0].tolist(), strict=True)))

    def _marked(
        self, text: str, pieces: Pieces, found: Sequence[Any], heads: Heads, words: torch.Tensor, said: torch.Tensor
    ) -> tuple[Marked, ...]:
        import torch

        if not found:
            return ()
        inside = torch.zeros(len(found), words.shape[1])
        for row, each in enumerate(found):
            inside[row, pieces.offset + each.first : pieces.offset + each.last] = 1 / (each.last - each.first)
        meant = heads.spans(words, inside, torch.zeros(len(found), dtype=torch.long), said)
        shares = {head: softmax(scores.numpy()) for head, scores in meant.items()}
        names = (*KINDS, *self._order)
        return tuple(
            Marked(
                *whole_words(text, pieces.places[each.first][0], pieces.places[each.last - 1][1]), names[each.label], each.probability,
                {head: dict(zip(labels, shares[head][row].tolist(), strict=True)) for head, labels in SPAN_HEADS.items()},
            )
            for row, each in enumerate(found)
        )  # fmt: skip

    @cached_property
    def _tokenizer(self) -> Any:
        return open_tokenizer(self._encoder.folder)

    @cached_property
    def _lookup(self) -> Lookup:
        schema = self._catalogue.schema
        values = {f.name: self._catalogue.values(f.name).values for f in schema.valued}
        return Lookup({**values, TITLE: self._catalogue.titles})

    @cached_property
    def _vectors(self) -> torch.Tensor:
        """Returns `(1, n_facets, 3 * width)`: the vectors of each facet's name, description and sampled values."""
        import torch

        texts = [part for field in self._facets for part in (field.label or field.name.replace("_", " "), field.description, self._sample(field.name))]  # fmt: skip
        vectors = self._encoder.encode([text for text in texts if text], full_precision=True)
        filled = np.zeros((len(texts), self._encoder.width), np.float32)
        filled[[place for place, text in enumerate(texts) if text]] = vectors
        return torch.from_numpy(filled.reshape(1, len(self._facets), -1))

    def _sample(self, name: str) -> str:
        """Returns some of a field's values, none that one item alone has if others are: no item says how messages are read."""
        if not self._catalogue.schema.field(name).valued:
            return ""
        values = sorted(self._catalogue.values(name).common() or self._catalogue.values(name).values)
        return ", ".join(Random(name).sample(values, min(_SAMPLED, len(values))))


_WEIGHTS = resources.files("convrec.agent.compact.tagger").joinpath("weights.safetensors")
_loading = threading.Lock()


@lru_cache(maxsize=1)
def _metadata() -> Mapping[str, str]:
    """Returns what is written about the weights beside them: the revision of the encoder that they were trained on."""
    with _WEIGHTS.open("rb") as file:
        header: dict[str, dict[str, str]] = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return header["__metadata__"]


def _loaded(folder: Path) -> tuple[Bert, Heads]:
    with _loading:
        return _load(folder)


@lru_cache(maxsize=2)
def _load(folder: Path) -> tuple[Bert, Heads]:
    """Returns the encoder with the shipped adapter merged into it, and the heads."""
    import torch
    from safetensors.torch import load

    from convrec.agent.compact.tagger.network import Heads
    from convrec.tools.bert import Bert

    tensors = load(_WEIGHTS.read_bytes())
    adapter = {name.removeprefix("adapter."): t for name, t in tensors.items() if name.startswith("adapter.")}
    layers = 1 + max(
        int(name.split(".")[2]) for name in adapter
    )  # of the encoder, as it was trained: encoder.layer.3.…
    bert = Bert(folder, torch.float32, adapter, layers)
    heads = Heads(bert.width)
    heads.load_state_dict({n.removeprefix("heads."): t.float() for n, t in tensors.items() if n.startswith("heads.")})
    return bert, heads.eval()
