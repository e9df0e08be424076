"""Catalogues out of what services answered in the training dialogues of the Schema-Guided Dialogue layout."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import Clock
from convrec.core.text import fold
from convrec.evaluation.understanding.slots import normalised
from convrec.evaluation.understanding.workspaces import cached

Answer = Mapping[str, str]
"""What a service answered: slot → value."""

_SEVERAL = "tags"


@dataclass(frozen=True)
class Service:
    """A service read as a catalogue: its slots as fields, the one that names items, and where items come from otherwise."""

    name: str
    words: tuple[str, str, str]
    title: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    occasion: frozenset[str]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def domain(self) -> str:
        """Returns the name without its version: `Movies`."""
        return self.name.partition("_")[0]

    @property
    def schema(self) -> Schema:
        """Returns the schema, the title first."""
        noun, nouns, audience = self.words
        return Schema(fields=(TITLE, *self.fields), noun=noun, nouns=nouns, audience=audience)

    def facet(self, slot: str) -> str | None:
        """Returns the field that a slot is; None for slots that are none (how many tickets, from which account)."""
        if slot == self.title:
            return "title"
        return slot if any(each.name == slot for each in self.fields) else None

    def mapped(self, answers: Mapping[str, Sequence[Answer]]) -> Iterator[Answer]:
        """Yields this service's answers, or, where it gave none, those of the services that it takes its values from."""
        own = answers.get(self.name)
        if own:
            yield from own
            return
        for source, slots in self.values.items():
            for answer in answers.get(source, ()):
                yield {slot: answer[theirs] for slot, theirs in slots.items() if theirs in answer}


@lru_cache(maxsize=1)
def services() -> Mapping[str, Service]:
    """Returns the services that are read as catalogues, by name."""
    text = resources.files("convrec.evaluation.understanding").joinpath("sgd_services.yaml").read_text("utf-8")
    return {name: _service(name, described) for name, described in yaml.safe_load(text).items()}


def _service(name: str, described: Mapping[str, Any]) -> Service:
    slots = {**described["slots"], **described.get("occasion", {})}
    return Service(
        name=name,
        words=tuple(described["words"]),
        title=described["title"],
        key=tuple(described.get("key", ())),
        fields=tuple(_field(slot, *spelled) for slot, spelled in slots.items()),
        occasion=frozenset(described.get("occasion", ())),
        values=described.get("values", {}),
    )


def _field(name: str, kind: str, description: str, label: str = "") -> Field:
    return Field.model_validate({"name": name, "type": kind, "description": description, "label": label})


@dataclass(frozen=True)
class Supply:
    """A service's items, ready to ingest, and every value that the training file has of each field, as it is compared."""

    service: Service
    items: tuple[Mapping[str, Any], ...]
    carried: Mapping[str, frozenset[str]]

    def carries(self, facet: str, value: str) -> bool:
        """Tells whether the catalogue has the (normalised) value in the field."""
        return value in self.carried.get(facet, ())

    def catalogue(self, folder: Path, clock: Clock) -> Catalogue:
        """Returns the catalogue, ingested into a workspace in `folder` that is named by what is in it, and used again from there."""
        return cached(folder, self.service.name, self.items, self.service.schema, clock)


def supply(service: Service, answers: Mapping[str, Sequence[Answer]]) -> Supply:
    """Returns the items that a service offers: answers of one title and key are one item, in the order of their first mention.

    A field with one value an item takes the most frequent (the first of those), a field of tags all of them.
    """
    found: dict[tuple[str, ...], dict[str, dict[str, int]]] = {}
    carried: dict[str, set[str]] = {}
    for answer in service.mapped(answers):
        title = answer.get(service.title, "").strip()
        if not title:
            continue
        item = found.setdefault((fold(title), *(fold(answer.get(slot, "")) for slot in service.key)), {})
        for slot, value in answer.items():
            facet = service.facet(slot)
            if facet is not None and value.strip() and value != "dontcare":
                counts = item.setdefault(facet, {})
                counts[value] = counts.get(value, 0) + 1
                carried.setdefault(facet, set()).add(normalised(value))
    items = tuple(_item(service, number, item) for number, item in enumerate(found.values(), 1))
    return Supply(service, items, {facet: frozenset(values) for facet, values in carried.items()})


def _item(service: Service, number: int, values: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    facts: dict[str, Any] = {"id": str(number), "title": _most(values["title"])}
    for each in service.fields:
        counts = values.get(each.name)
        facts[each.name] = None if not counts else list(counts) if each.type == _SEVERAL else _most(counts)
    return facts


def _most(counts: Mapping[str, int]) -> str:
    return max(counts, key=lambda value: counts[value])  # the first of the most frequent
