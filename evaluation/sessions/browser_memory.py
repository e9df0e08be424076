"""How a person's memory fails them: facts misremembered, and wishes thought over."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from convrec.catalogue.schema import Field, Schema
from convrec.evaluation.sessions.browser_facts import Mind, values
from convrec.evaluation.sessions.browser_numbers import is_year, measure
from convrec.evaluation.sessions.browser_reactions import Remark, Scene
from convrec.evaluation.sessions.people import Statement

_TRIES = 5  # reactions sought that show a misremembered fact


def misremembered(mind: Mind, schema: Schema, asked: Field | None, rng: random.Random) -> Iterator[Mapping[str, Any]]:
    """Yields the wanted facts with one of them wrong, that of the field asked about first."""
    fields = [field for field in schema.fields if field.type not in {"text", "url", "image"}]
    order = rng.sample(fields, len(fields))
    order.sort(key=lambda field: field != asked)
    for field in order:
        for _ in range(_TRIES):
            wrong = _wrong(field, mind, rng)
            if wrong is not None:
                yield {**mind.facts, field.name: wrong}


def _wrong(field: Field, mind: Mind, rng: random.Random) -> Any:
    held = mind.facts.get(field.name)
    if field.type == "bool":
        return not held if isinstance(held, bool) else None
    if field.type in {"number", "date"}:
        return _wrong_number(field, measure(field, mind.facts), rng)
    others = mind.others(field)
    if not values(mind.facts, field) or not others:
        return None
    other = rng.choice(others)
    return other if field.type == "category" else [other]


def _wrong_number(field: Field, value: float | None, rng: random.Random) -> float | str | None:
    if value is None:
        return None
    if not is_year(field):
        return value * rng.choice((0.5, 2)) if value else 10
    year = int(value) + rng.choice((-30, -20, 20))
    return f"{year}-01-01" if field.type == "date" else year


def reconsidered(scene: Scene, rng: random.Random) -> Remark | None:
    """Returns a remark that takes back what was said, rather what was wrong, and wishes for something else instead."""
    if not scene.said:
        return None
    old = rng.choice([wish for wish in scene.said if not wish.statement.true] or list(scene.said))
    schema = scene.wording.schema
    field = schema.field(old.statement.facet)
    wishes = [
        [wish for wish in scene.wording.wishes(scene.mind, other) if not _same(wish.statement, old.statement)]
        for other in [field, *rng.sample(schema.fields, len(schema.fields))]
    ]
    new = next((rng.choice(found) for found in wishes if found), None)
    if new is None:
        return None
    instead = scene.wording.say("instead", rng, wish=new.named)
    text = scene.wording.say("retract", rng, old=old.named, new=instead)
    return Remark(text, (new.statement,), (new,), (old.statement,))


def _same(one: Statement, other: Statement) -> bool:
    return (one.facet, one.value, one.polarity) == (other.facet, other.value, other.polarity)
