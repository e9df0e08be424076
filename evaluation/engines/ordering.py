"""The part `rank`: the ten best for people who were held out, as they were found and as a model orders them, and what of its order comes from how it was asked."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from convrec.agent.agent import Agent
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.ranking import HEAD, ModelRanker, most_requests
from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import InputError
from convrec.core.metrics.ranking import hit_rate, ndcg
from convrec.core.reply import Usage
from convrec.core.settings import Llm, Manner
from convrec.evaluation.engines.candidates import Candidate, costs, spent
from convrec.evaluation.engines.figures import Row
from convrec.evaluation.ranking import RankingCase
from convrec.evaluation.run import Answer, spread
from convrec.evaluation.splits import Held
from convrec.tools.toolbox import Recommendation, Request

SHUFFLED, REARRANGED = "shuffled", "rearranged"
AGAIN = 30
"""People for whom the model is asked again, once in each of these two ways."""

_TOP = 3
_BIAS, _KEPT, _TOP_KEPT = "position bias", "kept, {}", f"top {_TOP}, {REARRANGED}"
_OF_THE_ASKING = (_BIAS, _KEPT.format(SHUFFLED), _KEPT.format(REARRANGED), _TOP_KEPT)
Put = Callable[[RankingCase, Recommendation], Recommendation]


def check(llm: Llm, manner: Manner) -> None:
    """Makes sure that a turn has the requests that ranking takes.

    Raises:
        InputError: it has fewer, so that the model would never come to an end.
    """
    needed = most_requests(manner)
    if llm.max_calls_per_turn < needed:
        raise InputError(
            f"Ranking {manner} takes up to {needed} requests a turn, and [llm] max_calls_per_turn allows {llm.max_calls_per_turn}.",
            f"Set max_calls_per_turn = {needed} or more, or measure with --rank listwise.",
        )


def held_people(held: Sequence[Held], catalogue: Catalogue, most: int) -> list[RankingCase]:
    """Returns people of whom something is known and something is to be found, at most so many, evenly spread; rows are `catalogue`'s."""
    chosen = spread([each for each in held if each.history], most)
    return [_case(each, catalogue.ids) for each in chosen]


def _case(held: Held, ids: Sequence[str]) -> RankingCase:
    targets, liked = tuple(ids[row] for row in held.targets), tuple(ids[row] for row in held.history)
    return RankingCase(held.user, held.user, targets, frozenset(ids[row] for row in held.known), liked)


def asked_again(people: Sequence[RankingCase], seed: int) -> list[RankingCase]:
    """Returns those for whom the model is asked again, drawn from the seed."""
    drawn = random.Random(f"{seed}/rank").sample(range(len(people)), min(AGAIN, len(people)))
    return [people[place] for place in sorted(drawn)]


class Rearranged(ModelRanker):
    """Tells the model the same facts in another order: the items first, each from its last fact to its title."""

    def document(self, wanted: dict[str, Any], rows: Sequence[int]) -> dict[str, Any]:
        """Returns what the model is told, the order of its parts and of each item's facts turned round."""
        told = super().document(wanted, rows)
        items = [dict(reversed(item.items())) for item in told.pop("items")]
        return {"items": items, **dict(reversed(told.items()))}


class Ordering:
    """Orders what an agent's tools find for a person: as it is found, and as models do, in one manner."""

    def __init__(self, agent: Agent, manner: Manner, seed: int) -> None:
        self._agent, self._manner, self._seed = agent, manner, seed

    def found(self, case: RankingCase) -> Answer:
        """Returns the ten best as they are found, and how long that took."""
        began = time.perf_counter()
        _, found = self._best(case)
        return {"items": _ids(found), **spent(Usage(), None, _ms(began))}

    def by(
        self, candidate: Candidate, ranker: type[ModelRanker] = ModelRanker, put: Put = lambda case, found: found
    ) -> Callable[[RankingCase], Answer]:
        """Returns what orders the ten best of a case by the candidate's model, after they were `put` before it in an order of their own.

        Answers hold the items' ids as they were put and as they came back, which is the same where the model failed.
        """
        assert candidate.client is not None  # a model's
        asks = ranker(candidate.client, self._agent.toolbox.catalogue)

        def ordered(case: RankingCase) -> Answer:
            began, budget = time.perf_counter(), Budget(candidate.llm)
            request, found = self._best(case)
            given = ordered_so = put(case, found)
            try:
                if len(given.items) > 1:
                    ordered_so = asks.reranked(given, request, self._manner, budget)
            except ModelFailure as failure:
                budget.fell_back("rank", failure)
            row = {"put": _ids(given), "items": _ids(ordered_so), "malformed": budget.malformed}
            return {**row, **spent(budget.usage, budget.fallback, _ms(began))}

        return ordered

    def shuffled(self, case: RankingCase, found: Recommendation) -> Recommendation:
        """Returns the same items in an order drawn from the seed and the person."""
        items = list(found.items)
        random.Random(f"{self._seed}/rank/{case.id}").shuffle(items)
        return replace(found, items=tuple(items))

    def _best(self, case: RankingCase) -> tuple[Request, Recommendation]:
        request = self._agent.requested(history=case.liked, exclude=case.known, k=HEAD)
        return request, self._agent.toolbox.recommend(request)


def _ids(found: Recommendation) -> list[str]:
    return [item.id for item in found.items]


def _ms(began: float) -> float:
    return (time.perf_counter() - began) * 1000


def marks(case: RankingCase, answer: Answer, again: Mapping[str, Answer]) -> dict[str, tuple[float, float]]:
    """Returns a person's part in the metrics of a list, and with `again` (by how it was asked again) in those of a model's order."""
    items = answer.get("items", [])
    found = {
        f"ndcg@{HEAD}": (ndcg(items, case.targets, HEAD), 1.0),
        f"hr@{HEAD}": (hit_rate(items, case.targets, HEAD), 1.0),
    }
    if "error" in answer:
        return found
    if "put" in answer:
        asked = [one for one in (answer, *again.values()) if "error" not in one]
        found["malformed"] = (float(sum(one["malformed"] for one in asked)), float(sum(o["requests"] for o in asked)))
        found |= _of_the_asking(answer, {name: one for name, one in again.items() if _was_ordered(one)})
    return found | costs([answer])


def _was_ordered(answer: Answer) -> bool:
    return "error" not in answer and not answer["fallback"]


def _of_the_asking(answer: Answer, again: Mapping[str, Answer]) -> Row:
    """Returns how far orders come from how the model was asked; no part in what takes an order that it did not give."""
    found = dict.fromkeys(_OF_THE_ASKING, (0.0, 0.0))
    if SHUFFLED in again:
        found[_BIAS] = kept(again[SHUFFLED]["put"], again[SHUFFLED]["items"])
    if not _was_ordered(answer):
        return found
    found |= {_KEPT.format(name): kept(answer["items"], one["items"]) for name, one in again.items()}
    if REARRANGED in again:
        first, other = answer["items"][:_TOP], again[REARRANGED]["items"][:_TOP]
        found[_TOP_KEPT] = (float(len({*first} & {*other})), float(len(first)))
    return found


def kept(one: Sequence[str], other: Sequence[str]) -> tuple[float, float]:
    """Returns how many pairs of items stand in the same order in both, and how many pairs there are: Kendall's tau is twice their share less one."""
    place = {item: number for number, item in enumerate(other)}
    pairs = list(combinations(one, 2))
    return float(sum(place[before] < place[after] for before, after in pairs)), float(len(pairs))
