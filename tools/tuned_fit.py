"""How a tuned text tool is fitted: tried on held-out parts, then learned from everything, and kept as small as it is used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from convrec.core.errors import NotFittedError
from convrec.tools.contract import Floats, Ints, TrainingData, Vectors
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.feedback import enough
from convrec.tools.moments import END_LINES, LINE_TOKENS, moments
from convrec.tools.storage import read_json, write_json
from convrec.tools.tuned_features import ItemFeatures
from convrec.tools.tuned_maps import (
    Spectrum,
    Whitening,
    extended,
    leading,
    liked_directions,
    ridge,
    text_map,
)
from convrec.tools.tuned_trial import Requests, Strength, Trial, new_items, requests

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_SMALLEST = 1e-12
_UNSEEN = 1.0  # how strongly is held back what predicts an unchosen item's wishes from its features


@dataclass(frozen=True)
class Maps:
    """What was learned. Widths are the tool's; a part that was not kept is empty.

    `targets` `(n_features, width)` makes of an item's features what directions are multiplied with; `liked` `(n_liked, width)` is what each of
    `liked_ids` asks for when liked, `unseen` `(width, width)` predicts that for any other item; `text` `(1 + n_text, width)` is what a text asks for.
    """

    liked_ids: tuple[str, ...]
    targets: Floats
    liked: Floats
    unseen: Floats
    text: Floats

    @property
    def reads_choices(self) -> bool:
        """Returns whether what was learned of choices is kept."""
        return len(self.unseen) > 0

    @property
    def reads_texts(self) -> bool:
        """Returns whether what was learned of texts is kept."""
        return len(self.text) > 0

    def of_text(self, vector: Vectors) -> Floats:
        """Returns the direction `(width,)` that a text with that vector asks for."""
        direction: Floats = extended(vector[None, :].astype(np.float64))[0] @ self.text
        return direction

    def asked_of(self, ids: Sequence[str], targets: Vectors) -> Vectors:
        """Returns `(n, width)`: what these items, with these targets, ask for when they are liked."""
        if not self.reads_choices:
            return np.zeros_like(targets)
        asked: Vectors = (targets.astype(np.float64) @ self.unseen).astype(np.float32)
        place = {item_id: number for number, item_id in enumerate(self.liked_ids)}
        known = [(row, place[item_id]) for row, item_id in enumerate(ids) if item_id in place]
        for row, number in known:
            asked[row] = self.liked[number]
        return asked

    def without_items(self) -> Maps:
        """Returns what holds for items of any catalogue."""
        return replace(self, liked_ids=(), liked=self.liked[:0])

    def save(self, folder: Path) -> None:
        """Writes `liked.json` and `maps.npz`."""
        write_json(folder / "liked.json", self.liked_ids)
        np.savez(folder / "maps.npz", targets=self.targets, liked=self.liked, unseen=self.unseen, text=self.text)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Returns the maps written into a folder."""
        with np.load(folder / "maps.npz", allow_pickle=False) as arrays:
            return cls(tuple(read_json(folder / "liked.json")), **arrays)


@dataclass(frozen=True)
class Learned:
    """A fit's features and maps, and a sentence on what was kept."""

    features: ItemFeatures
    maps: Maps
    note: str


def learned(
    data: TrainingData, encoder: TextEncoder, vectors: Vectors, width: int, max_requests: int, least_gain: float
) -> Learned:
    """Returns the maps learned on a catalogue's choices and dialogues; `vectors` `(n_items, …)` are of its cards.

    Raises:
        NotFittedError: too few people chose more than one item, or neither map passes the frozen vectors by `least_gain`.
    """
    rows = enough(data.user_items)
    chosen = data.user_items[:, rows].tocsr()
    features = ItemFeatures.of(data.catalogue, vectors, rows, data.seed)
    given = features(data.catalogue, vectors[rows], rows)
    data.progress("learning from choices", 0, None)
    choices = new_items(data.catalogue, rows, chosen, given, vectors[rows])
    whitening = Whitening.of(given.T @ given, choices.strength.features)
    white = whitening(given)
    liked = liked_directions(white, Spectrum.of(chosen), choices.strength.choices)
    content = whitening.directions(features.of_content())
    told = _requests(data, encoder, rows, max_requests)
    texts = requests(told, liked, white, content, vectors[rows], choices.strength) if told else Trial(choices.strength)
    keeps_choices, keeps_texts = choices.gained(least_gain), texts.gained(least_gain)
    note = f"New items of people's other choices: {_compared(choices)}. Items of a request: {_compared(texts)}."
    if not (keeps_choices or keeps_texts):
        raise NotFittedError("Tuning does not pass the frozen vectors.", note)
    text = _text(told, liked, content, texts.strength) if told and keeps_texts else np.empty((0, given.shape[1]))
    ids = [data.catalogue.ids[row] for row in rows.tolist()]
    maps = _narrowed(ids, whitening, white, np.asarray(chosen @ liked), liked, text, width)
    return Learned(features, maps if keeps_choices else _texts_only(maps), note)


def _requests(data: TrainingData, encoder: TextEncoder, rows: Ints, most: int) -> Requests | None:
    """Returns the moments at which the other side named something after a text, at most so many, from all over; None without any."""
    place = {row: number for number, row in enumerate(rows.tolist())}
    told = [moment for moment in moments(data.dialogues, data.catalogue) if moment.role == "assistant"]
    found = [(m.dialogue, m.context, named) for m in told if (named := [place[r] for r in m.named if r in place])]
    if not found or not most:
        return None
    kept = [found[n] for n in np.unique(np.linspace(0, len(found) - 1, min(most, len(found))).astype(np.int64))]
    texts = VectorCache(data.cache, encoder, LINE_TOKENS).contexts(
        [said for _, said, _ in kept], data.progress, "encoding requests", END_LINES
    )
    return Requests(
        texts.astype(np.float64), _listed([named for *_, named in kept], len(rows)), tuple(name for name, *_ in kept)
    )


def _listed(named: Sequence[Sequence[int]], n_items: int) -> csr_array[Any, tuple[int, int]]:
    from scipy.sparse import csr_array as csr

    starts = np.concatenate([[0], np.cumsum([len(some) for some in named])])
    places = np.concatenate([np.array(some, np.int64) for some in named])
    return csr((np.ones(len(places)), places, starts), shape=(len(named), n_items))


def _text(told: Requests, liked: Floats, content: Floats, strength: Strength) -> Floats:
    """Returns what a text asks for: the wishes that what was named after such texts would show, and the cards that say the same."""
    learned_of = text_map(told.texts, np.asarray(told.named @ liked), strength.text)
    learned_of[1:] += strength.content * content
    return learned_of


def _narrowed(
    ids: Sequence[str], whitening: Whitening, white: Floats, wishes: Floats, liked: Floats, text: Floats, width: int
) -> Maps:
    """Returns the maps in the `width` directions in which people's wishes and texts differ most."""
    products = [some.T @ some for some in (wishes, text)]
    basis = leading(
        sum((some / max(np.trace(some), _SMALLEST) for some in products), np.zeros_like(products[0])), width
    )
    targets = whitening.undone(basis)
    unseen = ridge(white @ basis, liked @ basis, _UNSEEN)
    return Maps(tuple(ids), targets, liked @ basis, unseen, text @ basis)


def _texts_only(maps: Maps) -> Maps:
    return replace(maps.without_items(), unseen=maps.unseen[:0])


def _compared(trial: Trial) -> str:
    if not trial.cases:
        return "nothing to measure on"
    return f"recall@20 {trial.tuned:.3f}, of the frozen vectors {trial.frozen:.3f} ({trial.cases:,} held-out cases)"
