"""A catalogue's facts, read from its own file and not through the product, and what a script may demand of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_RANGE = re.compile(r"(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)")
_BOUNDS = {
    "lt": lambda value, bound: value < bound,
    "le": lambda value, bound: value <= bound,
    "gt": lambda value, bound: value > bound,
    "ge": lambda value, bound: value >= bound,
}
DEMO = Path(__file__).resolve().parents[2] / "catalogue" / "demo" / "items.jsonl"


class ScriptError(ValueError):
    """A script asks for something that its README does not know, or for an item that is not there."""


class Items:
    """The items of a catalogue by id: field → value, empty values left out."""

    def __init__(self, documents: Iterable[Mapping[str, Any]]) -> None:
        self.facts: dict[str, dict[str, Any]] = {}
        self._named: dict[str, str] = {}
        for document in documents:
            facts = {name: value for name, value in document.items() if name != "id" and value not in (None, "", [])}
            self.facts[str(document["id"])] = facts
            self._named[name_of(facts)] = str(document["id"])
        self.years: dict[str, set[object]] = {}  # title → the years of the items that are called so
        for facts in self.facts.values():
            self.years.setdefault(str(facts["title"]), set()).add(facts.get("year"))
        bearers = Counter(str(facts["title"]) for facts in self.facts.values())
        self._named |= {
            str(facts["title"]): item for item, facts in self.facts.items() if bearers[str(facts["title"])] == 1
        }

    @classmethod
    def read(cls, path: Path = DEMO) -> Items:
        """Returns the items of a JSON lines file."""
        with path.open(encoding="utf-8") as lines:
            return cls(json.loads(line) for line in lines)

    def named(self, name: str) -> str:
        """Returns the id of `Heat (1995)`, or of `Heat` where only one item is called so.

        Raises:
            ScriptError: the catalogue has no such item, or several.
        """
        if name not in self._named:
            raise ScriptError(f"the catalogue has no item {name!r}")
        return self._named[name]

    def name(self, item_id: str) -> str:
        """Returns the item's title and year; its bare id where the catalogue does not know it."""
        return name_of(self.facts[item_id]) if item_id in self.facts else f"unknown item {item_id}"

    def title(self, item_id: str) -> str:
        """Returns the item's exact title."""
        return str(self.facts[item_id]["title"])


def name_of(facts: Mapping[str, Any]) -> str:
    """Returns title and year, as scripts write them."""
    return f"{facts['title']} ({facts['year']})" if "year" in facts else str(facts["title"])


def meets(value: object, condition: object) -> bool:
    """Tells whether an item's value (None where it has none) meets one condition of a script."""
    match condition:
        case {"all": list(wanted)}:
            return all(meets(value, one) for one in wanted)
        case {"not": unwanted}:
            return not meets(value, unwanted)
        case dict() if condition and condition.keys() <= _BOUNDS.keys():
            return isinstance(value, int | float) and all(_BOUNDS[op](value, bound) for op, bound in condition.items())
        case list():
            return any(meets(value, one) for one in condition)
        case str() if found := _RANGE.fullmatch(condition):
            return isinstance(value, int | float) and float(found[1]) <= value <= float(found[2])
        case str() | int() | float():
            return condition in value if isinstance(value, list) else value == condition
    raise ScriptError(f"{condition!r} is no condition")
