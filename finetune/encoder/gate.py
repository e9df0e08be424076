"""Whether a tuned encoder may be used: the decision, on items held out whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.finetune.encoder.liked import Liked
from convrec.finetune.encoder.ranking import cases_of, recalls, text_recalls
from convrec.finetune.encoder.train import Projection, centred
from convrec.tools.contract import Floats, Vectors

TUNED, FROZEN, CENTRED, DEALT = "tuned", "frozen", "frozen, centred", "tuned on shuffled pairs"
LEAST = 0.1
"""By how much of the frozen encoder's recall@20 the tuned one must pass it."""


@dataclass(frozen=True)
class Judged:
    """Recall@20 of each system among the test items, its gains over the others with 95 % intervals, what texts find, and the decision."""

    people: int
    items: int
    recall: Mapping[str, float]
    gains: Mapping[str, Mapping[str, float | None]]
    texts: Mapping[str, float]
    text_gain: Mapping[str, float | None]
    use: bool
    why: str

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {**vars(self), "recall": dict(self.recall), "gains": dict(self.gains), "texts": dict(self.texts), "text_gain": dict(self.text_gain)}  # fmt: skip


def judged(liked: Liked, vectors: Mapping[str, Vectors], texts: Vectors, tuned: Projection, dealt: Projection) -> Judged:  # fmt: skip
    """Returns the decision on the test items.

    The tuned encoder may be used where it finds a tenth more than the frozen one, and clearly more (95 % interval, people drawn in pairs) than that and than one
    that was tuned in the same way on who liked what dealt at random; and where neither it finds clearly less than the frozen one with the mean taken off, nor texts
    clearly less with it.
    `vectors` are the frozen encoder's by item, `texts` `(n_texts, width)` its vectors of the set's texts.
    """
    cases, systems = cases_of(liked, "test"), {TUNED: tuned, FROZEN: None, DEALT: dealt}
    known, sought = cases.known(vectors), cases.sought(vectors)
    systems[CENTRED] = centred(known)
    found = {name: recalls(cases, _by(how, known), _by(how, sought)) for name, how in systems.items()}
    draws = Resampling(cases.people)
    gains = {name: _gain(draws, found[TUNED], values) for name, values in found.items() if name != TUNED}
    targets = np.array([cases.sought_ids.index(text.id) for text in liked.texts], np.int64)
    said = {name: text_recalls(_by(systems[name], texts), _by(systems[name], sought), targets) for name in (TUNED, FROZEN)}  # fmt: skip
    text_gain = _gain(Resampling([text.id for text in liked.texts]), said[TUNED], said[FROZEN])
    recall = {name: float(values.mean()) for name, values in found.items()}
    why = _against(recall, gains, text_gain)
    return Judged(
        len(cases.people), len(cases.sought_ids), recall, gains, {name: float(values.mean()) for name, values in said.items()}, text_gain, not why,
        why or f"it finds {recall[TUNED] / max(recall[FROZEN], 1e-12) - 1:.0%} more than the frozen encoder",
    )  # fmt: skip


def _by(how: Projection | None, vectors: Vectors) -> Vectors:
    return vectors if how is None else how(vectors)


def _gain(draws: Resampling, mine: Floats, theirs: Floats) -> dict[str, float | None]:
    gain = draws.gain(mean(mine), mean(theirs))
    return {"value": gain.value, "low": gain.low, "high": gain.high}


def _against(recall: Mapping[str, float], gains: Mapping[str, Mapping[str, float | None]], text: Mapping[str, float | None]) -> str:  # fmt: skip
    """Returns what speaks against the tuned encoder; nothing where nothing does."""
    for name in (FROZEN, DEALT):
        low = gains[name]["low"]
        if low is None or low <= 0:
            return f"it is not clearly better than the encoder {name}"
    if recall[TUNED] < (1 + LEAST) * recall[FROZEN]:
        return f"it finds less than {LEAST:.0%} more than the frozen encoder"
    high = gains[CENTRED]["high"]
    if high is not None and high < 0:
        return f"it finds clearly less than the encoder {CENTRED}, which needs no tuning"
    high = text["high"]
    return "texts find clearly less with it" if high is not None and high < 0 else ""
