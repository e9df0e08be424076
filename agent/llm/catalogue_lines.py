"""A catalogue as prompts show it: a line a field, with its commonest values; short, and the same bytes every time."""

from __future__ import annotations

import json

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field

_VALUES = 12
_LONGEST = 40  # characters of a value
_MOST = 5_000  # characters of all lines; what comes later in the schema is left out
_HIDDEN = ("url", "image")


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
    if field.type == "number":
        found = catalogue.numbers(field.name)
        found = found[~np.isnan(found)]
        return f": {found.min():g} to {found.max():g}" if len(found) else ""
    if field.type not in ("category", "tags"):
        return ""
    index = catalogue.values(field.name)
    common = sorted(index.values, key=lambda value: (-len(index.rows(value)), value))[:most]
    return ": " + ", ".join(json.dumps(value[:_LONGEST], ensure_ascii=False) for value in common)
