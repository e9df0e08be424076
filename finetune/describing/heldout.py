"""What the signals say of questions, and the weights and figures that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from convrec.agent.describing.likeness import SIGNALS
from convrec.agent.describing.resolver import Resolver
from convrec.finetune.describing.questions import FOLDS, Question, taught
from convrec.finetune.describing.weigh import any_of, counts_of, tables

Floats = npt.NDArray[np.float64]

_TABLE_SHARE = 0.25  # of the descriptions are weighed against strange tables, too
_MOST_ON_TABLE = 5
_MEANINGS = 3  # signals


@dataclass(frozen=True)
class Held:
    """A description's question, the lead that each signal gives the item meant, and signals on tables that have its items or not.

    The tables' signals are those that need no encoder.
    """

    question: int
    lead: Floats
    tables: tuple[tuple[Floats, bool], ...]


def held(
    resolver: Resolver, plain: Resolver, questions: Sequence[Question], places: Iterable[int], seed: int = 0
) -> list[Held]:
    """Returns what a resolver's signals say of each description of the questions at `places`, and one's without an encoder of tables."""
    drawn, found = np.random.default_rng(seed), []
    rows = {
        name: sorted({row for q in questions if q.domain == name for row in q.rows})
        for name in {q.domain for q in questions}
    }
    for place in places:
        question = questions[place]
        other = next(n for n in range(len(question.rows)) if n != question.target)
        for phrase in question.phrases:
            signals = resolver.signals(phrase.text, question.rows)
            sign = -1 if phrase.turned_down else 1
            size = int(drawn.integers(2, _MOST_ON_TABLE + 1)) if drawn.random() < _TABLE_SHARE else 0
            laid = tables(question.rows, rows[question.domain], size, drawn) if size else []
            some = tuple((plain.signals(phrase.text, table), there) for table, there in laid)
            found.append(Held(place, sign * (signals[question.target] - signals[other]), some))
    return found


def weights_of(found: Sequence[Held]) -> Mapping[str, Floats]:
    """Returns the weights that `Resolver` reads: of the first so many signals, and the chance that any item is meant."""
    leads, some = np.array([one.lead for one in found]), [table for one in found for table in one.tables]
    weights = {f"signals_{width}": counts_of(leads[:, :width]) for width in widths(found)}
    best = np.array([(signals @ weights[f"signals_{len(SIGNALS)}"]).max() for signals, _ in some])
    return weights | {"any": np.array(any_of(best, np.array([there for _, there in some])))}


def widths(found: Sequence[Held]) -> range:
    """Returns how many signals there are without an encoder, and with the meanings of words."""
    return range(len(SIGNALS), len(found[0].lead) + 1, _MEANINGS)


def accuracies(
    found: Sequence[Held], questions: Sequence[Question], fold: Sequence[int], width: int
) -> dict[str, float]:
    """Returns the share of descriptions resolved rightly, by domain, with weights from other folds; a tie counts a half."""
    right: dict[str, list[float]] = {}
    for number in range(FOLDS):
        known = set(taught(questions, fold, number))
        counts = counts_of(np.array([one.lead[:width] for one in found if one.question in known]))
        for one in found:
            if fold[one.question] == number:
                margin = float(one.lead[:width] @ counts)
                right.setdefault(questions[one.question].domain, []).append(0.5 if margin == 0 else float(margin > 0))
    return {name: float(np.mean(each)) for name, each in (right | {"all": [*chain(*right.values())]}).items()}
