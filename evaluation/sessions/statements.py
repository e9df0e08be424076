"""What people said, as filters over a catalogue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import PredicateError
from convrec.core.predicate import Comparison, Predicate
from convrec.evaluation.sessions.people import Statement
from convrec.tools.contract import Bools


def predicate(statement: Statement, catalogue: Catalogue) -> Predicate | None:
    """Returns the statement as a predicate, polarity apart; None for one about items or about a field that nothing can compare."""
    if statement.facet not in catalogue.schema.names:
        return None
    field = catalogue.schema.field(statement.facet)
    if field.type == "tags":
        return Comparison(field=statement.facet, op="contains", value=statement.value)
    if field.measured and isinstance(statement.value, (tuple, list)):
        low, high = (None if end in (None, float("inf"), -float("inf")) else end for end in statement.value)
        if low is None and high is None:
            return None
        if low is None or high is None:
            return Comparison(
                field=statement.facet, op="le" if low is None else "ge", value=high if low is None else low
            )
        return Comparison(field=statement.facet, op="between", value=(low, high))
    return Comparison(field=statement.facet, op="eq", value=statement.value) if field.faceted else None


def mask(statement: Statement, catalogue: Catalogue) -> Bools | None:
    """Returns `(n_items,)`, true for items that the statement allows; None where it says nothing that can be checked.

    An item whose fact is missing breaks no exclusion, and meets no demand.
    """
    if statement.facet == "item":
        row = catalogue.row(str(statement.value))
        if row is None or statement.polarity > 0:
            return None  # that somebody likes an item demands nothing of others
        allowed = np.ones(len(catalogue), np.bool_)
        allowed[row] = False
        return allowed
    asked = predicate(statement, catalogue)
    if asked is None:
        return None
    try:
        holds = catalogue.mask(asked)
    except PredicateError:
        return None
    return holds if statement.polarity > 0 else ~holds


def standing(said: Sequence[tuple[Statement, ...]], retracted: Sequence[tuple[Statement, ...]]) -> list[Statement]:
    """Returns what was said and not taken back since. Both are by turn; taking back holds for what was said before, however often."""
    left: list[Statement] = []
    for new, gone in zip(said, retracted, strict=True):
        left = [*(statement for statement in left if statement not in gone), *new]
    return left
