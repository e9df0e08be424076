"""What a toolbox is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from convrec.core.predicate import Predicate
from convrec.core.reply import TraceStep


@dataclass(frozen=True)
class Wish:
    """A soft wish: items that satisfy the predicate gain (`weight` above 0) or lose (below) in rank; none is ruled out."""

    label: str
    predicate: Predicate
    weight: float


@dataclass(frozen=True)
class Leaning:
    """A soft wish in words of its own: items gain (`weight` above 0) or lose by how much of `phrase` they have, beyond the items `than`
    where some are given. None is ruled out.
    """

    phrase: str
    weight: float
    than: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """A number or date field by which items are ranked, the least first, or the most where `descending`; what lacks the fact comes last.

    Among all that are allowed, or only among as many as fit best otherwise.
    """

    field: str
    descending: bool = False
    among: int | None = None


@dataclass(frozen=True)
class Request:
    """A request for items.

    `text` is what is wanted; a text of several lines is a whole conversation, a line a turn, the latest last. `history` maps item
    ids to weights, above 0 for liked and below for disliked; its items are not offered. `filter` and `exclude` rule items out
    before anything is ranked; `named` items come first and are exempt from `filter`, though not from `exclude`. `tools`
    restricts who is asked. `order` ranks by a field. `diversity`, `exploration` and `balance` (each 0 to 1) are the workspace's unless given. A text that is not `conversational` is what somebody types into a
    search box.
    """

    text: str = ""
    history: Mapping[str, float] = field(default_factory=dict)
    wishes: tuple[Wish, ...] = ()
    leanings: tuple[Leaning, ...] = ()
    filter: Predicate | None = None
    exclude: frozenset[str] = frozenset()
    k: int = 10
    tools: tuple[str, ...] | None = None
    named: tuple[str, ...] = ()
    order: Order | None = None
    diversity: float | None = None
    exploration: float | None = None
    balance: float | None = None
    conversational: bool = True


@dataclass(frozen=True)
class Recommended:
    """One item. `score` is the sum of `contributions` (a tool's name, `wish:<label>`, `lean:<phrase>`, `disliked`, `named`, `base`) to 1e-6.

    `confidence` is the score's share of the most that this request could give an item, between 0 and 1: it rises with the
    score, and is a share, not yet a probability.
    """

    id: str
    row: int
    score: float
    confidence: float
    contributions: Mapping[str, float]


@dataclass(frozen=True)
class Recommendation:
    """Items, best first; how many `filter` and `exclude` left (`n_allowed`), how many of those any signal pointed at
    (`n_candidates`), a step for each tool that was called, and the ids of the request that are not in the catalogue.
    """

    items: tuple[Recommended, ...]
    n_allowed: int
    n_candidates: int
    steps: tuple[TraceStep, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """Items side by side: for each field what each item says (None where missing), what all share, and how alike they are.

    `similarity` `[i][j]` is the cosine of two items' cards, -1 to 1; empty where there are no vectors.
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    values: Mapping[str, tuple[object, ...]]
    shared: Mapping[str, tuple[str, ...]]
    similarity: tuple[tuple[float, ...], ...] = ()
