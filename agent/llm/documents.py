"""What a model is told of a turn: one JSON document, in which no text can end its own string, none is hidden from a reader, and none is long."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from convrec.catalogue.schema import Schema
from convrec.core.reply import ReplyItem
from convrec.core.text import visible
from convrec.tools.stuffing import honest

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


def facts_shown(item: ReplyItem, schema: Schema, longest: int) -> Mapping[str, object]:
    """Returns an item's facts as a prompt shows them: no addresses, no orders to a machine, texts and lists cut short."""
    shown: dict[str, object] = {}
    for field in schema.fields:
        value = item.facts.get(field.name)
        if field.type in ("url", "image") or field.name == "title" or value in (None, "", []):
            continue
        shown[field.name] = (
            honest(value)[:longest] if isinstance(value, str) else value[:8] if isinstance(value, list) else value
        )
    return shown
