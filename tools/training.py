"""Training data: what a catalogue's version gives tools to learn from, whole or with held-out parts taken away."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.interactions import Interactions
from convrec.core.progress import Progress, silent
from convrec.tools.choruses import chorus
from convrec.tools.contract import Events, Floats, TrainingData
from convrec.tools.feedback import dialogue_choices, matrix, positive, ratings

if TYPE_CHECKING:
    from pathlib import Path

    from convrec.tools.encoder import TextEncoder


@dataclass(frozen=True)
class Choices:
    """Who liked what, of how many users; and every rating, `(n_ratings, 2)`."""

    events: Events
    n_users: int
    ratings: Floats


def choices(catalogue: Catalogue, cutoff: float | None = None) -> Choices:
    """Returns the positive feedback of a catalogue, only what came before `cutoff` (Unix seconds) where one is given.

    Events without a time are kept only where no cutoff is given. What a chorus chose, and its ratings of that, are left out.
    """
    return choices_of(catalogue.interactions(), len(catalogue), cutoff)


def choices_of(events: Interactions, n_items: int, cutoff: float | None = None) -> Choices:
    """Returns the positive feedback among events with items in so many rows, as `choices` does."""
    kept = np.ones(len(events), np.bool_) if cutoff is None else events.timestamp < cutoff
    liked = np.flatnonzero(positive(events, kept))
    times = np.nan_to_num(events.timestamp[liked], nan=-np.inf)
    order = np.lexsort((np.arange(len(liked)), times, events.user[liked]))
    liked, n_users = liked[order], len(events.users)
    chosen = Events(events.user[liked], events.row[liked], times[order])
    crowd = chorus(chosen, n_users, n_items)
    kept[liked[crowd]] = False
    return Choices(chosen[~crowd], n_users, ratings(events, kept))


def training_data(
    catalogue: Catalogue, chosen: Choices, dialogues: Iterable[Dialogue], *, encoder: TextEncoder | None = None, seed: int = 0,
    max_tokens: int = 64, cache: Path | None = None, progress: Progress = silent,
) -> TrainingData:  # fmt: skip
    """Returns what tools are fitted on: the choices, and the dialogues as further users."""
    told = tuple(dialogues)
    speakers, named = dialogue_choices(told, catalogue)
    events = Events(
        np.concatenate([chosen.events.user, speakers + chosen.n_users]), np.concatenate([chosen.events.row, named]),
        np.concatenate([chosen.events.time, np.full(len(named), -np.inf)]),
    )  # fmt: skip
    user_items = matrix(events.user, events.row, chosen.n_users + len(told), len(catalogue))
    return TrainingData(
        catalogue=catalogue, user_items=user_items, events=events, dialogues=told, ratings=chosen.ratings, encoder=encoder,
        seed=seed, max_tokens=max_tokens, cache=cache, progress=progress,
    )  # fmt: skip


def drawn(name: str, share: float) -> bool:
    """Returns whether a thing of that name is in a sample of this share; the same name always is or never is."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest()) < share * 2**32
