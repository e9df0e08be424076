"""From what a model wrote to a checked object: the JSON in it, wherever it stands, and its schema."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from convrec.agent.llm.failures import ModelFailure

Answer = TypeVar("Answer", bound=BaseModel)
_THOUGHT = re.compile(r"(?s)\A\s*<think>.*?(?:</think>|\Z)")
_LONGEST = 40_000  # characters of an answer that are looked at
_STARTS = 20  # places at which an object may begin


def without_thoughts(text: str) -> str:
    """Returns a text without what a model thought aloud before it."""
    return _THOUGHT.sub("", text)


def parsed(text: str, schema: type[Answer], *, whole: bool = True) -> Answer:
    """Returns the first JSON object in a text, as its schema has it; what is not `whole` was cut off, and may hold one all the same.

    Raises:
        ModelFailure: `empty`, `too_long` or `schema`; the detail names the place, never a value.
    """
    if not text.strip():
        raise ModelFailure("empty", "there was no answer")
    if len(text) > _LONGEST:
        raise ModelFailure("too_long", "it was far too long")
    found = _object(without_thoughts(text))
    try:
        if found is not None:
            return schema.model_validate(found)
        wrong = "it held no whole JSON object"
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        wrong = f"{place}: {first['msg']}"
    raise ModelFailure("schema", wrong) if whole else ModelFailure("too_long", "it was cut off: be brief")


def _object(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    for start in [match.start() for match in re.finditer(r"\{", text)][:_STARTS]:
        try:
            found, _ = decoder.raw_decode(text, start)
        except (json.JSONDecodeError, RecursionError):
            continue
        return dict(found)
    return None


@cache
def json_schema(schema: type[BaseModel]) -> dict[str, Any]:
    """Returns the schema as servers take it: every property required, none beside them."""
    document = _strict(schema.model_json_schema())
    return {"type": "json_schema", "json_schema": {"name": schema.__name__, "schema": document, "strict": True}}


def _strict(node: Any) -> Any:
    if isinstance(node, list):
        return [_strict(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _strict(value) for key, value in node.items() if key not in ("default", "title") or isinstance(value, dict)
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept
