"""From gold and predictions, case by case, to figures with their groups, confusions and the worst cases."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from convrec.core.metrics.bootstrap import Ratio
from convrec.core.metrics.tagging import Confusion
from convrec.evaluation.result import Scored
from convrec.evaluation.run import tried

Prediction = dict[str, Any]
"""What a system says of a case, as JSON; `{"error": "…"}` where it failed."""

N_WORST = 20


class Case(Protocol):
    """One labelled case."""

    @property
    def id(self) -> str:
        """Returns its id, unique among the cases."""
        ...

    @property
    def group(self) -> str:
        """Returns what it is drawn with: its dialogue, question or rater."""
        ...

    @property
    def message(self) -> str:
        """Returns what was said."""
        ...


C = TypeVar("C", bound=Case)
Predict = Callable[[C], Prediction]


class Answers(Protocol):
    """Asks a system about every case, in order. A caller's own may keep what was answered and go on from there."""

    def __call__(self, system: str, cases: Sequence[C], answer: Callable[[C], Prediction], /) -> Sequence[Prediction]:
        """Returns a prediction for each case."""
        ...


def answered(system: str, cases: Sequence[C], answer: Callable[[C], Prediction], /) -> list[Prediction]:
    """Returns the system's prediction for each case, nothing kept; one that fails is an error, and so a miss."""
    return [tried(case, answer) for case in cases]


@dataclass(frozen=True)
class Mark:
    """How one prediction did: each metric's `(numerator, denominator)`, what was due and said (as JSON), and what is wrong with it."""

    parts: Mapping[str, tuple[float, float]]
    gold: Any
    predicted: Any
    errors: tuple[str, ...] = ()


def paired(gold: Iterable[str], predicted: Iterable[str]) -> list[tuple[str, str]]:
    """Returns the pairs of two sets of labels for a confusion: what is in both with itself, what was missed with what was made up.

    `(none)` stands where there is nothing to pair with.
    """
    wanted, given = set(gold), set(predicted)
    missed, extra = sorted(wanted - given), sorted(given - wanted)
    found = [(label, label) for label in sorted(wanted & given)]
    found += [(label, other) for label in missed for other in extra or ["(none)"]]
    return found + ([] if missed else [("(none)", label) for label in extra])


@dataclass(frozen=True)
class Worst:
    """A case with many errors, for reading."""

    id: str
    message: str
    gold: Any
    predicted: Any
    why: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        return {
            "id": self.id,
            "message": self.message,
            "gold": self.gold,
            "predicted": self.predicted,
            "why": list(self.why),
        }


@dataclass(frozen=True)
class Measured:
    """What an evaluation found: every system's ratios over the same cases, in whose order are `ids` and `groups`.

    `system` is the one that is measured; confusions and worst cases are its. `slices` names places of cases. `predictions` are all systems'
    as JSON, a row a case with its id.
    """

    protocol: str
    system: str
    systems: dict[str, Scored]
    ids: list[str]
    groups: list[str]
    slices: dict[str, list[int]] = field(default_factory=dict)
    confusions: dict[str, Confusion] = field(default_factory=dict)
    worst: tuple[Worst, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    predictions: dict[str, list[Prediction]] = field(default_factory=dict)


def marked(
    cases: Sequence[C], systems: Mapping[str, Callable[[C], Prediction]], mark: Callable[[C, Prediction], Mark], answer: Answers,
) -> tuple[dict[str, list[Prediction]], dict[str, list[Mark]]]:  # fmt: skip
    """Returns every system's predictions and marks, a row a case."""
    predictions = {name: list(answer(name, cases, predict)) for name, predict in systems.items()}
    marks = {
        name: [mark(case, said) for case, said in zip(cases, given, strict=True)] for name, given in predictions.items()
    }
    return predictions, marks


def scored(marks: Sequence[Mark]) -> Scored:
    """Returns the ratios of all metrics over the cases."""
    names = dict.fromkeys(name for mark in marks for name in mark.parts)
    return Scored({name: Ratio.of([mark.parts.get(name, (0.0, 0.0)) for mark in marks]) for name in names})


def worst(cases: Sequence[Case], marks: Sequence[Mark], n: int = N_WORST) -> tuple[Worst, ...]:
    """Returns the cases with the most errors, ties by id; cases without any are never among them."""
    wrong = [(case, mark) for case, mark in zip(cases, marks, strict=True) if mark.errors]
    wrong.sort(key=lambda pair: (-len(pair[1].errors), pair[0].id))
    return tuple(Worst(case.id, case.message, mark.gold, mark.predicted, mark.errors) for case, mark in wrong[:n])


def failures(predictions: Sequence[Prediction]) -> int:
    """Returns how many predictions are errors."""
    return sum("error" in prediction for prediction in predictions)


def sliced(cases: Sequence[C], names: Callable[[C], Iterable[str]]) -> dict[str, list[int]]:
    """Returns the places of the cases by the names that each bears, in the order of the alphabet."""
    found: dict[str, list[int]] = {}
    for place, case in enumerate(cases):
        for name in names(case):
            found.setdefault(name, []).append(place)
    return dict(sorted(found.items()))


def shuffled(predictions: Sequence[Prediction], seed: int = 0) -> list[Prediction]:
    """Returns the predictions dealt out to other cases: a control, which must lose every gain."""
    order = list(range(len(predictions)))
    random.Random(seed).shuffle(order)
    return [predictions[place] for place in order]
