"""A workspace's own catalogue as the grammar speaks of it: its fields, its values, its titles, each kept to one part of a set."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from random import Random
from typing import Literal

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.errors import InputError
from convrec.core.text import fold, visible
from convrec.finetune.grammar.domains import Domain, FieldSpec, Value, domains
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.schema import Facet, View
from convrec.prompts.understand.answer import Understood

Names_ = Literal["known", "fresh"]
"""Which values a message may name: `known` ones, of training, or `fresh` ones, that no training message names."""

_FRESH = 15  # per cent of the values of an open field, and of the titles, that training never names
_FEW = 60  # values up to which people speak of a field as of kinds of things
_MOST = 4_000  # values of a field that are drawn from
_LONGEST = 60  # characters of a value or title that somebody says
_GENERIC = Domain(
    name="own", nouns=("items",), singulars=("item",), verbs=("try", "use"), participles=("tried", "had"),
    vibes=(
        ("unusual", "more unusual"), ("simple", "simpler"), ("classic", "more classic"), ("popular", "more popular"), ("cheerful", "more cheerful"),
        ("calm", "calmer"), ("special", "more special"), ("light", "lighter"),
    ),
    topics=("a present", "the weekend", "beginners", "a small budget", "children", "a long evening"),
)  # fmt: skip


def is_fresh(field: str, value: str) -> bool:
    """Tells whether a value of an open field is kept from training, by a checksum of its name."""
    return zlib.crc32(f"{field}/{fold(value)}".encode()) % 100 < _FRESH


def names_fresh(answer: Understood, catalogue: Catalogue) -> bool:
    """Tells whether a message names something that no training message names. A field of few values is no open one: all of its values are trained."""
    opened = {field.name for field in catalogue.schema.valued if len(catalogue.values(field.name).values) > _FEW}
    wished = any(is_fresh(one.facet, one.value) for one in answer.preferences if one.facet in opened)
    titles = [one.value for one in answer.preferences if one.facet == "item"] + [
        one.quote for one in answer.references if one.kind == "title"
    ]
    return wished or any(is_fresh("title", title) for title in titles)


class OwnNames(Names):
    """Draws titles and ids of one catalogue; people and places are invented, as in the grammar, where a field has no values."""

    def __init__(self, catalogue: Catalogue, which: Names_) -> None:
        super().__init__()
        titles = [visible(title) for title in dict.fromkeys(catalogue.titles) if len(title) <= _LONGEST]
        self._titles = _of("title", titles, which)
        self._ids = catalogue.ids

    def title(self, rng: Random) -> str:
        """Returns the title of an item."""
        return rng.choice(self._titles)

    def item_id(self, rng: Random) -> str:
        """Returns the id of an item."""
        return rng.choice(self._ids)


def own_view(catalogue: Catalogue, today: int, which: Names_) -> View:
    """Returns the catalogue as the grammar speaks of it, with values of one part.

    Raises:
        InputError: the catalogue is empty.
    """
    if not len(catalogue):
        raise InputError("The workspace's catalogue is empty.", "Ingest items first: convrec ingest -w W --items F.")
    schema = catalogue.schema
    domain = _domain(schema.noun, schema.nouns)
    facets = [facet for field in schema.fields if (facet := _facet(field, catalogue, domain, which)) is not None]
    facets = _with_kind(facets, catalogue, which)
    return View(domain, tuple(facets), today, schema.nouns)


def _of(field: str, values: Iterable[str], which: Names_) -> tuple[str, ...]:
    """Returns the values of one part; all of them where a part would have none."""
    found = tuple(values)
    return tuple(value for value in found if is_fresh(field, value) == (which == "fresh")) or found


def _domain(noun: str, nouns: str) -> Domain:
    """Returns the grammar's domain for such things where it has one, else a plain one, with the schema's words for them."""
    known = next((one for one in domains() if fold(nouns) in one.nouns), _GENERIC)
    return replace(known, nouns=(nouns,), singulars=(noun,), fields=())


@cache
def _known_fields() -> dict[str, FieldSpec]:
    found: dict[str, FieldSpec] = {}
    for domain in domains():
        for spec in domain.fields:
            for name in spec.names:
                found.setdefault(name, spec)
    return found


@cache
def _known_values() -> dict[str, Value]:
    return {fold(value.name): value for domain in domains() for spec in domain.fields for value in spec.values}


def _facet(field: Field, catalogue: Catalogue, domain: Domain, which: Names_) -> Facet | None:
    """Returns how people speak of a field, or nothing where they do not."""
    spec: FieldSpec | None
    if field.type == "number":
        spec = _number(field, catalogue)
    elif field.type == "bool":
        label = field.label.lower()
        spec = FieldSpec(
            (field.name,), "bool", "bool", ("",), yes=(f"with {label}",), no=(f"without {label}", f"with no {label}")
        )
    elif field.valued:
        spec = _named(field, catalogue, domain, which)
    else:
        spec = None
    return Facet(field.name, spec, "", tuple(value.name for value in spec.values)) if spec is not None else None


def _number(field: Field, catalogue: Catalogue) -> FieldSpec | None:
    found = catalogue.numbers(field.name)
    found = found[~np.isnan(found)]
    if not len(found):
        return None
    low, high = (int(bound) for bound in np.quantile(found, (0.05, 0.95)))
    step = max((high - low) // 20, 1)
    known = _known_fields().get(fold(field.name))
    year = catalogue.schema.year_field()
    role = (
        "year"
        if year is not None and year.name == field.name
        else known.role
        if known and known.kind == "number"
        else "amount"
    )
    if role in ("year", "rating") and field is not year and role != "year":
        role = "amount"
    units = known.units if known is not None and role == "amount" and known.units else (field.label.lower(),)
    less, more = (known.less, known.more) if known is not None else ((), ())
    return FieldSpec(
        (field.name,), "number", role, ("",), (), "", (), units, low, max(high, low + step), step, less, more
    )


def _named(field: Field, catalogue: Catalogue, domain: Domain, which: Names_) -> FieldSpec | None:
    index = catalogue.values(field.name)
    said = [visible(value).strip() for value in index.values]
    said = [value for value in said if value and len(value) <= _LONGEST and not set(value) & set("{}")]
    if not said:
        return None
    known = _known_fields().get(fold(field.name))
    role = (
        known.role if known is not None and known.role not in ("kind", "bool", "mod") and known.kind != "number" else ""
    )
    role = role or ("kind" if len(said) <= _FEW else "brand" if field.type == "category" else "attr")
    phrases = (
        known.phrases
        if known is not None and known.phrases
        else ("by {}", "from {}")
        if role == "brand"
        else ("with {}",)
    )
    drawn = said if len(said) <= _FEW else _of(field.name, said, which)[:_MOST]
    values = tuple(_value(value, role) for value in drawn)
    return FieldSpec((field.name,), field.type, role, ("",), values, "", phrases)


def _value(name: str, role: str) -> Value:
    """Returns a value with the words that people have for it: the grammar's where it knows it, else its own."""
    known = _known_values().get(fold(name))
    if known is not None:
        return Value(name, known.modifiers, known.plural)
    return Value(name, (name.lower() if role == "kind" else name,))


def _with_kind(facets: list[Facet], catalogue: Catalogue, which: Names_) -> list[Facet]:
    """Returns the facets with exactly one that says what kind of thing an item is: people begin with it.

    Where no field does, the first field of values does; where there is none, words of the titles stand for kinds, as free text.
    """
    kinds = [place for place, facet in enumerate(facets) if facet.spec.role == "kind"]
    if kinds:
        return [_spoken_as(facet, "attr") if place in kinds[1:] else facet for place, facet in enumerate(facets)]
    named = [place for place, facet in enumerate(facets) if facet.spec.values]
    if named:
        return [_spoken_as(facet, "kind") if place == named[0] else facet for place, facet in enumerate(facets)]
    words = sorted(
        {word.lower() for title in catalogue.titles for word in title.split() if word.isalpha() and len(word) > 3}
    )
    spoken = tuple(Value(word, (word,)) for word in _of("text", words or ["new"], which)[:_MOST])
    return [Facet("text", FieldSpec(("text",), "text", "kind", ("",), spoken, "", ("with {}",)), "", ()), *facets]


def _spoken_as(facet: Facet, role: str) -> Facet:
    spec = facet.spec
    return replace(facet, spec=replace(spec, role=role, phrases=spec.phrases or ("with {}",)))
