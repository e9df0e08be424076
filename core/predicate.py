"""Predicates: the one shape in which anything asks for items with certain facts (JSON, the same everywhere)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Tag, TypeAdapter, ValidationError, field_validator

from convrec.core.errors import PredicateError

Operator = Literal[
    "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "contains", "contains_any", "contains_all", "text", "missing"
]


class _Node(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Comparison(_Node):
    """A field against a value. A missing field satisfies no comparison but `missing`."""

    field: str
    op: Operator
    value: Any  # a scalar, or several for `between`, `in`, `contains_any`, `contains_all`: the field's type decides

    @field_validator("value")
    @classmethod
    def _hashable(cls, value: Any) -> Any:
        """Keeps several values as a tuple, so that predicates can be compared and looked up; JSON writes them as a list."""
        return tuple(value) if isinstance(value, list) else value


class Both(_Node):
    """True where every argument is (`and`) or where any is (`or`)."""

    op: Literal["and", "or"]
    args: tuple[Predicate, ...]


class Not(_Node):
    """True where the argument is false; unknown where it is unknown (three-valued, as in SQL)."""

    op: Literal["not"] = "not"
    arg: Predicate


def _kind(node: Any) -> str:
    op = node.get("op") if isinstance(node, dict) else getattr(node, "op", None)
    return "both" if op in ("and", "or") else "not" if op == "not" else "comparison"


Predicate = Annotated[
    Annotated[Both, Tag("both")] | Annotated[Not, Tag("not")] | Annotated[Comparison, Tag("comparison")],
    Discriminator(_kind),
]
Both.model_rebuild()
Not.model_rebuild()
_ADAPTER: TypeAdapter[Predicate] = TypeAdapter(Predicate)


def parse_predicate(document: Any) -> Predicate:
    """Returns the predicate that a JSON document spells.

    Raises:
        PredicateError: the document has not the shape of a predicate. Fields and types are checked against a schema
            later, when the predicate is compiled.
    """
    try:
        return _ADAPTER.validate_python(document)
    except (ValidationError, RecursionError) as error:
        raise PredicateError(
            "The filter is not a predicate.", 'Write {"field", "op", "value"}, or and/or/not around such.'
        ) from error


def every(*parts: Predicate | None) -> Predicate | None:
    """Returns the conjunction of the parts that are not None; None when there is none."""
    kept = tuple(part for part in parts if part is not None)
    if len(kept) <= 1:
        return kept[0] if kept else None
    return Both(op="and", args=kept)


def any_of(*parts: Predicate) -> Predicate:
    """Returns the disjunction of the parts."""
    return parts[0] if len(parts) == 1 else Both(op="or", args=parts)


def fields_of(predicate: Predicate | None) -> set[str]:
    """Returns the names of all fields that the predicate looks at."""
    match predicate:
        case None:
            return set()
        case Both(args=args):
            return set().union(*(fields_of(arg) for arg in args))
        case Not(arg=arg):
            return fields_of(arg)
        case Comparison(field=field):
            return {field}
