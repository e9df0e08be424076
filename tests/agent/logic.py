"""Predicates over plain facts, by the interface's words and without the product's compiler: true, false or unknown."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from convrec.core.text import fold, words

_ORDER = {"lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge}
Document = Mapping[str, Any]


def holds(predicate: Document, facts: Document) -> bool | None:
    """Tells whether the predicate is true of the facts; None where a missing value leaves it unknown."""
    match predicate:
        case {"op": "not", "arg": arg}:
            inner = holds(arg, facts)
            return None if inner is None else not inner
        case {"op": "and", "args": args}:
            found = [holds(arg, facts) for arg in args]
            return False if False in found else None if None in found else True
        case {"op": "or", "args": args}:
            found = [holds(arg, facts) for arg in args]
            return True if True in found else None if None in found else False
        case {"op": "missing", "field": field, "value": value}:
            return (facts.get(field) in (None, "", [])) is value
        case {"op": op, "field": field, "value": value}:
            fact = facts.get(field)
            return None if fact in (None, "", []) else _compared(op, fact, value)
    raise ValueError(f"{predicate} is no predicate")


def _compared(op: str, fact: Any, value: Any) -> bool:
    have = {_key(part) for part in (fact if isinstance(fact, list) else [fact])}
    asked = {_key(part) for part in (value if isinstance(value, list) else [value])}
    match op:
        case "eq" | "contains":
            return asked <= have
        case "ne":
            return not asked <= have
        case "in" | "contains_any":
            return bool(asked & have)
        case "contains_all":
            return asked <= have
        case "between":
            return bool(value[0] <= fact <= value[1])
        case "text":
            return set(words(str(value))) <= set(words(str(fact)))
    return bool(_ORDER[op](fact, value))


def _key(value: Any) -> Any:
    return fold(value) if isinstance(value, str) else float(value)


def conjuncts(predicate: Document | None) -> list[Document]:
    """Returns the parts of a filter that must all hold."""
    if predicate is None:
        return []
    if predicate["op"] == "and":
        return [part for arg in predicate["args"] for part in conjuncts(arg)]
    return [predicate]
