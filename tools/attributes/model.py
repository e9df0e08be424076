"""What was learned of attributes: words and items as points of one small space, where a product says how much."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Self

import numpy as np

from convrec.tools.attributes.words import known_root, positive, telling
from convrec.tools.contract import Floats, Vectors
from convrec.tools.encoder import TextEncoder

ENCODER = "all-MiniLM-L6-v2"
"""The encoder whose vectors the shipped model reads."""

_SHIPPED = Path(__file__).parent / "attributes.safetensors"
_TAUGHT = 120.0  # times that a word was heard at which what was heard of it counts as much as what its vector says
_NEAR = 0.15  # how fast what was judged of one phrase fades with the distance of another
_SURE = 3.0  # what was judged of the phrase itself, beside what is thought of it otherwise
_PHRASE = "a very {} film"


def phrase_vectors(phrases: list[str], encoder: TextEncoder) -> Vectors:
    """Returns `(n, width)`: the vectors of attributes as they are said of a film."""
    return encoder.encode([_PHRASE.format(phrase) for phrase in phrases], full_precision=True)


@dataclass(frozen=True)
class AttributeModel:
    """Maps into a space of `rank` dimensions (Radlinski & Craswell 2021 call such directions concept activation vectors).

    A phrase's vector less `word_mean`, times `word_map` `(width, rank)`, is its direction; `senses` `(n_words, rank)` are the
    directions of `vocabulary` as conversations use the words, heard `support` `(n_words,)` times. Phrases that people judged items by lie
    at `judged` `(n_judged, width)`, unit vectors, and their directions lie `beyond` `(n_judged, rank)` what the rest says of them. An item's
    values (the mean of their vectors) and its card, each less the catalogue's mean, times `value_map` and `card_map` `(width, rank)`, add up
    to its place.
    """

    word_mean: Floats
    word_map: Floats
    vocabulary: tuple[str, ...]
    senses: Floats
    support: Floats
    judged: Floats
    beyond: Floats
    value_map: Floats
    card_map: Floats

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.vocabulary)}

    def knows(self, word: str) -> bool:
        """Tells whether conversations taught the word."""
        return word in self._places

    def directions(self, phrases: list[str], encoder: TextEncoder) -> Floats:
        """Returns `(n, rank)`: in which direction the items lie that have much of each phrase."""
        found = [self._phrase(phrase) for phrase in phrases]
        texts = list(dict.fromkeys(text for plain, roots in found for text in (plain, *(word for word, _ in roots))))
        vectors = self.centred(phrase_vectors(texts, encoder))
        of = dict(zip(texts, vectors, strict=True))
        heard = np.stack([self._heard(plain, roots, of) for plain, roots in found])
        return heard + self._judged(np.stack([of[plain] for plain, _ in found]))

    def centred(self, vectors: Vectors) -> Floats:
        """Returns phrases' vectors less their mean."""
        return vectors.astype(np.float64) - self.word_mean

    def _judged(self, vectors: Floats) -> Floats:
        """Returns `(n, rank)`: what judgements of the same phrase, or of one near it, add; a kernel smoother (Nadaraya 1964)."""
        if not len(self.judged):
            return np.zeros((len(vectors), self.word_map.shape[1]))
        units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        near = _SURE * np.exp((units @ self.judged.T - 1.0) / _NEAR)
        added: Floats = near @ self.beyond / (near.sum(axis=1, keepdims=True) + 1.0)
        return added

    def _phrase(self, phrase: str) -> tuple[str, list[tuple[str, int]]]:
        """Returns the phrase in plain words, and the known words that it is made of with their signs."""
        said = [positive(word, self.knows) for word in telling(phrase)]
        roots = [root for word in said if (root := known_root(word, self.knows)) is not None]
        plain = " ".join(positive(word, self.knows) for word in phrase.split())
        return plain, roots

    def _heard(self, plain: str, roots: list[tuple[str, int]], of: dict[str, Floats]) -> Floats:
        """Returns what the phrase's vector says, corrected by what conversations say of its words beyond their vectors."""
        if len(roots) == 1 and roots[0][1] < 0:
            return -self._heard(roots[0][0], [(roots[0][0], 1)], of)
        linear: Floats = of[plain] @ self.word_map
        if not roots:
            return linear
        places = [self._places[word] for word, _ in roots]
        beyond = sum(
            sign * self.support[place] * (self.senses[place] - of[word] @ self.word_map)
            for (word, sign), place in zip(roots, places, strict=True)
        )
        corrected: Floats = linear + beyond / (self.support[places].sum() + _TAUGHT * len(roots))
        return corrected

    def by_values(self, values: Vectors) -> Floats:
        """Returns the part `(n, rank)` of the items' places that the centred vectors of their values make."""
        part: Floats = values.astype(np.float64) @ self.value_map
        return part

    def by_cards(self, cards: Vectors) -> Floats:
        """Returns the part `(n, rank)` of the items' places that the centred vectors of their cards make."""
        part: Floats = cards.astype(np.float64) @ self.card_map
        return part

    def save(self, path: Path) -> None:
        """Writes one safetensors file, in 16-bit floats."""
        from safetensors.numpy import save_file

        arrays = {name: getattr(self, name).astype(np.float16) for name in _ARRAYS}
        save_file(arrays, path, metadata={"vocabulary": " ".join(self.vocabulary), "encoder": ENCODER})

    @classmethod
    def load(cls, path: Path) -> Self:
        """Returns the model in a file."""
        from safetensors import safe_open

        with safe_open(path, "numpy") as file:
            arrays = {name: file.get_tensor(name).astype(np.float64) for name in _ARRAYS}
            return cls(vocabulary=tuple(file.metadata()["vocabulary"].split(" ")), **arrays)


_ARRAYS = ("word_mean", "word_map", "senses", "support", "judged", "beyond", "value_map", "card_map")


def plain(phrase: str) -> str:
    """Returns the phrase with its comparatives in their plain form: `a bit funnier` → `a bit funny`; what has none is returned as it is."""
    said = phrase.split()
    found = [positive(word, shipped().knows) for word in said]
    return " ".join(found) if found != said else phrase


@lru_cache(maxsize=1)
def shipped() -> AttributeModel:
    """Returns the model that comes with convrec; `tools/attributes/README.md` is its card."""
    return AttributeModel.load(_SHIPPED)
