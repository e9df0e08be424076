"""Whether tuning pays: maps learned without some items, or without some dialogues, against the frozen vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from convrec.catalogue.catalogue import Catalogue
from convrec.tools.contract import Bools, Floats, Ints, Vectors
from convrec.tools.training import drawn
from convrec.tools.tuned_maps import Spectrum, Whitening, extended, liked_directions, text_map

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    Chosen = csr_array[Any, tuple[int, int]]

K = 20
"""How many items of a list count."""

_HELD_OUT = 0.2  # the share of items, and of dialogues
_MOST_CASES = 1000
_CHOICES = (200.0, 30.0)
_FEATURES = (30.0, 10.0)
_TEXT = (100.0, 10.0)
_CONTENT = (0.3, 0.1, 0.03, 0.0)  # the most frozen first: it wins where all are alike


@dataclass(frozen=True)
class Strength:
    """How strongly maps are held back, as in ridge regression: EASE's weights (`choices`), an item's `features`, a text's vector (`text`).

    `content` is what a cosine of 1 between a text and a card adds to what was learned of texts.
    """

    choices: float = _CHOICES[0]
    features: float = _FEATURES[0]
    text: float = _TEXT[0]
    content: float = _CONTENT[0]


@dataclass(frozen=True)
class Trial:
    """Recall@20 of held-out cases with the maps and with the frozen vectors, how many cases there were, and the best strength."""

    strength: Strength
    tuned: float = 0.0
    frozen: float = 0.0
    cases: int = 0

    def gained(self, least: float) -> bool:
        """Returns whether the maps found more than the frozen vectors, by more than `least`."""
        return self.cases > 0 and self.tuned - self.frozen > least


@dataclass(frozen=True)
class Requests:
    """What was said before somebody named new items: vectors `(n, n_text)`, which items `(n, n_chosen)`, and whose dialogues."""

    texts: Floats
    named: Chosen
    dialogues: tuple[str, ...]

    def held_out(self) -> Bools:
        """Returns `(n,)`, true for the requests of a fifth of the dialogues."""
        return np.array([drawn(f"request {name}", _HELD_OUT) for name in self.dialogues], np.bool_)


def new_items(catalogue: Catalogue, rows: Ints, chosen: Chosen, features: Floats, vectors: Vectors) -> Trial:
    """Returns how well a fifth of the chosen items is found among themselves by people who chose them, from their other choices alone.

    `rows` are the chosen items' in the catalogue; `chosen` `(n_people, n_chosen)`, `features` and `vectors` are theirs. No choice of a
    held-out item is learned from, as if it had been ingested a minute ago.
    """
    hidden = np.array([drawn(f"new {catalogue.ids[row]}", _HELD_OUT) for row in rows], np.bool_)
    known, sought = chosen[:, ~hidden].tocsr(), chosen[:, hidden].tocsr()
    people = _spread(np.flatnonzero((np.diff(known.indptr) > 0) & (np.diff(sought.indptr) > 0)))
    if not len(people) or min(known.shape) < 2:
        return Trial(Strength())
    targets = [sought.indices[sought.indptr[one] : sought.indptr[one + 1]] for one in people]
    history, unit = known[people], vectors.astype(np.float64)
    frozen = recall(np.asarray(history @ unit[~hidden]) @ unit[hidden].T, targets).mean()
    tried = {
        strength: recall(np.asarray(history @ liked) @ new.T, targets).mean()
        for strength, liked, new in _without(hidden, known, features)
    }
    best = max(tried, key=lambda strength: tried[strength])
    return Trial(best, float(tried[best]), float(frozen), len(people))


def _without(hidden: Bools, known: Chosen, features: Floats) -> Iterator[tuple[Strength, Floats, Floats]]:
    """Yields strengths, what the known items ask for when liked, and the hidden items' whitened features."""
    spectrum, gram = Spectrum.of(known), features[~hidden].T @ features[~hidden]
    for held_back in _FEATURES:
        whitening = Whitening.of(gram, held_back)
        white, new = whitening(features[~hidden]), whitening(features[hidden])
        for choices in _CHOICES:
            yield Strength(choices, held_back), liked_directions(white, spectrum, choices), new


def requests(told: Requests, liked: Floats, white: Floats, content: Floats, vectors: Vectors, best: Strength) -> Trial:
    """Returns how well the items named after held-out requests are found, from the text alone, among all chosen items.

    `liked` and `white` are the chosen items' `(n_chosen, n_features)`; `content` `(n_text, n_features)` turns a text's vector into the
    direction whose products are cosines with cards.
    """
    held = told.held_out()
    cases = _spread(np.flatnonzero(held))
    if not len(cases) or held.all():
        return Trial(best)
    targets = [told.named.indices[told.named.indptr[one] : told.named.indptr[one + 1]] for one in cases]
    texts = told.texts[cases]
    frozen = recall(texts @ vectors.astype(np.float64).T, targets).mean()
    cosines, wanted = texts @ content @ white.T, np.asarray(told.named[~held] @ liked)
    tried = {}
    for strength in _TEXT:
        learned = extended(texts) @ text_map(told.texts[~held], wanted, strength) @ white.T
        for share in _CONTENT:
            tried[strength, share] = float(recall(learned + share * cosines, targets).mean())
    text, share = max(tried, key=lambda pair: tried[pair])
    return Trial(Strength(best.choices, best.features, text, share), tried[text, share], float(frozen), len(cases))


def recall(scores: Floats, targets: Sequence[npt.NDArray[np.int32]]) -> Floats:
    """Returns `(n_cases,)`: the share of each case's targets (columns) among the 20 highest of `(n_cases, n_items)` scores."""
    k = min(K, scores.shape[1])
    best = np.argpartition(-scores, k - 1, axis=1)[:, :k]
    return np.array([np.isin(row, wanted).sum() / len(wanted) for row, wanted in zip(best, targets, strict=True)])


def _spread(cases: Ints) -> Ints:
    """Returns at most 1,000 of the cases, from all over."""
    if len(cases) <= _MOST_CASES:
        return cases
    return cases[np.linspace(0, len(cases) - 1, _MOST_CASES).astype(np.int64)]
