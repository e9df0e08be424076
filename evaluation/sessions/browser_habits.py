"""How a browsing person tends to behave: the chances of each act, given the one before and what is on the slate."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, TypeVar

from convrec.evaluation.sessions.people import Mistake

Choice = TypeVar("Choice")
Act = Literal["critique", "refuse", "praise", "compare", "recognise", "wander", "more", "complain"]
Opening = Literal["plain", "attached", "liked", "nothing"]

OPENINGS: Mapping[Opening, float] = MappingProxyType({"plain": 0.3, "attached": 0.25, "liked": 0.25, "nothing": 0.2})
ACTS_AT_FIRST: Mapping[Act, float] = MappingProxyType(
    {
        "critique": 0.34,
        "refuse": 0.14,
        "praise": 0.12,
        "compare": 0.07,
        "recognise": 0.07,
        "wander": 0.15,
        "more": 0.07,
        "complain": 0.04,
    }
)
# After an act, the chances of these acts are multiplied: nobody asks for more thrice, who praised refines, who complained wanders.
AFTER: Mapping[Act, Mapping[Act, float]] = MappingProxyType(
    {
        "critique": {"praise": 1.5, "more": 0.7},
        "refuse": {"refuse": 0.6, "wander": 1.5, "complain": 2.0},
        "praise": {"praise": 0.3, "critique": 1.6, "more": 1.5},
        "compare": {"compare": 0.2, "critique": 1.5},
        "recognise": {"recognise": 0.3},
        "wander": {"wander": 0.6, "critique": 1.3},
        "more": {"more": 0.2, "complain": 2.0, "wander": 1.5},
        "complain": {"complain": 0.1, "wander": 2.0},
    }
)
MISTAKES: Mapping[Mistake, float] = MappingProxyType(
    {"wrong": 0.35, "typo": 0.3, "silence": 0.2, "change_of_mind": 0.15}
)


@dataclass(frozen=True)
class Habits:
    """The chances that are no weights: `answer` a question that they can answer, `add` a second remark, by their manner."""

    answer: float = 0.7
    add: float = 0.1
    add_when_chatty: float = 0.45


@dataclass(frozen=True)
class Sight:
    """What of a slate moves people: how near its best item is (0 to 1), whether it repeats items, has one they liked, is empty."""

    nearest: float = 0.0
    repeats: bool = False
    familiar: bool = False
    empty: bool = False


def acts(before: Act | None, sight: Sight, rng: random.Random) -> list[Act]:
    """Returns the acts in the order in which a person would try them, drawn without replacement by their chances."""
    factors = dict(AFTER[before]) if before else {}
    weights = {act: share * factors.get(act, 1.0) for act, share in ACTS_AT_FIRST.items()}
    weights["praise"] *= 2.0 if sight.nearest > 0.5 else 1.0
    weights["refuse"] *= 2.0 if sight.nearest < 0.2 else 1.0
    weights["complain"] *= 8.0 if sight.empty else 4.0 if sight.repeats else 1.0
    weights["recognise"] *= 4.0 if sight.familiar else 1.0
    return in_order(weights, rng)


def in_order(weights: Mapping[Choice, float], rng: random.Random) -> list[Choice]:
    """Returns the choices in an order drawn by their weights, without replacement."""
    left: dict[Choice, float] = dict(weights)
    order: list[Choice] = []
    while left:
        (choice,) = rng.choices(list(left), list(left.values()))
        order.append(choice)
        del left[choice]
    return order
