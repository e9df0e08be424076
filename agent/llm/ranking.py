"""A model as a ranker of a few candidates: all at once, one by one, or in pairs. Off unless settings ask for it, since models of this size rank near chance.

Source: Hou et al. 2024, "Large Language Models are Zero-Shot Rankers for Recommender Systems" (ECIR), sec. 3; Qin et al. 2024, "Large Language Models are
Effective Text Rankers with Pairwise Ranking Prompting" (NAACL findings), sec. 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.documents import as_json
from convrec.agent.reasons import MODEL
from convrec.catalogue.catalogue import Catalogue
from convrec.core.settings import Manner
from convrec.prompts.rank.answer import Better, Order, Score
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import RANK
from convrec.tools.toolbox import Recommendation, Recommended

_HEAD = 10  # candidates that are ranked anew
_ASKED = {
    "listwise": 'Order all items, the best fit first. Example: {"order": [3, 1, 2]}',
    "pointwise": 'Score the one item from 0 (does not fit) to 10 (just right). Example: {"score": 7.5}',
    "pairwise": 'Say which of the two items fits better. Example: {"better": 2}',
}


class ModelRanker:
    """Orders candidates of one catalogue. Every order is a permutation of what was given."""

    def __init__(self, client: ChatClient, catalogue: Catalogue) -> None:
        self._client, self.catalogue = client, catalogue
        nouns = catalogue.schema.nouns
        self.systems = {
            manner: prompt("rank", "system", nouns=nouns, answer=answer) for manner, answer in _ASKED.items()
        }

    def over(self, catalogue: Catalogue) -> ModelRanker:
        """Returns the same for another catalogue of the same schema."""
        other = copy(self)
        other.catalogue = catalogue
        return other

    def order(self, wanted: dict[str, Any], rows: Sequence[int], manner: Manner, budget: Budget) -> tuple[int, ...]:
        """Returns the places of the rows in their new order, the best first: one request listwise, one a row pointwise, about n log n in pairs.

        Raises:
            ModelFailure: the model gave no answer to one of the requests.
        """
        ways: dict[str, Callable[[dict[str, Any], Sequence[int], Budget], tuple[int, ...]]] = {
            "listwise": self._listwise, "pointwise": self._pointwise, "pairwise": self._pairwise,
        }  # fmt: skip
        return ways[manner](wanted, rows, budget)

    def _listwise(self, wanted: dict[str, Any], rows: Sequence[int], budget: Budget) -> tuple[int, ...]:
        said = self._client.ask(
            self._asked("listwise", wanted, rows), Order, budget, max_tokens=RANK.answer_tokens
        ).order
        places = [number - 1 for number in dict.fromkeys(said) if 1 <= number <= len(rows)]
        return (*places, *(place for place in range(len(rows)) if place not in places))

    def _pointwise(self, wanted: dict[str, Any], rows: Sequence[int], budget: Budget) -> tuple[int, ...]:
        scores = [
            self._client.ask(
                self._asked("pointwise", wanted, [row]), Score, budget, max_tokens=RANK.answer_tokens
            ).score
            for row in rows
        ]
        return tuple(sorted(range(len(rows)), key=lambda place: -scores[place]))

    def _pairwise(self, wanted: dict[str, Any], rows: Sequence[int], budget: Budget) -> tuple[int, ...]:
        """Inserts each row into the order of those before it, by halving."""
        order: list[int] = []
        for place in range(len(rows)):
            low, high = 0, len(order)
            while low < high:
                middle = (low + high) // 2
                asked = self._asked("pairwise", wanted, [rows[order[middle]], rows[place]])
                better = self._client.ask(asked, Better, budget, max_tokens=RANK.answer_tokens).better
                low, high = (low, middle) if better == 2 else (middle + 1, high)
            order.insert(low, place)
        return tuple(order)

    def _asked(self, manner: Manner, wanted: dict[str, Any], rows: Sequence[int]) -> list[tuple[str, str]]:
        items = [{"n": n, **self._seen(row)} for n, row in enumerate(rows, 1)]
        return [("system", self.systems[manner]), ("user", as_json({**wanted, "items": items}))]

    def _seen(self, row: int) -> dict[str, Any]:
        item, schema = self.catalogue.item(row), self.catalogue.schema
        told = {
            name: value for name, value in item.facts.items() if name in schema.names and schema.field(name).faceted
        }
        return {
            "title": item.title,
            **{name: value[:8] if isinstance(value, list) else value for name, value in told.items()},
        }

    def reranked(self, found: Recommendation, wanted: dict[str, Any], manner: Manner, budget: Budget) -> Recommendation:
        """Returns the recommendation with its head in the model's order; what that changes in a score is a part of it, under `model`.

        Raises:
            ModelFailure: as `order`.
        """
        head, rest = found.items[:_HEAD], found.items[_HEAD:]
        order = self.order(wanted, [item.row for item in head], manner, budget)
        moved = tuple(_moved(head[place], head[rank]) for rank, place in enumerate(order))
        return replace(found, items=(*moved, *rest))


def _moved(item: Recommended, place: Recommended) -> Recommended:
    """Returns the item with the score and confidence of the place that it was moved to."""
    if item is place:
        return item
    contributions = {**item.contributions, MODEL: place.score - item.score}
    return replace(item, score=place.score, confidence=place.confidence, contributions=contributions)
