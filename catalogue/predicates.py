"""Predicates compiled to masks: which items satisfy one, with SQL's three-valued logic over what is missing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from convrec.catalogue.columns import Bools, Floats
from convrec.catalogue.schema import ID, NUMERIC, Field, FieldType, nearest
from convrec.catalogue.values import days, iso, shown
from convrec.core.errors import PredicateError
from convrec.core.predicate import Both, Comparison, Not, Predicate
from convrec.core.text import fold

if TYPE_CHECKING:
    from convrec.catalogue.catalogue import Catalogue

_ORDERED = ("eq", "ne", "lt", "le", "gt", "ge", "between", "in", "missing")
_WHOLE = ("eq", "ne", "in", "missing")
_OPERATORS: dict[FieldType, tuple[str, ...]] = {
    "text": (*_WHOLE, "text"),
    "category": (*_WHOLE, "contains", "contains_any", "contains_all", "text"),
    "tags": (*_WHOLE, "contains", "contains_any", "contains_all"),
    "number": _ORDERED,
    "range": _ORDERED,
    "date": _ORDERED,
    "bool": _WHOLE,
    "url": _WHOLE,
    "image": _WHOLE,
}
_LISTS = ("in", "between", "contains_any", "contains_all")


class Truth(NamedTuple):
    """Where a predicate is true and where false, both `(n_items,)`; where neither, it is unknown."""

    yes: Bools
    no: Bools


def mask(predicate: Predicate | None, catalogue: Catalogue) -> Bools:
    """Returns `(n_items,)`, true where the predicate is true (not where it is false or unknown); all true for None.

    Raises:
        PredicateError: a field is unknown, or an operator or value is none for the field's type; it names the field.
    """
    if predicate is None:
        return np.ones(len(catalogue), np.bool_)
    try:
        return truth(predicate, catalogue).yes
    except RecursionError as error:
        raise PredicateError("The filter is nested too deeply.", "Write it flatter.") from error


def truth(predicate: Predicate, catalogue: Catalogue) -> Truth:
    """Returns where the predicate is true and where it is false.

    Raises:
        PredicateError: as for `mask`.
    """
    match predicate:
        case Both(op="and", args=args):
            return _all([truth(arg, catalogue) for arg in args], len(catalogue))
        case Both(args=args):
            return _negated(_all([_negated(truth(arg, catalogue)) for arg in args], len(catalogue)))
        case Not(arg=arg):
            return _negated(truth(arg, catalogue))
        case Comparison():
            return _compared(predicate, catalogue)


def _all(parts: list[Truth], n: int) -> Truth:
    yes, no = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    for part in parts:
        yes, no = yes & part.yes, no | part.no
    return Truth(yes, no)


def _negated(part: Truth) -> Truth:
    return Truth(part.no, part.yes)


def _among(yes: Bools, present: Bools) -> Truth:
    return Truth(yes & present, present & ~yes)


def _compared(comparison: Comparison, catalogue: Catalogue) -> Truth:
    field = ID if comparison.field == "id" else catalogue.schema.field(comparison.field)
    op, value = comparison.op, comparison.value
    if op not in _OPERATORS[field.type]:
        valid = nearest(op, _OPERATORS[field.type])
        raise PredicateError(f"The field `{field.name}` is a {field.type}, which has no `{op}`.", valid)
    if op == "missing":
        return _missing(field, value, catalogue)
    if op in _LISTS and not isinstance(value, list | tuple):
        raise PredicateError(f"`{op}` on the field `{field.name}` takes a list, not {shown(value)}.", "Write [ … ].")
    if field is ID:
        return _by_id(op, value, catalogue)
    if field.measured or field.type == "bool":
        return _ordered(field, op, value, catalogue)
    if op == "text":
        index = catalogue.word_index(field.name)
        return _among(index.mask(_checked_text(field, value)), index.present)
    return _whole(field, op, value, catalogue)


def _missing(field: Field, value: Any, catalogue: Catalogue) -> Truth:
    if not isinstance(value, bool):
        raise PredicateError(f"`missing` on the field `{field.name}` takes true or false, not {shown(value)}.")
    absent = np.zeros(len(catalogue), np.bool_) if field is ID else ~catalogue.present(field.name)
    return Truth(absent, ~absent) if value else Truth(~absent, absent)


def _by_id(op: str, value: Any, catalogue: Catalogue) -> Truth:
    if op == "text":
        raise PredicateError("The field `id` is compared whole.", "Use `eq` or `in`.")
    wanted = [_checked_text(ID, each) for each in (value if op == "in" else [value])]
    yes = np.zeros(len(catalogue), np.bool_)
    rows = catalogue.rows(wanted)
    yes[rows[rows >= 0]] = True
    return Truth(~yes, yes) if op == "ne" else Truth(yes, ~yes)


def _ordered(field: Field, op: str, value: Any, catalogue: Catalogue) -> Truth:
    if field.type == "range":
        return _ranged(field, op, value, catalogue)
    have = catalogue.numbers(field.name)
    present = ~np.isnan(have)
    if op == "in":
        return _among(np.isin(have, [_number(field, each) for each in value]), present)
    if op == "between":
        low, high = _two(field, value)
        return _among((have >= low) & (have <= high), present)
    return _among(_relation(op, have, _number(field, value)), present)


def _two(field: Field, value: Any) -> tuple[float, float]:
    if len(value) != 2:
        raise PredicateError(
            f"`between` on the field `{field.name}` takes two values, not {len(value)}.", "Write [low, high]."
        )
    return _number(field, value[0]), _number(field, value[1])


def _ranged(field: Field, op: str, value: Any, catalogue: Catalogue) -> Truth:
    """Returns where some number of the item's range satisfies the comparison: 4 players can play what 2 to 6 can; `ne` where none equals it."""
    least, most = catalogue.ends(field.name)
    present = ~np.isnan(least)
    if op == "in":
        numbers = [_number(field, each) for each in value]
        return _among(_any([(least <= each) & (most >= each) for each in numbers], len(catalogue)), present)
    low, high = _two(field, value) if op == "between" else (_number(field, value),) * 2
    if op in ("eq", "ne", "between"):
        within = _among((least <= high) & (most >= low) & (low <= high), present)
        return _negated(within) if op == "ne" else within
    return _among(_relation(op, most if op in ("gt", "ge") else least, low), present)


def _relation(op: str, have: Floats, value: float) -> Bools:
    relations = {
        "eq": np.equal,
        "ne": np.not_equal,
        "lt": np.less,
        "le": np.less_equal,
        "gt": np.greater,
        "ge": np.greater_equal,
    }
    related: Bools = relations[op](have, value)
    return related


def _number(field: Field, value: Any) -> float:
    if field.type == "date":
        standard = iso(value) if isinstance(value, str) else None
        if standard is not None:
            return days(standard)
    elif isinstance(value, bool):
        if field.type == "bool":
            return float(value)
    elif field.type in NUMERIC and isinstance(value, int | float) and abs(value) < math.inf:
        return _as_float(value)
    example = {"date": "2023-01-31", "bool": "true", "number": "1990", "range": "4"}[field.type]
    raise PredicateError(
        f"The field `{field.name}` is a {field.type}, which {shown(value)} is not.", f"Write one like {example}."
    )


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _whole(field: Field, op: str, value: Any, catalogue: Catalogue) -> Truth:
    index = catalogue.values(field.name) if field.valued else catalogue.whole_texts(field.name)
    if field.type == "tags" and op in ("eq", "ne") and isinstance(value, list | tuple):
        same = _same_tags(field, value, catalogue)
        return _negated(same) if op == "ne" else same
    wanted = [_checked_text(field, each) for each in (value if op in _LISTS else [value])]
    masks = [index.mask(each) for each in wanted]
    if op == "contains_all":
        return _among(~_any([~each for each in masks], len(catalogue)), index.present)
    any_of_them = _among(_any(masks, len(catalogue)), index.present)
    return _negated(any_of_them) if op == "ne" else any_of_them


def _same_tags(field: Field, value: Any, catalogue: Catalogue) -> Truth:
    index = catalogue.values(field.name)
    wanted = {fold(_checked_text(field, each)) for each in value}
    lacks = _any([~index.mask(each) for each in wanted], len(catalogue))
    return _among(~lacks & (np.diff(index.starts) == len(wanted)), index.present)


def _any(masks: list[Bools], n: int) -> Bools:
    found = np.zeros(n, np.bool_)
    for each in masks:
        found |= each
    return found


def _checked_text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise PredicateError(
            f"The field `{field.name}` is compared with text, which {shown(value)} is not.", "Write it in quotes."
        )
    return value
