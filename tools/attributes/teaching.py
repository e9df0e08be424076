"""Teaching attributes: from how people sorted items, and from what is said in conversations where items are named."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convrec.tools.attributes.model import AttributeModel
from convrec.tools.contract import Floats, Vectors
from convrec.tools.encoder import TextEncoder

_RANK = 6
_VALUES = 1.5  # what an item's values count beside its card
_ITEM_RIDGE = 3.0
_WORD_RIDGE = 60.0
_JUDGED = 25.0  # what a judged attribute counts beside a word of conversations
_HEARD = 20.0  # times that a word was heard at which it counts half
_SHARPNESS = 1.5  # power of a dimension's spread in a product; above 1 the leading ones count more


@dataclass(frozen=True)
class Judged:
    """How people sorted items by `names`. `standings` `(n_attributes, n_items)`, each row of mean 0 and deviation 1; `vectors`
    `(n_attributes, width)` of the attributes' phrases. `views` are ways of seeing the items, each a pair of centred vectors `(n_items, width)` of values and
    cards, so that a catalogue that knows less of its items is read as well.
    """

    names: tuple[str, ...]
    standings: Floats
    vectors: Vectors
    views: tuple[tuple[Vectors, Vectors], ...]


@dataclass(frozen=True)
class Talk:
    """What is said where items are named. `said` `(n_words, n_items)` weighs how often a word falls near an item (a sparse array);
    `vectors` are of the words' phrases, `values` and `cards` `(n_items, width)` of the items, centred.
    """

    words: tuple[str, ...]
    vectors: Vectors
    said: Any
    values: Vectors
    cards: Vectors


def teach(judged: Judged, talk: Talk, encoder: TextEncoder) -> AttributeModel:
    """Returns the model: the sorted items' leading dimensions, what of an item shows where it lies in them, and where words point.

    The dimensions are those of the singular value decomposition of the standings. A word points where the items lie near which it is
    said; a ridge regression from vectors carries that over to words that nobody said, judged attributes counting most.
    """
    _, sizes, directions = np.linalg.svd(judged.standings, full_matrices=False)
    own = directions[:_RANK].T * sizes[:_RANK] / np.sqrt(len(judged.standings))  # (n_items, rank)
    spread = np.sqrt((own**2).mean(axis=0))
    seen = np.concatenate([_features(values, cards) for values, cards in judged.views])
    item_map = _ridge(seen, np.concatenate([own] * len(judged.views)), _ITEM_RIDGE)
    heard, support = _heard(talk, _features(talk.values, talk.cards) @ item_map)
    weights = support / (support + _HEARD)
    senses = heard / np.sqrt((weights[:, None] * heard**2).sum(axis=0) / weights.sum())
    pointed = judged.standings @ own
    pointed /= np.sqrt((pointed**2).mean(axis=0))
    word_mean, word_map = _word_map(judged, talk, weights, senses, pointed)
    width, scale = judged.vectors.shape[1], spread**_SHARPNESS
    heard_only = AttributeModel(
        word_mean=word_mean, word_map=word_map * scale, vocabulary=talk.words, senses=senses * scale, support=support,
        judged=np.empty((0, width)), beyond=np.empty((0, _RANK)), value_map=_VALUES * item_map[:width] / spread, card_map=item_map[width:-1] / spread,
    )  # fmt: skip
    return _with_judgements(heard_only, judged, pointed * scale, encoder)


def _with_judgements(model: AttributeModel, judged: Judged, pointed: Floats, encoder: TextEncoder) -> AttributeModel:
    """Returns the model that knows where judged phrases point, beyond what conversations and vectors say of them."""
    vectors = model.centred(judged.vectors)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return replace(model, judged=units, beyond=pointed - model.directions(list(judged.names), encoder))


def _word_map(judged: Judged, talk: Talk, weights: Floats, senses: Floats, pointed: Floats) -> tuple[Floats, Floats]:
    """Returns the mean of the attributes' vectors, and what makes of a vector, less that, a direction."""
    mean: Floats = judged.vectors.mean(axis=0, dtype=np.float64)
    words = talk.vectors - np.average(talk.vectors, axis=0, weights=weights)
    vectors = np.concatenate([words, judged.vectors - mean])
    counts = np.concatenate([weights, np.full(len(pointed), _JUDGED)])
    return mean, _ridge(vectors, np.concatenate([senses, pointed]), _WORD_RIDGE, counts)


def _heard(talk: Talk, items: Floats) -> tuple[Floats, Floats]:
    """Returns where the items lie near which each word is said `(n_words, rank)`, less where items lie of which people talk at all,
    and how often it is said `(n_words,)`.
    """
    support = np.asarray(talk.said.sum(axis=1)).ravel()
    usual = np.asarray(talk.said.sum(axis=0)).ravel() @ items / support.sum()
    found = np.asarray(talk.said @ (items - usual)) / np.maximum(support, 1e-9)[:, None]
    return found, support


def _features(values: Vectors, cards: Vectors) -> Floats:
    return np.concatenate([_VALUES * values, cards, np.ones((len(values), 1))], axis=1).astype(np.float64)


def _ridge(inputs: Floats, targets: Floats, strength: float, weights: Floats | None = None) -> Floats:
    """Returns the weights of a ridge regression `(n_inputs, n_targets)`."""
    weighted = inputs if weights is None else inputs * weights[:, None]
    gram = weighted.T @ inputs + strength * np.eye(inputs.shape[1])
    return np.asarray(np.linalg.solve(gram, weighted.T @ targets), np.float64)
