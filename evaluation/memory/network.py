"""A Bayesian network of life facts: each node is drawn from a table that its parent chooses (as in MemSim: Zhang et al. 2024, 3.2)."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from convrec.evaluation.memory.reading import document, names

NONE = "none"
_ANY = "*"


class Node(BaseModel):
    """One node, as `life.yaml` describes it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    given: str = ""
    table: dict[str, Any] | list[str] = {}
    deal: str | dict[str, str] = ""
    about: str = ""
    ordinals: bool = False

    def row(self, parent: str) -> Mapping[str, int]:
        """Returns the weights of the values, given the parent's."""
        row = self.table
        if self.given and isinstance(row, dict):
            row = row[parent] if parent in row else row[_ANY]
        return row if isinstance(row, dict) else dict.fromkeys(row, 1)

    def list_of(self, parent: str) -> str:
        """Returns the list that its value is dealt from, blank where it is not."""
        return self.deal if isinstance(self.deal, str) else self.deal.get(parent, NONE)


@dataclass
class Deal:
    """Lists of names in an order of chance, dealt out from the top, so that no two people have the same while there are enough."""

    seed: int
    _given: dict[str, int] = field(default_factory=dict)

    def __call__(self, kind: str) -> str:
        """Returns the next name of a list of `names.yaml`."""
        shuffled = list(names(kind))
        random.Random(f"deal/{self.seed}/{kind}").shuffle(shuffled)
        place = self._given.get(kind, 0)
        self._given[kind] = place + 1
        return shuffled[place % len(shuffled)]


def nodes() -> dict[str, Node]:
    """Returns the network's nodes by name, parents first."""
    return {name: Node.model_validate(each) for name, each in document("life")["nodes"].items()}


def drawn(rng: random.Random, deal: Deal) -> dict[str, str]:
    """Returns a value for every node, `none` where nothing is true."""
    life: dict[str, str] = {}
    for name, node in nodes().items():
        life[name] = _value(node, life.get(node.given, ""), rng, deal)
    return life


def another(name: str, life: Mapping[str, str], rng: random.Random) -> str | None:
    """Returns another value for a node in the same life, None where there is no other."""
    node = nodes()[name]
    row = {v: w for v, w in node.row(life.get(node.given, "")).items() if v not in (NONE, life[name])}
    return _weighted(row, rng) if row else None


def _value(node: Node, parent: str, rng: random.Random, deal: Deal) -> str:
    kind = node.list_of(parent)
    value = _weighted(node.row(parent), rng) if node.table else kind
    return deal(kind) if kind and NONE not in (kind, value) else value


def _weighted(row: Mapping[str, int], rng: random.Random) -> str:
    return rng.choices(list(row), list(row.values()))[0]
