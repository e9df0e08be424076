"""What a person says over weeks: when, in which conversation, and what it tells; ten messages of noise for each that tells."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from convrec.evaluation.memory.facts import Fact, Kind, Part, Telling
from convrec.evaluation.memory.people import Persona, replaceable
from convrec.evaluation.memory.wording import Choice, wordings

NOISE = 10  # messages of noise for each that tells
_TOLD = 1.5  # tellings a message that tells
_REWORDED, _TIMES = 5, 3  # facts that are told again, and how often in all
_SITTING = (15, 25)  # messages
_START = datetime(2026, 1, 5, 17, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """A telling before it is worded."""

    fact: Fact
    kind: Kind


@dataclass(frozen=True)
class Message:
    """One message: its number among the person's, what it says, of which kind it is, and what it tells."""

    number: int
    at: datetime
    thread: str
    text: str
    kind: str
    tells: tuple[Telling, ...] = ()
    part: Part = "dev"


@dataclass(frozen=True)
class Slot:
    """When and where a message is said."""

    number: int
    at: datetime
    thread: str


def slots(n: int, rng: random.Random) -> list[list[Slot]]:
    """Returns the places of `n` messages, sitting by sitting: days apart, a minute or so between messages; some go on in the thread before."""
    found: list[list[Slot]] = []
    day, number, thread = _START + timedelta(days=rng.randint(0, 3)), 0, 0
    while number < n:
        thread += not found or rng.random() < 0.75
        size = min(rng.randint(*_SITTING), n - number)
        sitting, at = [], day + timedelta(hours=rng.uniform(0, 5))
        for _ in range(size):
            number += 1
            at += timedelta(seconds=rng.randint(15, 120))
            sitting.append(Slot(number, at, f"t{thread}"))
        found.append(sitting)
        day += timedelta(days=rng.randint(1, 9))
    return found


def plans(persona: Persona, n: int, choice: Choice, rng: random.Random) -> dict[int, list[Plan]]:
    """Returns what each message that tells is to tell, by its number among `n`: facts told once, told again, replaced, and dropped."""
    places = telling_places(n, rng)
    told = [(fact, kinds[: len(places)]) for fact, kinds in _courses(persona, round(_TOLD * len(places)), choice, rng)]
    load = [0] * len(places)
    found: dict[int, list[Plan]] = {}
    for fact, kinds in told:
        least = sorted(range(len(places)), key=lambda slot: (load[slot], rng.random()))[: len(kinds)]
        for slot, kind in zip(sorted(least), kinds, strict=True):
            load[slot] += 1
            found.setdefault(places[slot], []).append(Plan(fact, kind))
    return found


def telling_places(n: int, rng: random.Random) -> list[int]:
    """Returns the numbers of the messages that tell, spread over all."""
    count = max(1, n // (NOISE + 1))
    return [1 + int((place + rng.random()) * n / count) for place in range(count)]


def _courses(persona: Persona, budget: int, choice: Choice, rng: random.Random) -> Iterator[tuple[Fact, list[Kind]]]:
    """Yields facts with how each is told over time, within a budget of tellings."""
    again = min(_REWORDED, budget // _REWORDED)
    left = budget - again * _TIMES
    updated = left // 4
    single = max(left - 2 * updated, 0)
    facts = _facts(persona, again + updated + single, rng)
    changing = replaceable(facts)[:updated]
    for fact in changing:
        yield fact, ["tell", "update"]
    rest = [fact for fact in facts if fact not in changing]
    dropped = next((f for f in rest if wordings(f"{f.key}/drop", choice)), None) if budget > 3 else None
    if dropped is not None:
        rest.remove(dropped)
        yield dropped, ["tell", "drop"]
    for place, fact in enumerate(rest):
        yield fact, ["tell"] * (_TIMES if place < again else 1)


def _facts(persona: Persona, n: int, rng: random.Random) -> list[Fact]:
    life, tastes = list(persona.life.values()), list(persona.tastes.values())
    rng.shuffle(life)
    rng.shuffle(tastes)
    liked = tastes[: max(n * 2 // 7, n - len(life))]
    found = life[: n - len(liked)] + liked
    rng.shuffle(found)
    return found
