"""The domains that the grammar speaks of: their nouns, their fields, and the words that people use for the values."""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("domains.json")


@dataclass(frozen=True)
class Value:
    """A value of a field: as the catalogue spells it, as it stands before a noun (several ways), and its plural ("" for none)."""

    name: str
    modifiers: tuple[str, ...]
    plural: str = ""


@dataclass(frozen=True)
class FieldSpec:
    """One field of a domain. `role` says how people speak of it; `names` are the ways in which catalogues name it."""

    names: tuple[str, ...]
    kind: str
    role: str
    descriptions: tuple[str, ...]
    values: tuple[Value, ...] = ()
    generator: str = ""
    phrases: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    step: int = 1
    less: tuple[str, ...] = ()
    more: tuple[str, ...] = ()
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()


@dataclass(frozen=True)
class Domain:
    """What a catalogue may hold. `vibes` pair an adjective with its comparative; `topics` are what items can be about."""

    name: str
    nouns: tuple[str, ...]
    singulars: tuple[str, ...]
    verbs: tuple[str, ...]
    participles: tuple[str, ...]
    vibes: tuple[tuple[str, str], ...]
    topics: tuple[str, ...]
    fields: tuple[FieldSpec, ...] = field(default=())
    held_out: bool = False


def _value(text: str, role: str, *, keep: bool) -> Value:
    name, _, rest = text.partition(";")
    if not rest:
        said = name if keep or role == "proper" else name.lower()
        return Value(name, (said,))
    modifiers, _, plural = rest.partition(";")
    return Value(name, tuple(modifiers.split("/")), plural)


def _field(spec: dict[str, Any]) -> FieldSpec:
    values = tuple(_value(text, spec["r"], keep=spec.get("keep", False)) for text in spec.get("v", ()))
    return FieldSpec(
        names=tuple(spec["n"]), kind=spec["k"], role=spec["r"], descriptions=tuple(spec["d"]), values=values, generator=spec.get("g", ""),
        phrases=tuple(spec.get("p", ())), units=tuple(spec.get("u", ())), low=spec.get("lo", 0), high=spec.get("hi", 0), step=spec.get("step", 1),
        less=tuple(spec.get("less", ())), more=tuple(spec.get("more", ())), yes=tuple(spec.get("yes", ())), no=tuple(spec.get("no", ())),
    )  # fmt: skip


def _domain(name: str, spec: dict[str, Any]) -> Domain:
    vibes = tuple((pair.split(";")[0], pair.split(";")[1]) for pair in spec["vibes"])
    return Domain(
        name=name, nouns=tuple(spec["nouns"]), singulars=tuple(spec["noun"]), verbs=tuple(spec["verb"]), participles=tuple(spec["past"]),
        vibes=vibes, topics=tuple(spec["topics"]), fields=tuple(_field(one) for one in spec["fields"]), held_out=spec.get("held_out", False),
    )  # fmt: skip


@cache
def domains(*, held_out: bool = False) -> tuple[Domain, ...]:
    """Returns the domains for training, or those that are kept for measuring."""
    document = json.loads(_FILE.read_text(encoding="utf-8"))
    found = (_domain(name, spec) for name, spec in document.items())
    return tuple(domain for domain in found if domain.held_out == held_out)
