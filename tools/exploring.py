"""The dial for exploration: how far a list leaves what many know for what few do, and what chance may add."""

from __future__ import annotations

import numpy as np

from convrec.tools.contract import Floats

_CHANCE = 0.5  # of the dial's reach that is left to chance; the rest goes to novelty


def novelty(counts: Floats) -> Floats:
    """Returns how little known items are, `(n,)` from 0 (the best known) to 1 (chosen by nobody).

    Self-information of being chosen, `-log2` of the share of choices, plus one choice for each (Zhou et al. 2010;
    Castells, Hurley & Vargas 2022, section 3), brought to 0…1. `counts` is `(n,)`, how often each was chosen; NaN counts as none.
    """
    known = np.log1p(np.maximum(np.nan_to_num(counts), 0.0))
    most = float(known.max()) if len(known) else 0.0
    unknown: Floats = 1.0 - known / most if most > 0 else np.ones(len(known))
    return unknown


def explored(scores: Floats, unknown: Floats, exploration: float, seed: int) -> Floats:
    """Returns what exploration adds to the scores `(n,)` of candidates: `(n,)`, 0 for a dial at 0.

    A part of the score like any other: at dial 1 the candidates' whole spread (best less worst) goes to novelty (`unknown`,
    `(n,)` from 0 to 1) and half as much to chance. The same seed draws the same chances whatever the dial, so that turning it up
    only ever moves the list from its best-scored towards its least-known items.
    """
    if not exploration or not len(scores):
        return np.zeros(len(scores))
    spread = float(np.ptp(scores)) or 1.0
    chances = np.random.default_rng(seed).random(len(scores)) * unknown
    added: Floats = exploration * spread * (unknown + _CHANCE * chances)
    return added
