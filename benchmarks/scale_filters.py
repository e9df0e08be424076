"""Random filters over the made-up catalogue, and a check of one item at a time that shares no code with the product's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scale_data import FIRST_YEAR, MAKERS, TOPICS, YEARS, words

Document = dict[str, Any]
Facts = Mapping[str, Any]


def random_filter(rng: np.random.Generator, n_items: int, depth: int = 3) -> Document:
    """Returns a predicate, of one comparison or nested, that holds for anything from no item to all."""
    if depth and rng.random() < 0.55:
        if rng.random() < 0.25:
            return {"op": "not", "arg": random_filter(rng, n_items, depth - 1)}
        args = [random_filter(rng, n_items, depth - 1) for _ in range(int(rng.integers(1, 4)))]
        return {"op": str(rng.choice(["and", "or"])), "args": args}
    return _comparison(rng, n_items)


def holds(facts: Facts, document: Document) -> bool | None:
    """Returns whether the predicate holds for the facts, None where that is unknown (three-valued, as in SQL)."""
    match document["op"]:
        case "and":
            parts = [holds(facts, arg) for arg in document["args"]]
            return False if False in parts else None if None in parts else True
        case "or":
            parts = [holds(facts, arg) for arg in document["args"]]
            return True if True in parts else None if None in parts else False
        case "not":
            part = holds(facts, document["arg"])
            return None if part is None else not part
        case op:
            return _compared(facts.get(document["field"]), op, document["value"])


def _comparison(rng: np.random.Generator, n_items: int) -> Document:
    field = str(rng.choice(["id", "title", "description", "maker", "topics", "year", "released", "in_stock"]))
    if rng.random() < 0.08:
        return {"field": field, "op": "missing", "value": bool(rng.random() < 0.5)}
    op = str(rng.choice(_OPERATORS[field]))
    several = [_value(rng, field, op, n_items) for _ in range(int(rng.integers(1, 5)))]
    match op:
        case "between":
            return {"field": field, "op": op, "value": sorted((several * 2)[:2])}
        case "in" | "contains_any" | "contains_all":
            return {"field": field, "op": op, "value": several}
        case _:
            return {"field": field, "op": op, "value": several[0]}


_WHOLE = ["eq", "ne", "in"]
_ORDERED = [*_WHOLE, "lt", "le", "gt", "ge", "between"]
_CARRIED = [*_WHOLE, "contains", "contains_any", "contains_all"]
_OPERATORS = {
    "id": _WHOLE, "title": [*_WHOLE, "text"], "description": [*_WHOLE, "text", "text"], "maker": [*_CARRIED, "text"],
    "topics": _CARRIED, "year": _ORDERED, "released": _ORDERED, "in_stock": _WHOLE,
}  # fmt: skip


def _value(rng: np.random.Generator, field: str, op: str, n_items: int) -> Any:
    row = int(rng.integers(0, n_items + n_items // 10 + 1))  # a tenth of them names no item
    match field:
        case "id":
            return f"i{row}"
        case "title":
            return f"THING {row}" if op != "text" else str(rng.choice(["thing", str(row)]))
        case "description":
            return " ".join(words(rng, 8 if op != "text" else int(rng.integers(1, 3))))
        case "maker":
            return f"maker {int((MAKERS + 3) * rng.random() ** 2)}"
        case "topics":
            return f"Topic {int((TOPICS + 9) * rng.random() ** 3)}"
        case "year":
            return float(rng.integers(FIRST_YEAR - 3, FIRST_YEAR + YEARS + 3))
        case "released":
            return str(np.datetime64("1949-06-01") + int(rng.integers(0, (YEARS + 2) * 365)))
        case _:
            return bool(rng.random() < 0.5)


def _compared(have: Any, op: str, value: Any) -> bool | None:
    if op == "missing":
        return (have is None) == value
    if have is None:
        return None
    if op == "text":
        return set(value.lower().split()) <= set(have.lower().split())
    carried = {_plain(each) for each in (have if isinstance(have, list) else [have])}
    wanted = {_plain(each) for each in (value if isinstance(value, list) else [value])}
    one, other = next(iter(carried)), next(iter(wanted))
    match op:
        case "lt":
            return bool(one < other)
        case "le":
            return bool(one <= other)
        case "gt":
            return bool(one > other)
        case "ge":
            return bool(one >= other)
        case "between":
            return bool(min(wanted) <= one <= max(wanted))
        case "contains_all":
            return wanted <= carried
        case "ne":
            return not wanted & carried
        case _:
            return bool(wanted & carried)


def _plain(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value
