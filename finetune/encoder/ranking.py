"""Held-out items ranked by text alone: for a person from what they liked before, and for a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.finetune.encoder.liked import ItemPart, Liked
from convrec.tools.contract import Floats, Ints, Vectors

K = 20


@dataclass(frozen=True)
class Cases:
    """People who liked both training items and items of a part: places in `known_ids` and in `sought_ids`."""

    known_ids: tuple[str, ...]
    sought_ids: tuple[str, ...]
    people: tuple[str, ...]
    histories: tuple[Ints, ...]
    targets: tuple[Ints, ...]

    def known(self, vectors: Mapping[str, Vectors]) -> Vectors:
        """Returns `(n_known, width)`: the vectors of what histories are made of."""
        return np.stack([vectors[each] for each in self.known_ids])

    def sought(self, vectors: Mapping[str, Vectors]) -> Vectors:
        """Returns `(n_sought, width)`: the vectors of the items that are ranked."""
        return np.stack([vectors[each] for each in self.sought_ids])


def cases_of(liked: Liked, part: ItemPart) -> Cases:
    """Returns the cases of a held-out part; all its items are ranked, whether liked by anyone or not."""
    known = [item.id for item in liked.items if item.part == "train"]
    sought = [item.id for item in liked.items if item.part == part]
    of_known, of_sought = ({each: n for n, each in enumerate(ids)} for ids in (known, sought))
    found = [(one.user, _places(one.liked, of_known), _places(one.liked, of_sought)) for one in liked.people]
    found = [(user, history, targets) for user, history, targets in found if len(history) and len(targets)]
    return Cases(
        tuple(known), tuple(sought), tuple(user for user, *_ in found), tuple(h for _, h, _ in found), tuple(t for *_, t in found),
    )  # fmt: skip


def _places(ids: Sequence[str], place_of: Mapping[str, int]) -> Ints:
    return np.array([place_of[each] for each in ids if each in place_of], np.int64)


def recalls(cases: Cases, known: Vectors, sought: Vectors) -> Floats:
    """Returns `(n_cases,)`: the share of a person's targets among the 20 items nearest to the mean of their history."""
    found = np.empty(len(cases.people))
    for place, (history, targets) in enumerate(zip(cases.histories, cases.targets, strict=True)):
        best = _best(sought @ known[history].mean(0))
        found[place] = np.isin(targets, best).sum() / len(targets)
    return found


def text_recalls(texts: Vectors, sought: Vectors, targets: Ints) -> Floats:
    """Returns `(n_texts,)`: 1 where the text's item is among the 20 nearest, else 0."""
    return np.array([float(target in _best(sought @ text)) for text, target in zip(texts, targets, strict=True)])


def _best(scores: Vectors) -> Ints:
    best: Ints = np.argsort(-scores, kind="stable")[:K]
    return best
