"""What the signals say of questions that their adapter never saw, and the weights and figures that follow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from convrec.agent.describing.likeness import SIGNALS
from convrec.agent.describing.resolver import Resolver
from convrec.finetune.describing.questions import FOLDS, Question, taught
from convrec.finetune.describing.weigh import any_of, counts_of, tables

Floats = npt.NDArray[np.float64]

_TABLE_SHARE = 0.25  # of the descriptions are weighed against strange tables, too
_MOST_ON_TABLE = 5


@dataclass(frozen=True)
class Held:
    """A description's question, the lead that each signal gives the item meant, and signals on tables that have its items or not."""

    question: int
    lead: Floats
    tables: tuple[tuple[Floats, bool], ...]


def held(resolver: Resolver, questions: Sequence[Question], places: Iterable[int], rows: Sequence[int], seed: int = 0) -> list[Held]:
    """Returns what a resolver's signals say of each description of the questions at `places`; `rows` are strange items to draw from."""
    drawn, found = np.random.default_rng(seed), []
    for place in places:
        question = questions[place]
        other = next(n for n in range(len(question.rows)) if n != question.target)
        for phrase in question.phrases:
            signals = resolver.signals(phrase.text, question.rows)
            sign = -1 if phrase.turned_down else 1
            some: list[tuple[Floats, bool]] = []
            if drawn.random() < _TABLE_SHARE:
                size = int(drawn.integers(2, _MOST_ON_TABLE + 1))
                some = [(resolver.signals(phrase.text, table), there) for table, there in tables(question.rows, rows, size, drawn)]
            found.append(Held(place, sign * (signals[question.target] - signals[other]), tuple(some)))
    return found


def weights_of(found: Sequence[Held]) -> Mapping[str, Floats]:
    """Returns the weights that `Resolver` reads: those of all signals, and of those that need no encoder, alone."""
    leads, some = np.array([one.lead for one in found]), [table for one in found for table in one.tables]
    weights: dict[str, Floats] = {}
    for ending, width in (("", leads.shape[1]), ("_alone", len(SIGNALS))):
        counts = counts_of(leads[:, :width])
        best = np.array([(signals[:, :width] @ counts).max() for signals, _ in some])
        weights[f"signals{ending}"] = counts
        weights[f"any{ending}"] = np.array(any_of(best, np.array([there for _, there in some])))
    return weights


def accuracies(found: Sequence[Held], questions: Sequence[Question], fold: Sequence[int], width: int) -> dict[str, float]:
    """Returns the share of descriptions resolved rightly, by domain, with weights from other folds; a tie counts a half."""
    right: dict[str, list[float]] = {}
    for number in range(FOLDS):
        known = set(taught(questions, fold, number))
        counts = counts_of(np.array([one.lead[:width] for one in found if one.question in known]))
        for one in found:
            if fold[one.question] == number:
                margin = float(one.lead[:width] @ counts)
                right.setdefault(questions[one.question].domain, []).append(0.5 if margin == 0 else float(margin > 0))
    return {domain: float(np.mean(each)) for domain, each in right.items()} | {"all": float(np.mean(sum(right.values(), [])))}
