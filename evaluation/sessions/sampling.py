"""Who talks: people drawn from a catalogue and from those who were held out of all training."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from convrec.catalogue.catalogue import Catalogue
from convrec.evaluation.sessions.people import Item, Person, View
from convrec.evaluation.splits import Held

Sampling = Literal["uniform", "by count"]
_LIKED = 5  # items that a person remembers having liked
_COMMON = 200  # values of a field that everybody knows


@dataclass(frozen=True)
class Drawn:
    """A person, and how their target was drawn."""

    person: Person
    sampling: Sampling


def item_of(catalogue: Catalogue, which: int | str) -> Item:
    """Returns an item as people see it."""
    found = catalogue.item(which)
    return Item(found.id, found.facts)


def view_of(catalogue: Catalogue) -> View:
    """Returns what people know of the catalogue."""
    common = {}
    for field in catalogue.schema.valued:
        index = catalogue.values(field.name)
        order = sorted(range(len(index.values)), key=lambda code: (-int(index.counts[code]), index.values[code]))
        common[field.name] = tuple((index.values[code], int(index.counts[code])) for code in order[:_COMMON])
    return View(catalogue.schema, common)


def people(
    catalogue: Catalogue, held: Sequence[Held], n: int, *, seed: int, patience: int, mistakes: float, with_history: bool
) -> list[Drawn]:
    """Returns `n` people a way of drawing targets: uniformly over the catalogue, and in proportion to how often an item was chosen.

    Those by count are held-out people with what they liked themselves; nothing of them was learned from. Where people are known by
    their history alone (`with_history`), all are such. Ids say nothing of the target.
    """
    rng = random.Random(f"people/{seed}")
    pairs = [
        (each, target)
        for each in held
        if each.history or not with_history
        for target in (each.targets if with_history else (*each.history, *each.targets))
    ]
    chosen = [rng.choice(pairs) for _ in range(n)] if pairs else []
    found = [
        _known(catalogue, each, target, number, patience, mistakes) for number, (each, target) in enumerate(chosen)
    ]
    if with_history:
        return [Drawn(person, "by count") for person in found]
    rows = rng.sample(range(len(catalogue)), min(n, len(catalogue)))
    unknown = [
        Person(f"uniform-{number}", item_of(catalogue, row), (), patience, mistakes) for number, row in enumerate(rows)
    ]
    return [Drawn(person, "uniform") for person in unknown] + [Drawn(person, "by count") for person in found]


def _known(catalogue: Catalogue, held: Held, target: int, number: int, patience: int, mistakes: float) -> Person:
    liked = [row for row in held.history if row != target][-_LIKED:]
    return Person(
        f"count-{number}",
        item_of(catalogue, target),
        tuple(item_of(catalogue, row) for row in liked),
        patience,
        mistakes,
    )


def has_attributes(catalogue: Catalogue) -> bool:
    """Returns whether items carry facts that people could talk about, beside their titles."""
    fields = [f for f in catalogue.schema.faceted if f.searchable]
    return any(catalogue.present(field.name).mean() > 0.1 for field in fields)


def counted(drawn: Sequence[Drawn]) -> dict[str, int]:
    """Returns how many people there are, by how their target was drawn."""
    return {
        f"people, targets {sampling}": n for sampling, n in sorted(Counter(each.sampling for each in drawn).items())
    }
