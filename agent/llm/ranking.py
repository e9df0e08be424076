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
from convrec.tools.toolbox import Recommendation, Recommended, Request

HEAD = 10
"""How many candidates are ranked anew."""

_ASKED = {
    "listwise": 'Order all items, the best fit first. Example: {"order": [3, 1, 2]}',
    "pointwise": 'Score the one item from 0 (does not fit) to 10 (just right). Example: {"score": 7.5}',
    "pairwise": 'Say which of the two items fits better. Example: {"better": 2}',
}


def most_requests(manner: Manner) -> int:
    """Returns how many requests it may take to order the head of a list, none of them repeated."""
    in_pairs = sum(place.bit_length() for place in range(HEAD))
    return {"listwise": 1, "pointwise": HEAD, "pairwise": in_pairs}[manner]


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
        budget.malformed += sorted(said) != [*range(1, len(rows) + 1)]
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
        return [("system", self.systems[manner]), ("user", as_json(self.document(wanted, rows)))]

    def document(self, wanted: dict[str, Any], rows: Sequence[int]) -> dict[str, Any]:
        """Returns what the model is told: what is wanted, and these items, numbered."""
        return {**wanted, "items": [{"n": n, **shown(self.catalogue, row)} for n, row in enumerate(rows, 1)]}

    def told(self, request: Request) -> dict[str, Any]:
        """Returns a request as the model is told it."""
        liked = [item for item, weight in request.history.items() if weight > 0]
        return {
            "wanted": request.text,
            "wishes": [wish.label for wish in request.wishes],
            "liked": [self.catalogue.item(item).title for item in liked if self.catalogue.row(item) is not None],
        }

    def reranked(self, found: Recommendation, request: Request, manner: Manner, budget: Budget) -> Recommendation:
        """Returns what was found for a request with its head in the model's order; what that changes in a score is a part of it, under `model`.

        Raises:
            ModelFailure: as `order`.
        """
        head, rest = found.items[:HEAD], found.items[HEAD:]
        order = self.order(self.told(request), [item.row for item in head], manner, budget)
        moved = tuple(_moved(head[place], head[rank]) for rank, place in enumerate(order))
        return replace(found, items=(*moved, *rest))


def shown(catalogue: Catalogue, row: int) -> dict[str, Any]:
    """Returns an item as it is shown to a model that judges it: its title and facets, of long lists the beginning."""
    item, schema = catalogue.item(row), catalogue.schema
    told = {name: value for name, value in item.facts.items() if name in schema.names and schema.field(name).faceted}
    return {
        "title": item.title,
        **{name: value[:8] if isinstance(value, list) else value for name, value in told.items()},
    }


def _moved(item: Recommended, place: Recommended) -> Recommended:
    """Returns the item with the score and confidence of the place that it was moved to."""
    if item is place:
        return item
    contributions = {**item.contributions, MODEL: place.score - item.score}
    return replace(item, score=place.score, confidence=place.confidence, contributions=contributions)
