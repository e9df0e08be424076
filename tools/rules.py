"""Business rules over one catalogue: what the house always leaves out, puts first, moves down and moves up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import InputError, PredicateError
from convrec.core.settings import Rule, RuleKind, Some
from convrec.tools.contract import Bools, Floats, Ints

RULE = "rule:"
"""What the name of a rule's part of a score begins with."""

_WORDS: dict[RuleKind, str] = {
    "filter": "in the range on offer",
    "pin": "picked by the shop",
    "boost": "favoured by the shop",
    "bury": "moved down by the shop",
}
_GAP = 0.01  # of the candidates' spread, between two pinned items and between the last of them and the rest


@dataclass(frozen=True)
class BoundRule:
    """A rule and what it means for a catalogue.

    `key` names its part of a score, `say` is the reason given for it. `rows` are the pinned items, in order; `items` is
    `(n_items,)`, those that are filtered, buried or boosted; `when` is `(n_items,)`, None where it always applies.
    """

    key: str
    say: str
    rule: Rule
    rows: Ints
    items: Bools
    when: Bools | None


@dataclass(frozen=True)
class Asked:
    """What a request asks for: `demanded` `(n_items,)` by its filter, and the `(n_items,)` of each wish above 0."""

    demanded: Bools
    wished: tuple[Bools, ...] = ()

    def is_for(self, items: Bools | None) -> bool:
        """Tells whether such items alone are demanded, or wished for; always for None."""
        if items is None:
            return True
        return any(bool(one.any()) and not (one & ~items).any() for one in (self.demanded, *self.wished))


class Rules:
    """The rules of a workspace, ready for its catalogue. They order and narrow; what is not allowed they never let in."""

    def __init__(self, bound: Sequence[BoundRule], n_items: int, unknown: Sequence[str] = ()) -> None:
        self.bound, self.n_items = tuple(bound), n_items
        self.unknown = tuple(unknown)  # ids of rules that are not in the catalogue

    @classmethod
    def open(cls, rules: Sequence[Rule], catalogue: Catalogue) -> Rules:
        """Returns the rules for a catalogue. Ids that it does not carry are passed over and stand in `unknown`.

        Raises:
            PredicateError: a rule names an unknown field or a value of the wrong type; it says which rule.
            InputError: two rules have the same name.
        """
        keys = [f"{RULE}{rule.name or f'{rule.kind} {number}'}" for number, rule in enumerate(rules, 1)]
        twice = next((key for place, key in enumerate(keys) if key in keys[:place]), None)
        if twice is not None:
            raise InputError(f"Two rules are called {twice.removeprefix(RULE)!r}.", "Name each apart.")
        named = [item_id for rule in rules for item_id in _ids(rule)]
        unknown = tuple(dict.fromkeys(item_id for item_id in named if catalogue.row(item_id) is None))
        return cls(
            [_bound(key, rule, catalogue) for key, rule in zip(keys, rules, strict=True)], len(catalogue), unknown
        )

    def over(self, catalogue: Catalogue) -> Rules:
        """Returns the same rules for another catalogue."""
        return Rules.open([one.rule for one in self.bound], catalogue)

    @cached_property
    def by_key(self) -> dict[str, BoundRule]:
        """Returns the rules by the names of their parts: `rule:<name>`."""
        return {one.key: one for one in self.bound}

    @cached_property
    def always(self) -> Bools | None:
        """Returns `(n_items,)`, what all filters leave; None where there is no filter."""
        filters = [one.items for one in self.bound if one.rule.kind == "filter"]
        return np.logical_and.reduce(filters) if filters else None

    def offered(self, allowed: Bools) -> Bools:
        """Returns `(n_items,)`, what of the allowed items the filters leave."""
        return allowed if self.always is None else allowed & self.always

    def pinned(self, allowed: Bools, asked: Asked) -> Ints:
        """Returns the rows that stand first, in order: pinned, allowed and within the filters. They join the candidates."""
        rows = [row for one in self._applying("pin", asked) for row in one.rows.tolist()]
        offered = self.offered(allowed)
        return np.array([row for row in dict.fromkeys(rows) if offered[row]], np.int64)

    def parts(self, rows: Ints, scores: Floats, allowed: Bools, asked: Asked) -> dict[str, Floats]:
        """Returns what each rule adds to the scores `(n,)` of candidate rows `(n,)`: `rule:<name>` → `(n,)`.

        A boost adds `amount` times the candidates' spread (best less worst, 1 where they are level), a bury takes it away. A
        pinned row is lifted above all others, in the order of `pinned`, by no more than that takes.
        """
        spread = (float(np.ptp(scores)) if len(scores) else 0.0) or 1.0
        moving = [(one, 1.0) for one in self._applying("boost", asked)]
        moving += [(one, -1.0) for one in self._applying("bury", asked)]
        parts: dict[str, Floats] = {
            one.key: sign * one.rule.amount * spread * one.items[rows].astype(np.float64) for one, sign in moving
        }
        moved = scores + np.sum(list(parts.values()), axis=0) if parts else scores
        return parts | self._lifted(rows, moved, self.pinned(allowed, asked), spread, asked)

    def _lifted(self, rows: Ints, scores: Floats, pinned: Ints, spread: float, asked: Asked) -> dict[str, Floats]:
        """Returns the parts `(n,)` that bring pinned rows above the rest, each under the first rule that pins it."""
        place = {row: at for at, row in enumerate(rows.tolist())}
        present = [row for row in pinned.tolist() if row in place]
        first = {row: one.key for one in reversed(self._applying("pin", asked)) for row in one.rows.tolist()}
        parts: dict[str, Floats] = {}
        for above, row in enumerate(reversed(present), 1):
            amounts = parts.setdefault(first[row], np.zeros(len(rows)))
            amounts[place[row]] = float(scores.max()) + _GAP * spread * above - scores[place[row]]
        return parts

    def _applying(self, kind: RuleKind, asked: Asked) -> list[BoundRule]:
        return [one for one in self.bound if one.rule.kind == kind and asked.is_for(one.when)]


NO_RULES = Rules((), 0)
"""The rules of a house that has none."""


def _bound(key: str, rule: Rule, catalogue: Catalogue) -> BoundRule:
    """Returns a rule for a catalogue."""
    try:
        rows = catalogue.rows(rule.pin)
        items = _mask(rule.filter if rule.kind == "filter" else rule.bury or rule.boost, catalogue)
        when = catalogue.mask(rule.when) if rule.when is not None else None
    except PredicateError as error:
        name = key.removeprefix(RULE)
        raise PredicateError(f"The rule {name!r} of `ranking.rules`: {error.problem}", error.fix) from error
    return BoundRule(key, rule.say or _WORDS[rule.kind], rule, rows[rows >= 0], items, when)


def _mask(which: Some | None, catalogue: Catalogue) -> Bools:
    """Returns `(n_items,)`, true for the items of those ids, or that satisfy the predicate."""
    if not isinstance(which, tuple):
        return catalogue.mask(which)
    mask = np.zeros(len(catalogue), np.bool_)
    rows = catalogue.rows(which)
    mask[rows[rows >= 0]] = True
    return mask


def _ids(rule: Rule) -> tuple[str, ...]:
    """Returns the ids that a rule names."""
    return (*rule.pin, *(one for which in (rule.bury, rule.boost) if isinstance(which, tuple) for one in which))
