"""What a model is told of a turn: one JSON document, in which no text can end its own string, none is hidden from a reader, and none is long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from convrec.core.text import visible

_LONGEST = 256  # characters of one text


def as_json(document: Mapping[str, Any], message: str = "", longest: int = 4_000) -> str:
    """Returns the document, and after it the person's message, up to `longest` characters of it."""
    parts = _plain(document) | ({"message": visible(message)[:longest]} if message else {})
    return json.dumps(parts, ensure_ascii=False, default=str)


def filled(document: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the parts of a document that hold anything."""
    return {key: part for key, part in document.items() if part}


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return visible(value)[:_LONGEST]
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
