"""First messages that a newcomer can click: wishes for kinds, times and people that this catalogue can meet."""

import numpy as np

from convrec.agent.wording import is_kind, is_person, joined_by, request_words, year_field
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.columns import ValueIndex
from convrec.catalogue.schema import Field, Schema
from convrec.core.predicate import Comparison, Predicate

_ENOUGH = 6  # items that a wish must find
_COMMON = 40  # of the commonest values, the ones to choose from


def openers(catalogue: Catalogue, n: int = 4) -> list[str]:
    """Returns up to `n` wishes; each finds several items of the catalogue."""
    schema = catalogue.schema
    kind, year = next((f for f in schema.valued if is_kind(f)), None), year_field(schema)
    person = next((f for f in schema.valued if is_person(f)), None)
    found: list[str] = []
    if kind is not None:
        values = _commonest(catalogue, kind)
        decades = _decades(catalogue, year) if year is not None and year.type == "number" else []
        for value, decade in zip(values[::2], [*decades, *[None] * len(values)], strict=False):
            wish = [_is(kind, value), *([decade] if decade else [])]
            found += [_sentence(wish, schema)] if _finds(catalogue, wish) else []
    if person is not None:
        found[1:1] = [f"Something {joined_by(person, value)}" for value in _commonest(catalogue, person)[:1]]
    found = found[: n - 1]
    if len(catalogue) > 1:
        found.append(f"Something like {catalogue.titles[_known(catalogue)]}")
    return found[:n]


def _sentence(wish: list[Predicate], schema: Schema) -> str:
    words = request_words(wish, schema)
    return words[:1].upper() + words[1:]


def _is(field: Field, value: str) -> Predicate:
    return Comparison(
        field=field.name,
        op="contains_any" if field.type == "tags" else "eq",
        value=[value] if field.type == "tags" else value,
    )


def _finds(catalogue: Catalogue, wish: list[Predicate]) -> bool:
    together = np.logical_and.reduce([catalogue.mask(predicate) for predicate in wish])
    return int(together.sum()) >= min(_ENOUGH, len(catalogue))


def _commonest(catalogue: Catalogue, field: Field) -> list[str]:
    index: ValueIndex = catalogue.values(field.name)
    order = np.argsort(-np.asarray(index.counts), kind="stable")[:_COMMON]
    return [index.values[place] for place in order]


def _decades(catalogue: Catalogue, year: Field) -> list[Predicate]:
    """Returns the decades with most items, the fullest first, every second one, so that they lie apart."""
    years = catalogue.numbers(year.name)
    decades, counts = np.unique(np.floor(years[np.isfinite(years)] / 10) * 10, return_counts=True)
    full = decades[np.argsort(-counts, kind="stable")][::2]
    return [Comparison(field=year.name, op="between", value=[int(start), int(start) + 9]) for start in full]


def _known(catalogue: Catalogue) -> int:
    """Returns the row of the item that most people did something with, else of the first."""
    if not catalogue.has_interactions:
        return 0
    return int(np.bincount(catalogue.interactions().row, minlength=len(catalogue)).argmax())
