"""Nested data of any shape (a case, a manifest, a table of its own kind) made ready to be read on a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TEXT = 2_000  # characters of a text that are shown
_DEPTH, _LONG = 6, 200  # levels, and entries of a list
_SHORT = 60  # characters of what stands in one line with others


@dataclass(frozen=True)
class Node:
    """Nested data to read: `text`, or `pairs` of names and nodes, or `items`. `inline` lists are short enough for one line."""

    text: str | None = None
    pairs: tuple[tuple[str, Node], ...] = ()
    items: tuple[Node, ...] = ()
    inline: bool = False


def node(value: Any, depth: int = 0) -> Node:
    """Returns nested data to read; what is empty is left out, what is very long or deep is cut."""
    if isinstance(value, Mapping) and depth < _DEPTH:
        kept = [(str(name), each) for name, each in value.items() if each not in (None, "", [], {})]
        return Node(pairs=tuple((name, node(each, depth + 1)) for name, each in kept[:_LONG]))
    if isinstance(value, list | tuple) and depth < _DEPTH:
        found = tuple(node(each, depth + 1) for each in value[:_LONG])
        more = (Node(text=f"… and {len(value) - _LONG:,} more"),) if len(value) > _LONG else ()
        return Node(items=found + more, inline=all(each.text is not None and len(each.text) < _SHORT for each in found))
    return Node(text=_text(value))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = "–" if value is None else str(value)
    return text if len(text) <= _TEXT else f"{text[:_TEXT]}…"
