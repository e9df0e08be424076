"""Descriptions of one of two items, dealt into folds that share no item."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.agent.compact.fields import Fields
from convrec.agent.describing.phrase import Phrase, phrase_of
from convrec.evaluation.understanding.alt_entities import AltCase

FOLDS = 5


@dataclass(frozen=True)
class Question:
    """What people said to mean one of the items in some rows of a catalogue; `target` is the place of the one meant."""

    domain: str
    rows: tuple[int, ...]
    target: int
    phrases: tuple[Phrase, ...]


def questions_of(cases: Iterable[AltCase], fields: Fields) -> list[Question]:
    """Returns the questions that the cases belong to, in order."""
    groups: dict[str, list[AltCase]] = defaultdict(list)
    for case in cases:
        groups[case.group].append(case)
    return [
        Question(
            some[0].domain,
            tuple(fields.catalogue.rows([choice.id for choice in some[0].choices]).tolist()),
            some[0].target,
            tuple(phrase_of(case.message) for case in some),
        )
        for some in groups.values()
    ]


def dealt(questions: Sequence[Question], n: int = FOLDS) -> list[int]:
    """Returns the fold of each question: those of one domain evenly, those that share items together as far as that goes."""
    fold = [0] * len(questions)
    for domain in dict.fromkeys(question.domain for question in questions):
        places = [place for place, question in enumerate(questions) if question.domain == domain]
        load = [0] * n
        for together in sorted(_components(places, questions), key=len, reverse=True):
            pieces = max(1, round(len(together) * n / len(places)))
            for piece in np.array_split(np.array(together), pieces):
                least = load.index(min(load))
                load[least] += len(piece)
                for place in piece.tolist():
                    fold[place] = least
    return fold


def taught(questions: Sequence[Question], fold: Sequence[int], held_out: int) -> list[int]:
    """Returns the places of the questions to learn from: those of other folds that share no item with the one held out."""
    held = {row for place, question in enumerate(questions) if fold[place] == held_out for row in question.rows}
    return [
        place for place, question in enumerate(questions)
        if fold[place] != held_out and not held & set(question.rows)
    ]  # fmt: skip


def _components(places: Sequence[int], questions: Sequence[Question]) -> list[list[int]]:
    """Returns the questions in groups that share items, each in the order in which sharing reaches them."""
    by_row: dict[int, list[int]] = defaultdict(list)
    for place in places:
        for row in questions[place].rows:
            by_row[row].append(place)
    reached: set[int] = set()
    found: list[list[int]] = []
    for start in places:
        queue, group = deque([] if start in reached else [start]), []
        reached.add(start)
        while queue:
            place = queue.popleft()
            group.append(place)
            for other in (other for row in questions[place].rows for other in by_row[row]):
                if other not in reached:
                    reached.add(other)
                    queue.append(other)
        if group:
            found.append(group)
    return found
