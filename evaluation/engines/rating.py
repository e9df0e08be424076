"""Ratings that were held back, predicted by a model and by two baselines: a control of what a model knows of a person's taste. It decides nothing."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.documents import as_json
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.ranking import shown
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.interactions import Interactions
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.core.metrics.rating import DampedMeans
from convrec.evaluation.engines.candidates import Candidate, spent
from convrec.evaluation.engines.factorisation import BiasedFactors
from convrec.evaluation.result import Figure, Metrics, Scored, figures
from convrec.evaluation.run import Answer
from convrec.prompts.rate.answer import Rating
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import RATE
from convrec.tools.feedback import is_rating

MEANS, FACTORS = "mean of person and item", "matrix factorisation"
MOST = 50
"""People of whom a rating is predicted, one each."""

_FEWEST = 5  # items that a person rated
_TOLD = 20  # of these, the latest, beside which the model predicts


@dataclass(frozen=True)
class RatingCase:
    """A person, the item that they rated last, what they gave it, and what they gave others before, the latest last; items are rows."""

    id: str
    row: int
    rating: float
    rated: tuple[tuple[int, float], ...]


class Ratings:
    """A catalogue's ratings, those of some people's latest items held back."""

    def __init__(self, catalogue: Catalogue, most: int, seed: int) -> None:
        self.catalogue, self._seed = catalogue, seed
        self._events = catalogue.interactions()
        self._rated = np.flatnonzero(is_rating(self._events))
        self.cases = self._drawn(most)

    @property
    def scale(self) -> tuple[float, float]:
        """Returns the lowest and the highest rating that anybody gave."""
        values = self._events.value[self._rated]
        return float(values.min()), float(values.max())

    def _drawn(self, most: int) -> list[RatingCase]:
        events = self._events
        times = np.nan_to_num(events.timestamp[self._rated], nan=-np.inf)
        last: dict[int, dict[int, float]] = {}
        for event in self._rated[np.argsort(times, kind="stable")].tolist():
            theirs = last.setdefault(int(events.user[event]), {})
            theirs.pop(int(events.row[event]), None)  # an item rated again counts where it was rated last
            theirs[int(events.row[event])] = float(events.value[event])
        able = sorted(user for user, theirs in last.items() if len(theirs) >= _FEWEST)
        drawn = random.Random(f"{self._seed}/rate").sample(able, min(most, len(able)))
        return [_case(events, user, last[user]) for user in sorted(drawn)]

    @cached_property
    def _known(self) -> tuple[list[str], list[str], list[float]]:
        """Returns users, items and values of all ratings but those that are held back."""
        events, ids = self._events, self.catalogue.ids
        held = {(case.id, case.row) for case in self.cases}
        known = [event for event in self._rated.tolist() if (events.users[events.user[event]], int(events.row[event])) not in held]  # fmt: skip
        users = [events.users[user] for user in events.user[known].tolist()]
        return users, [ids[row] for row in events.row[known].tolist()], events.value[known].tolist()

    @cached_property
    def _means(self) -> DampedMeans:
        return DampedMeans.fit(*self._known)

    @cached_property
    def _factors(self) -> BiasedFactors:
        return BiasedFactors.fit(*self._known, seed=self._seed)

    def by_means(self, case: RatingCase) -> Answer:
        """Returns what the means of the person and of the item come to."""
        return {"rating": self._within(self._means.predict([case.id], [self.catalogue.ids[case.row]])[0])}

    def by_factors(self, case: RatingCase) -> Answer:
        """Returns what everybody's ratings together come to."""
        return {"rating": self._within(self._factors.predict([case.id], [self.catalogue.ids[case.row]])[0])}

    def by(self, candidate: Candidate) -> Callable[[RatingCase], Answer]:
        """Returns what asks a candidate's model; where it gives no rating, none is in the answer."""
        client, system = candidate.client, prompt("rate", "system", nouns=self.catalogue.schema.nouns)
        assert client is not None  # a model's

        def predicted(case: RatingCase) -> Answer:
            began, budget = time.perf_counter(), Budget(candidate.llm)
            asked, found = [("system", system), ("user", as_json(self._document(case)))], {}
            try:
                said = client.ask(asked, Rating, budget, max_tokens=RATE.answer_tokens)
                found = {"rating": self._within(said.rating)}
            except ModelFailure as failure:
                budget.fell_back("rate", failure)
            return {**found, **spent(budget.usage, budget.fallback, (time.perf_counter() - began) * 1000)}

        return predicted

    def _document(self, case: RatingCase) -> dict[str, Any]:
        rated = [{**shown(self.catalogue, row), "rating": value} for row, value in case.rated[-_TOLD:]]
        return {"scale": list(self.scale), "rated": rated, "item": shown(self.catalogue, case.row)}

    def _within(self, rating: float) -> float:
        return float(np.clip(rating, *self.scale))


def _case(events: Interactions, user: int, theirs: Mapping[int, float]) -> RatingCase:
    *others, (row, rating) = theirs.items()
    return RatingCase(events.users[user], row, rating, tuple(others))


def errors(cases: Sequence[RatingCase], answers: Mapping[str, Sequence[Answer]], seed: int) -> dict[str, Metrics]:
    """Returns each system's RMSE and MAE in rating points; what `MEANS` predicts stands where a system gave no rating, `given` being the share
    of ratings that it gave.
    """
    draws, found = Resampling([case.id for case in cases], seed=seed), {}
    for name, each in answers.items():
        pairs = zip(each, answers[MEANS], strict=True)
        said = [own.get("rating", mean_of["rating"]) for own, mean_of in pairs]
        off = np.array(said, np.float64) - [case.rating for case in cases]
        given = mean([float("rating" in answer) for answer in each])
        table = figures(Scored({"rmse": mean(off**2), "mae": mean(np.abs(off)), "given": given}), draws)
        found[name] = table | {"rmse": _rooted(table["rmse"])}  # percentiles of a root are the roots of percentiles
    return found


def _rooted(figure: Figure) -> Figure:
    ends = figure.model_dump()
    return Figure(**{name: round(math.sqrt(value), 10) if value is not None else None for name, value in ends.items()})
