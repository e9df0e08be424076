"""ToolRec's loop without a language model: explore the attribute that promises most, look, go on or stop.

Source: Zhao et al. 2024, "Let Me Do It For You: Towards LLM Empowered Recommendation via Tool Learning" (SIGIR). There a
model chooses the attribute; here its expected gain is computed from what the person likes and what was found.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from convrec.agent.reasons import EXPLORED
from convrec.agent.wording import joined_by
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.predicate import Comparison, Predicate
from convrec.core.reply import TraceStep
from convrec.core.settings import Policy
from convrec.tools.toolbox import Recommendation, Request, Toolbox, Wish

_HEAD = 10  # how many of the best found are looked at
_EXPLORED = 0.5  # weight of an attribute that nobody asked for beside a wish that somebody did
_MIN_SUPPORT = 2  # items among those looked at that must share the attribute
_MIN_PROMISE = 0.15
Watch = Callable[[TraceStep], None]


@dataclass(frozen=True)
class Attribute:
    """A value of a facet, and what exploring it promises, in nats of attention moved."""

    field: str
    value: str
    label: str
    promise: float

    @property
    def predicate(self) -> Predicate:
        """Items that carry the value."""
        return Comparison(field=self.field, op="contains", value=self.value)


@dataclass(frozen=True)
class Explored:
    """What the loop ended with: the last recommendation, the request that gave it, and the steps taken."""

    found: Recommendation
    request: Request
    attributes: tuple[Attribute, ...]
    steps: tuple[TraceStep, ...]


@dataclass(frozen=True)
class Move:
    """One round's choice: the request to retrieve by next, what the trace says of it, and the attribute explored, if it was one."""

    request: Request
    said: Mapping[str, object]
    attribute: Attribute | None = None


class Chooser(Protocol):
    """Who chooses what to explore next."""

    def __call__(self, found: Recommendation, request: Request) -> Move | None:
        """Returns the next move; None to stop."""
        ...


class MostPromising:
    """Chooses the attribute that promises most, in code."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def __call__(self, found: Recommendation, request: Request) -> Move | None:
        """Returns the exploration of the most promising attribute; None where none promises enough."""
        best = next(iter(promising(self._catalogue, request, found)), None)
        if best is None or best.promise < _MIN_PROMISE:
            return None
        said = {"attribute": f"{best.field}={best.value}", "promise": round(best.promise, 3)}
        return Move(explored_by(request, best.label, best.predicate), said, best)


def by_code(catalogue: Catalogue, policy: Policy) -> Chooser:
    """Returns who chooses where no model does: `auto` leaves it at one retrieval, since on no catalogue did more of them win (`benchmarks/exploring.py`)."""
    return MostPromising(catalogue) if policy.explore == "always" else lambda found, request: None


def explored_by(request: Request, label: str, predicate: Predicate) -> Request:
    """Returns the request with an attribute as a further soft wish, of half the weight of one that somebody asked for."""
    return replace(
        request, wishes=(*request.wishes, Wish(label=f"{EXPLORED}{label}", predicate=predicate, weight=_EXPLORED))
    )


def explore(
    toolbox: Toolbox, request: Request, policy: Policy, watch: Watch, choose: Chooser | None = None
) -> Explored:
    """Returns candidates for the request after at most `policy.max_rounds` rounds of retrieval.

    Each round retrieves again as `choose` says, without one by the most promising attribute where the policy says `always`; that is kept when
    it brings new items into the head of the list, and the loop stops when it does not, or when nothing is worth exploring.
    """
    choose = choose or by_code(toolbox.catalogue, policy)
    steps: list[TraceStep] = []

    def noted(step: TraceStep) -> None:
        if step not in steps:  # rounds share what the request's words and history came to
            steps.append(step)
            watch(step)

    def retrieve(asked: Request) -> Recommendation:
        found = toolbox.recommend(asked)
        for step in found.steps:
            noted(step)
        return found

    found = retrieve(request)
    explored: list[Attribute] = []
    for _ in range(policy.max_rounds - 1):
        move = choose(found, request) if worth_more(found, request, policy) else None
        if move is None:
            break
        after = retrieve(move.request)
        fresh = {item.id for item in after.items[:_HEAD]} - {item.id for item in found.items[:_HEAD]}
        said = {**move.said, "new_in_head": len(fresh)}
        noted(TraceStep(tool="explore", n_in=len(found.items), n_out=len(fresh), arguments=said))
        if not fresh:
            break
        found, request = after, move.request
        explored += [move.attribute] if move.attribute is not None else []
    return Explored(found, request, tuple(explored), tuple(steps))


def worth_more(found: Recommendation, request: Request, policy: Policy) -> bool:
    """Tells whether another round can pay: there is taste to go by, room to choose, and no clear winner yet."""
    if policy.explore == "never" or len(found.items) <= _HEAD or request.named:
        return False
    if policy.explore == "always":
        return True
    scores = np.array([item.score for item in found.items[: 2 * _HEAD]])
    spread = (scores[0] - scores[-1]) / max(abs(scores[0]), 1e-9)
    return any(weight > 0 for weight in request.history.values()) and float(spread) < 0.6


def promising(catalogue: Catalogue, request: Request, found: Recommendation) -> Iterator[Attribute]:
    """Yields attributes by falling promise: how much more often liked and found items carry a value than the catalogue does.

    The promise is `p · log(p / q)`, p the value's share (liked items count in full, the head by rank), q its share of
    the catalogue: the value's part of the Kullback–Leibler divergence between the two.
    """
    liked = {row: w for item, w in request.history.items() if w > 0 and (row := catalogue.row(item)) is not None}
    evidence = {item.row: 0.5 / (rank + 2) for rank, item in enumerate(found.items[:_HEAD])} | liked
    wished = {wish.predicate for wish in request.wishes}
    fields = catalogue.schema.valued
    ranked = sorted(
        (a for f in fields for a in _attributes(catalogue, f, evidence, set(liked))),
        key=lambda a: (-a.promise, a.label),
    )
    demanded = str(request.filter)
    return (a for a in ranked if a.predicate not in wished and repr(a.value) not in demanded)


def _attributes(
    catalogue: Catalogue, field: Field, evidence: Mapping[int, float], liked: Collection[int]
) -> Iterator[Attribute]:
    """Yields the field's values that a liked item has and another one looked at shares."""
    index, total = catalogue.values(field.name), sum(evidence.values())
    known = {value for row in liked for value in index.of(row)}
    weight: defaultdict[str, float] = defaultdict(float)
    support: Counter[str] = Counter()
    for row, amount in evidence.items():
        for value in index.of(row):
            weight[value] += amount
            support[value] += 1
    for value, amount in weight.items():
        if support[value] >= _MIN_SUPPORT and value in known:
            p, q = amount / total, len(index.rows(value)) / len(catalogue)
            yield Attribute(field.name, value, joined_by(field, value), float(p * np.log(p / q)))
