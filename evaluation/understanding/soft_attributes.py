"""`understanding` on the soft-attributes layout (Balog et al. 2021): which of two films is more so, by one rater."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convrec.core.metrics.tagging import confusion
from convrec.evaluation.run import spread
from convrec.evaluation.understanding.marks import (
    Answers,
    Mark,
    Measured,
    Predict,
    Prediction,
    answered,
    failures,
    marked,
    scored,
    sliced,
    worst,
)
from convrec.evaluation.understanding.rows import MAX_REJECTED, BadRowError, Reading, csv_rows, file_in

COLUMNS = ("rater_id", "reference_title", "soft_attribute", "less_than", "about_as", "more_than")
N_FOLDS = 5

Score = float | None
Scorer = Callable[[str, Sequence[str]], Sequence[Score]]
"""Returns how much each title has of an attribute, None for a title that it does not know."""


@dataclass(frozen=True)
class SoftCase:
    """One rater's sorting of films beside a reference film, by one attribute. `fold` is the rater's."""

    id: str
    group: str
    attribute: str
    reference: str
    less: tuple[str, ...]
    same: tuple[str, ...]
    more: tuple[str, ...]
    fold: int = 0

    @property
    def message(self) -> str:
        """Returns the question in words."""
        return f"more {self.attribute} than {self.reference}"

    @property
    def titles(self) -> tuple[str, ...]:
        """Returns all films that were sorted."""
        return (*self.less, *self.same, *self.more)

    @property
    def pairs(self) -> Iterator[tuple[str, str, str]]:
        """Yields `(kind, less, more)` for every two films that the rater told apart; `opposite` are those on either side."""
        for kind, low, high in (
            ("opposite", self.less, self.more),
            ("less or same", self.less, self.same),
            ("same or more", self.same, self.more),
        ):
            yield from ((kind, a, b) for a in low for b in high if a != b)


MakeScorer = Callable[[Sequence[SoftCase]], Scorer]
"""Returns a scorer that may learn from the cases of other raters."""


def read_soft_attributes(
    source: Path, *, limit: int | None = None, max_rejected: float = MAX_REJECTED
) -> tuple[list[SoftCase], int]:
    """Returns `limit` rows (all by default, evenly spread otherwise) with the raters' folds, and how many rows were bad.

    Raises:
        InputError: the file is missing, empty, damaged or lacks a column. RejectedRowsError: too many rows are bad.
    """
    path = file_in(source, ".csv")
    reading = Reading()
    found = []
    for line, row in csv_rows(path, COLUMNS, reading):
        try:
            less, same, more = (_titles(row[column], column) for column in COLUMNS[3:])
            rater, reference, attribute = (_filled(row[column], column) for column in COLUMNS[:3])
        except BadRowError as error:
            reading.reject(path, line, error)
            continue
        reading.good += 1
        found.append(SoftCase(f"line-{line}", rater, attribute, reference, less, same, more))
    reading.check(path, max_rejected)
    return _folded(spread(found, limit)), len(reading.rejected)


def _filled(text: str, column: str) -> str:
    if not text.strip():
        raise BadRowError(column, "it is blank")
    return text.strip()


def _titles(text: str, column: str) -> tuple[str, ...]:
    """Returns a cell's titles; a blank cell has none."""
    if not text.strip():
        return ()
    try:
        titles: Any = json.loads(text)
    except ValueError as error:
        raise BadRowError(column, f"not a JSON list: {error}") from error
    if not isinstance(titles, list) or not all(isinstance(title, str) for title in titles):
        raise BadRowError(column, "not a JSON list of titles")
    return tuple(titles)


def _folded(cases: Sequence[SoftCase]) -> list[SoftCase]:
    """Deals the raters, in the order of their first row, into folds; a rater is in one fold only."""
    raters = {rater: place % N_FOLDS for place, rater in enumerate(dict.fromkeys(case.group for case in cases))}
    return [replace(case, fold=raters[case.group]) for case in cases]


def evaluate_soft_attributes(
    source: Path, scorers: Mapping[str, MakeScorer], *, limit: int | None = None, others: Mapping[str, Predict[SoftCase]] | None = None,
    answer: Answers = answered, max_rejected: float = MAX_REJECTED,
) -> Measured:  # fmt: skip
    """Returns how well scorers tell films apart, each rater's by a scorer that has not seen that rater; the first is measured.

    Raises:
        InputError, RejectedRowsError: as for `read_soft_attributes`.
    """
    cases, rejected = read_soft_attributes(source, limit=limit, max_rejected=max_rejected)
    systems = {name: _by_fold(cases, make) for name, make in scorers.items()}
    return measure_soft_attributes(cases, {**systems, **(others or {})}, answer, rejected=rejected)


def _by_fold(cases: Sequence[SoftCase], make: MakeScorer) -> Callable[[SoftCase], Prediction]:
    made: dict[int, Scorer] = {}

    def predict(case: SoftCase) -> Prediction:
        if case.fold not in made:
            made[case.fold] = make([other for other in cases if other.fold != case.fold])
        titles = list(dict.fromkeys(case.titles))
        scores = made[case.fold](case.attribute, titles)
        return {"scores": {title: score for title, score in zip(titles, scores, strict=True) if score is not None}}

    return predict


def measure_soft_attributes(
    cases: Sequence[SoftCase], systems: Mapping[str, Callable[[SoftCase], Prediction]], answer: Answers = answered, *, rejected: int = 0,
) -> Measured:  # fmt: skip
    """Returns how systems do on the cases; the first is the one that is measured. Folds are pooled.

    A pair with a film that a system does not know is a miss; `…_known` leaves such pairs out.
    """
    predictions, marks = marked(cases, systems, mark, answer)
    system = next(iter(systems))
    titles = {title for case in cases for title in case.titles}
    known = {title for given in predictions[system] for title in given.get("scores", ())}
    return Measured(
        protocol="understanding-soft-attributes", system=system, systems={name: scored(each) for name, each in marks.items()},
        ids=[case.id for case in cases], groups=[case.group for case in cases],
        slices=sliced(cases, lambda case: (f"fold-{case.fold + 1}",)),
        confusions={"pairs": confusion(
            (kind, verdict)
            for case, given in zip(cases, predictions[system], strict=True) for kind, _, _, verdict in verdicts(case, given)
        )},
        worst=worst(cases, marks[system]),
        counts={
            "cases": len(cases), "raters": len({case.group for case in cases}), "rejected_rows": rejected,
            "attributes": len({case.attribute for case in cases}), "titles": len(titles), "unknown_titles": len(titles - known),
            "failures": failures(predictions[system]),
        },
        predictions=predictions,
    )  # fmt: skip


def verdicts(case: SoftCase, prediction: Prediction) -> Iterator[tuple[str, str, str, str]]:
    """Yields `(kind, less, more, verdict)` for every pair: `right`, `tied`, `wrong`, or `unknown`."""
    scores = prediction.get("scores", {})
    for kind, low, high in case.pairs:
        if low not in scores or high not in scores:
            yield kind, low, high, "unknown"
        else:
            gap = scores[high] - scores[low]
            yield kind, low, high, "right" if gap > 0 else "wrong" if gap < 0 else "tied"


def mark(case: SoftCase, prediction: Prediction) -> Mark:
    """Returns how a prediction did: the share of pairs that it has in the rater's order, a tie being half."""
    worth = {"right": 1.0, "tied": 0.5, "wrong": 0.0, "unknown": 0.0}
    found = list(verdicts(case, prediction))
    parts: dict[str, tuple[float, float]] = {}
    for name, some in (("opposite", [pair for pair in found if pair[0] == "opposite"]), ("all", found)):
        sums = Counter(verdict for *_, verdict in some)
        right = sum(worth[verdict] * n for verdict, n in sums.items())
        parts[f"agreement_{name}"] = right, float(len(some))
        parts[f"agreement_{name}_known"] = right, float(len(some) - sums["unknown"])
    errors = [f"{high} is more so than {low}: {verdict}" for _, low, high, verdict in found if verdict in ("wrong", "unknown")]  # fmt: skip
    gold = {"less": list(case.less), "same": list(case.same), "more": list(case.more)}
    return Mark(parts, gold, prediction.get("scores", {}), tuple(errors))


def oracle(case: SoftCase) -> Prediction:
    """Returns what would be right."""
    places = ((0.0, case.less), (1.0, case.same), (2.0, case.more))
    return {"scores": {title: score for score, titles in places for title in titles}}


def untaught(scorer: Scorer) -> MakeScorer:
    """Returns a scorer that learns from nobody, as one for every fold."""
    return lambda _: scorer
