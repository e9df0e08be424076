"""ToolRec's loop with a model that chooses: it sees what was found, names attributes to explore, and goes on or stops.

Source: Zhao et al. 2024, "Let Me Do It For You: Towards LLM Empowered Recommendation via Tool Learning" (SIGIR). The model chooses; every call
is typed, checked against the catalogue and executed by code, and the tools rank. It reads no word that an item alone has, no title of what was
found among them, and no call of it can single out an item: an item's maker can't talk the item to the front.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from convrec.agent.controller import Attribute, Chooser, Move, by_code, explored_by
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.catalogue_lines import field_lines, shared, shared_values
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.documents import as_json
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.request import preference_predicate
from convrec.agent.wording import demand, joined_by
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import MEASURED, NUMERIC
from convrec.core.predicate import Comparison, Predicate, every
from convrec.core.settings import Policy
from convrec.core.text import words
from convrec.core.understanding import Preference
from convrec.prompts.plan.answer import Call, Explore, Narrow, Search, Similar, Steps
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import PLAN
from convrec.tools.toolbox import Recommendation, Request, Toolbox

_TOP = 8  # items that the model sees
_COUNTED = 50  # items whose values are counted
_COMMON = 5  # values of a field that are told
_FOUND = 20  # items that a search or a likeness puts forward
_RANGE = re.compile(r"(\d+(?:\.\d+)?)?\.\.(\d+(?:\.\d+)?)?")


class ModelExploring:
    """Explores one catalogue by a model; `moves` gives a turn's chooser."""

    def __init__(self, client: ChatClient, toolbox: Toolbox) -> None:
        self._client, self._toolbox = client, toolbox
        schema = toolbox.catalogue.schema
        self.system = prompt("plan", "system", nouns=schema.nouns, fields=field_lines(toolbox.catalogue, values=20))

    def over(self, toolbox: Toolbox) -> ModelExploring:
        """Returns the same over another toolbox of the same schema; what the prompt says of the fields stays as it was."""
        other = copy(self)
        other._toolbox = toolbox
        return other

    def moves(self, budget: Budget, policy: Policy) -> ModelMoves:
        """Returns who chooses the moves of one turn: the model, one of them unless the policy says `always`; what is left, code."""
        most = policy.max_rounds if policy.explore == "always" else 1
        return ModelMoves(
            self._client, self._toolbox, self.system, budget, by_code(self._toolbox.catalogue, policy), most
        )


@dataclass
class ModelMoves:
    """One turn's moves: the model's while it may be asked and answers well, then those of the controller in code."""

    client: ChatClient
    toolbox: Toolbox
    system: str
    budget: Budget
    otherwise: Chooser
    most: int
    done: list[str] = field(default_factory=list)
    liked: set[str] = field(default_factory=set)

    def __call__(self, found: Recommendation, request: Request) -> Move | None:
        """Returns the model's next move; where it fails, code's."""
        if "plan" in self.budget.failures or self.most <= 0:
            return self.otherwise(found, request)
        self.most -= 1
        try:
            steps = self.client.ask(self._asked(found, request), Steps, self.budget, max_tokens=PLAN.answer_tokens)
            move = self._move(steps, request)
        except ModelFailure as failure:
            self.budget.fell_back("plan", failure)
            return self.otherwise(found, request)
        self.budget.served.add("plan")
        return move

    def _asked(self, found: Recommendation, request: Request) -> list[tuple[str, str]]:
        return [("system", self.system), ("user", as_json(self._document(found, request)))]

    def _document(self, found: Recommendation, request: Request) -> dict[str, Any]:
        catalogue = self.toolbox.catalogue
        liked = [catalogue.item(item) for item, weight in request.history.items() if weight > 0]
        self.liked.update(item.id for item in liked)
        return {
            "wanted": {
                "words": request.text,
                "demands": demand(request.filter, catalogue.schema) if request.filter is not None else "",
                "wishes": [wish.label for wish in request.wishes],
            },
            "liked": [{"id": item.id, "title": item.title} for item in liked[:10]], "matching": found.n_allowed, "top": [self._seen(item.row) for item in found.items[:_TOP]],
            "common": self._common(item.row for item in found.items[:_COUNTED]), "done": self.done,
        }  # fmt: skip

    def _seen(self, row: int) -> dict[str, Any]:
        """Returns what an item of the list has in common with others, its numbers and its dates."""
        catalogue, facts = self.toolbox.catalogue, self.toolbox.catalogue.item(row).facts
        plain = {f.name: facts[f.name] for f in catalogue.schema.of_type(*MEASURED, "bool") if f.name in facts}
        fields = catalogue.schema.valued
        common = {f.name: shared_values(catalogue, f.name, catalogue.values(f.name).of(row)) for f in fields}
        return plain | {name: values for name, values in common.items() if values}

    def _common(self, rows: Iterable[int]) -> dict[str, dict[str, int]]:
        catalogue, seen = self.toolbox.catalogue, list(rows)
        counts = {
            f.name: Counter(
                v for row in seen for v in shared_values(catalogue, f.name, catalogue.values(f.name).of(row))
            )
            for f in catalogue.schema.valued
        }
        return {name: {v: n for v, n in count.most_common(_COMMON) if n > 1} for name, count in counts.items()}

    def _move(self, steps: Steps, request: Request) -> Move | None:
        """Returns the round's move: all its calls together; None where the model stops or every call is refused."""
        if steps.stop and not steps.calls:
            return None
        fresh = [call for call in steps.calls if call.model_dump_json() not in self.done]
        self.done += [call.model_dump_json() for call in fresh]
        if not fresh:
            raise ModelFailure("looped")
        with ThreadPoolExecutor(max_workers=4) as pool:
            tried = list(zip(fresh, pool.map(lambda call: self._part(call, request), fresh), strict=True))
        made, parts = (
            [call for call, part in tried if part is not None],
            [part for _, part in tried if part is not None],
        )
        if not parts:
            raise ModelFailure("unchecked")
        for part in parts:
            request = part.onto(request)
        narrowed = every(request.filter, *(part.filter for part in parts if part.filter is not None))
        if narrowed != request.filter and int(self.toolbox.catalogue.mask(narrowed).sum()) >= _TOP:
            request = replace(request, filter=narrowed)
        attribute = next((part.attribute for part in parts if part.attribute is not None), None)
        return Move(request, {"calls": [call.model_dump() for call in made], "by": "model"}, attribute)

    def _part(self, call: Call, request: Request) -> _Part | None:
        """Returns what a call adds to the request; None where it names what there is not."""
        match call:
            case Explore(field=name, value=value):
                predicate = self._predicate(name, value)
                return _Part(_label(self.toolbox.catalogue, name, value), predicate) if predicate is not None else None
            case Narrow(field=name, value=value):
                predicate = self._predicate(name, value)
                return _Part(filter=predicate) if predicate is not None else None
            case Search(query=query):
                if not set(words(query)) <= self._own_words(request):
                    return None
                found = self.toolbox.search(query, filter=request.filter, k=_FOUND)
                return _Part(f"search {query}", _among(item.id for item in found.items))
            case Similar(item_id=item_id):
                if item_id not in self.liked:
                    return None
                found = self.toolbox.similar(item_id, k=_FOUND, filter=request.filter)
                return _Part(f"like {item_id}", _among(item.id for item in found.items))

    def _own_words(self, request: Request) -> set[str]:
        """Returns the words that may be searched for: the person's, and the values that several items share."""
        catalogue = self.toolbox.catalogue
        wanted = demand(request.filter, catalogue.schema) if request.filter is not None else ""
        said = [request.text, wanted, *(wish.label for wish in request.wishes)]
        values = (v for f in catalogue.schema.valued for v in shared_values(catalogue, f.name))
        return {word for text in (*said, *values) for word in words(text)}

    def _predicate(self, name: str, value: str) -> Predicate | None:
        """Returns the predicate of a field's value, or range, that several items of the catalogue have; None where there are none."""
        predicate = self._spelt(name, value)
        return predicate if predicate is not None and shared(self.toolbox.catalogue, predicate) else None

    def _spelt(self, name: str, value: str) -> Predicate | None:
        catalogue = self.toolbox.catalogue
        if name not in catalogue.schema.names:
            return None
        field = catalogue.schema.field(name)
        if field.valued:
            known = catalogue.values(name).find(value)
            return (
                preference_predicate(Preference(facet=name, value=known), catalogue.schema)
                if known is not None
                else None
            )
        if field.type not in NUMERIC or not _RANGE.fullmatch(value):
            return None
        return preference_predicate(Preference(facet=name, value=value), catalogue.schema)


@dataclass(frozen=True)
class _Part:
    """What one call adds: a soft wish under a label, or a filter for the next list."""

    label: str = ""
    wish: Predicate | None = None
    filter: Predicate | None = None

    @property
    def attribute(self) -> Attribute | None:
        """Returns the attribute that was explored, if it is one."""
        if isinstance(self.wish, Comparison) and self.wish.field != "id" and isinstance(self.wish.value, str):
            return Attribute(self.wish.field, self.wish.value, self.label, 0.0)
        return None

    def onto(self, request: Request) -> Request:
        """Returns the request with the wish."""
        return explored_by(request, self.label, self.wish) if self.wish is not None else request


def _among(ids: Iterator[str]) -> Predicate:
    return Comparison(field="id", op="in", value=list(ids))


def _label(catalogue: Catalogue, name: str, value: str) -> str:
    field = catalogue.schema.field(name)
    return joined_by(field, catalogue.values(name).find(value) or value) if field.valued else f"{name} {value}"
