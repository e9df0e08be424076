"""A catalogue as prompts show it: a line a field, with its commonest values; short, and the same bytes every time.

A value that one or two items alone have is their maker's word, not the catalogue's: it is neither shown nor taken from a model.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import NUMERIC, Field
from convrec.core.predicate import Predicate
from convrec.core.text import visible

_VALUES = 12
_LONGEST = 40  # characters of a value
_MOST = 5_000  # characters of all lines; what comes later in the schema is left out
_HIDDEN = ("url", "image")
_SHARED = 3  # items that must have a value


def field_lines(catalogue: Catalogue, *, values: int = _VALUES) -> str:
    """Returns the fields that a person can speak of: `genres (tags): "Drama", "Western"`; of a schema with very many the first ones."""
    told, length = [], 0
    for field in catalogue.schema.fields:
        if field.type in _HIDDEN:
            continue
        line = _line(catalogue, field, values)
        length += len(line)
        if length > _MOST:
            break
        told.append(line)
    return "\n".join(told)


def _line(catalogue: Catalogue, field: Field, values: int) -> str:
    described = f", {field.label}" if field.label and field.label != field.name else ""
    return f"{field.name} ({field.type}{described}){_values(catalogue, field, values)}"


def _values(catalogue: Catalogue, field: Field, most: int) -> str:
    if field.type in NUMERIC:
        found = np.concatenate(catalogue.ends(field.name))
        found = found[np.isfinite(found)]
        return f": {found.min():g} to {found.max():g}" if len(found) else ""
    if not field.valued:
        return ""
    index = catalogue.values(field.name)
    common = sorted(shared_values(catalogue, field.name), key=lambda value: (-len(index.rows(value)), value))[:most]
    return (
        ": " + ", ".join(json.dumps(visible(value)[:_LONGEST], ensure_ascii=False) for value in common)
        if common
        else ""
    )


def shared_values(catalogue: Catalogue, field: str, among: Iterable[str] | None = None) -> list[str]:
    """Returns the values of a field that several items have, in order; `among` are those looked at, by default all."""
    index = catalogue.values(field)
    return [value for value in (index.values if among is None else among) if len(index.rows(value)) >= _SHARED]


def shared(catalogue: Catalogue, predicate: Predicate) -> bool:
    """Tells whether a predicate is true of several items, so that none can be singled out by it."""
    return int(catalogue.mask(predicate).sum()) >= _SHARED
