"""Poisoning: made-up people who like one item along with popular ones, and what share of real people's lists it then stands in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.interactions import Interactions
from convrec.core.errors import NotFittedError
from convrec.evaluation.audits.plain import PlainCounts, PlainNeighbours
from convrec.tools.contract import Ints, Tool
from convrec.tools.feedback import matrix, positive
from convrec.tools.registry import tool_class
from convrec.tools.toolbox import Request, Toolbox
from convrec.tools.training import choices_of, training_data

TOOLS = ("popularity", "item_knn", "ease")
"""The tools that learn from choices and take seconds to fit; those of them that are fitted in the workspace are fitted anew under each attack."""

TOGETHER = "together"
PLAIN = ("plain item-kNN", "plain counts")
SHARES = (0.01, 0.05)
MANNERS = {"alike": 4, "varied": 20}
"""How made-up people choose beside the target: the most popular items, the same for all, or some of so many."""

_PROFILE = 4  # items that a made-up person chooses beside the target
_K = 10
_FEWEST = 5  # choices of a person whose list is looked at


@dataclass(frozen=True)
class Attack:
    """Made-up people who push an item: `share` of all choices are theirs then; 0 is no attack."""

    id: str
    target: int
    share: float = 0.0
    manner: str = "alike"

    def on(self, events: Interactions, popular: Ints, seed: int) -> Interactions:
        """Returns the events with those of the made-up people after them, all of one moment after the last."""
        if not self.share:
            return events
        n = max(1, round(self.share * len(events) / (1 - self.share) / (_PROFILE + 1)))
        rng = np.random.default_rng([seed, self.target])
        pool = popular[popular != self.target][: MANNERS[self.manner]]
        rows = np.concatenate(
            [[self.target, *rng.choice(pool, min(_PROFILE, len(pool)), replace=False)] for _ in range(n)]
        )
        each = len(rows) // n
        known, latest = events.value[~np.isnan(events.value)], events.timestamp[~np.isnan(events.timestamp)]
        return replace(
            events, users=[*events.users, *(f"made up {number}" for number in range(n))],
            user=np.concatenate([events.user, np.repeat(np.arange(n), each) + len(events.users)]),
            row=np.concatenate([events.row, rows]),
            value=np.concatenate([events.value, np.full(len(rows), known.max() if len(known) else np.nan)]),
            event=np.concatenate([events.event, np.full(len(rows), "")]),
            timestamp=np.concatenate([events.timestamp, np.full(len(rows), latest.max() + 1 if len(latest) else np.nan)]),
        )  # fmt: skip


class Poisoned:
    """The choices of a catalogue, the people whose lists are looked at, and what every ranker shows them under an attack."""

    def __init__(self, catalogue: Catalogue, toolbox: Toolbox, n_people: int, seed: int) -> None:
        self._catalogue, self._toolbox, self._seed = catalogue, toolbox, seed
        self._events = catalogue.interactions()
        liked = positive(self._events, np.ones(len(self._events), np.bool_))
        self._chosen = matrix(
            self._events.user[liked], self._events.row[liked], len(self._events.users), len(catalogue)
        )
        self._counts = np.bincount(self._chosen.indices, minlength=len(catalogue))
        able = np.flatnonzero(np.diff(self._chosen.indptr) >= _FEWEST)
        drawn = np.random.default_rng(seed).permutation(able)[:n_people]
        self._people = [
            self._chosen.indices[self._chosen.indptr[u] : self._chosen.indptr[u + 1]] for u in drawn.tolist()
        ]

    def attacks(self, n_targets: int) -> list[Attack]:
        """Returns, for each of some items that few chose, no attack and every attack; none where too few people chose anything, or no tool learns from it."""
        if not self._people or not any(name in self._toolbox.tools for name in TOOLS):
            return []
        usual = float(np.median(self._counts[self._counts > 0]))
        few = np.flatnonzero((self._counts > 0) & (self._counts <= usual))
        targets = np.random.default_rng(self._seed + 1).permutation(few)[:n_targets].astype(np.int64).tolist()
        every = [(share, manner) for manner in MANNERS for share in SHARES]
        return [
            attack
            for target in targets
            for attack in (
                Attack(f"poison/{target}/none", target),
                *(Attack(f"poison/{target}/{manner}/{share:.0%}", target, share, manner) for share, manner in every),
            )
        ]

    def answer(self, attack: Attack) -> dict[str, Any]:
        """Returns, by ranker, the number of people whose ten best have the target in them."""
        events = attack.on(self._events, np.argsort(-self._counts, kind="stable"), self._seed)
        liked = positive(events, np.ones(len(events), np.bool_))
        every = matrix(events.user[liked], events.row[liked], len(events.users), len(self._catalogue))
        toolbox = self._fitted(events)
        found = {
            PLAIN[0]: self._hits(PlainNeighbours(every).top, attack), PLAIN[1]: self._hits(PlainCounts(every).top, attack),
            TOGETHER: self._hits(lambda history, k: _listed(toolbox, history, k, None), attack),
        }  # fmt: skip
        found |= {
            name: self._hits(lambda history, k, name=name: _listed(toolbox, history, k, (name,)), attack)
            for name in toolbox.tools
        }
        return {"people": len(self._people), "in lists": found}

    def _hits(self, top: Any, attack: Attack) -> int:
        return sum(
            attack.target in top(history.astype(np.int64), _K).tolist()
            for history in self._people
            if attack.target not in history
        )

    def _fitted(self, events: Interactions) -> Toolbox:
        data = training_data(self._catalogue, choices_of(events, len(self._catalogue)), self._catalogue.dialogues())
        tools: dict[str, Tool] = {}
        for name in (name for name in TOOLS if name in self._toolbox.tools):
            kind = tool_class(name)
            tool = kind(kind.Config())
            try:
                tool.fit(data)
            except NotFittedError:
                continue  # too few people for this tool; it is in no toolbox of this catalogue
            tools[name] = tool
        return Toolbox(self._catalogue, tools, encoder=self._toolbox.encoder, weights=self._toolbox.weights)


def _listed(toolbox: Toolbox, history: Ints, k: int, tools: tuple[str, ...] | None) -> Ints:
    liked = {toolbox.catalogue.ids[row]: 1.0 for row in history.tolist()}
    if tools is not None and not toolbox.tools[tools[0]].capabilities.fold_in:
        request = Request(exclude=frozenset(liked), k=k, tools=tools, diversity=0.0)
    else:
        request = Request(history=liked, k=k, tools=tools, diversity=0.0)
    return np.array([item.row for item in toolbox.recommend(request).items], np.int64)


def attacked(
    attacks: Sequence[Attack], answers: Sequence[Mapping[str, Any]], ranker: str
) -> list[dict[str, tuple[float, float]]]:
    """Returns, for each attack, the target's share of people's lists with that ranker, named for how and by how much; a failed one counts as a whole harm."""
    rows = []
    for attack, answer in zip(attacks, answers, strict=True):
        people = float(answer.get("people", 1))
        hits = answer.get("in lists", {}).get(ranker, people if "error" in answer else 0)
        name = f"pushed item in lists, {f'{attack.manner}, {attack.share:.0%}' if attack.share else 'no attack'}"
        rows.append({name: (float(hits), people)})
    return rows
