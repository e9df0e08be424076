"""Generated people: a life from the network, tastes from a catalogue, a way of writing."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from convrec.evaluation.memory.facts import Fact, Value
from convrec.evaluation.memory.network import NONE, Deal, another, drawn, nodes
from convrec.evaluation.memory.tastes import Offer, tastes
from convrec.evaluation.memory.wording import Style, wordings

_COMPANIONS = ("spouse", "kid", "sib", "pet")  # nodes that are words for whom a fact is about


@dataclass(frozen=True)
class Persona:
    """One generated person: facts of life and tastes by the key of their wordings, every one with what may replace it."""

    id: str
    life: Mapping[str, Fact]
    tastes: Mapping[str, Fact]
    style: Style

    @property
    def values(self) -> tuple[Value, ...]:
        """Returns all that was or will be true of them."""
        facts = (*self.life.values(), *self.tastes.values())
        return tuple(value for fact in facts for value in (fact.value, fact.other) if value is not None)


def personas(offer: Offer, n: int, seed: int) -> list[Persona]:
    """Returns `n` people; fewer with the same seed are the first of them."""
    deal = Deal(seed)
    return [_persona(f"p{number}", offer, deal, random.Random(f"persona/{seed}/{number}")) for number in range(n)]


def _persona(name: str, offer: Offer, deal: Deal, rng: random.Random) -> Persona:
    life = drawn(rng, deal)
    slots = {each: life[each] for each in _COMPANIONS}
    facts = {}
    for key, node in nodes().items():
        if node.about and life[key] != NONE:
            replaced = another(key, life, rng) if wordings(f"{key}/update", "all") else None
            other = _value(replaced, ordinals=node.ordinals) if replaced else None
            facts[key] = Fact(key, _value(life[key], ordinals=node.ordinals), slots, other)
    return Persona(name, facts, tastes(offer, rng), Style.drawn(rng))


def _value(name: str, *, ordinals: bool) -> Value:
    if not ordinals:
        return Value((name,))
    day, month = name.split()
    ordinal = f"{day}{_ending(int(day))}"
    return Value((name, f"{month} {day}", f"{ordinal} of {month}", f"{month} {ordinal}"))


def _ending(day: int) -> str:
    return "th" if day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")


def replaceable(facts: Sequence[Fact]) -> list[Fact]:
    """Returns the facts that something can replace."""
    return [fact for fact in facts if fact.other is not None]
