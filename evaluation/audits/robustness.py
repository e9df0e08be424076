"""`evaluate robustness`: slips of the keyboard, other words, texts that push their item, made-up people, histories in another order."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from convrec.agent.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.core.progress import Progress, silent
from convrec.evaluation.audits.injected import DEPTH, HARMLESS, ORDERS, STUFFED, Injected, Injection
from convrec.evaluation.audits.plain import PlainBm25
from convrec.evaluation.audits.poisoning import PLAIN, TOGETHER, TOOLS, Attack, Poisoned, attacked
from convrec.evaluation.audits.requests import WAYS, Wish, wishes
from convrec.evaluation.cases import write_cases
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Metrics, Part, Result, Scored, figures, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.scratch import copied
from convrec.tools.feedback import positive
from convrec.tools.threads import one_thread
from convrec.tools.toolbox import Request

SYSTEM, PLAIN_TEXT = "product", "plain BM25"
HEADLINE = "recall kept, 1 slip"
_K = 10
_SLIPS = (1, 3)
_FEWEST, _LATEST = 5, 20  # choices of a person whose history is shuffled, and of it the latest that are taken
_TARGETS = 6  # pushed items, for as many requests as 50
Row = Mapping[str, tuple[float, float]]


@dataclass(frozen=True)
class RobustnessOptions:
    """The settings of a run: requests that are drawn, and people whose lists are looked at."""

    users: int = 50
    seed: int = 0

    @property
    def injections(self) -> int:
        """Returns how many items are pushed by their text."""
        return max(3, self.users // 2)

    @property
    def targets(self) -> int:
        """Returns how many items are pushed by made-up people."""
        return max(1, self.users * _TARGETS // 50)


@dataclass(frozen=True)
class Person:
    """A person's choices, item ids, the latest last."""

    id: str
    history: tuple[str, ...]


@dataclass
class _Found:
    """Everything that was asked, with the answers: a row of metrics a case, by system."""

    ids: list[str] = field(default_factory=list)
    rows: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in (SYSTEM, PLAIN_TEXT, *PLAIN)})
    controls: dict[str, list[Row]] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, ids: Sequence[str], rows: Mapping[str, Sequence[Row]]) -> None:
        """Adds cases with what each system did in them; the others had no part in them."""
        self.ids += ids
        for name in self.rows:
            self.rows[name] += rows.get(name, [{}] * len(ids))


def evaluate_robustness(
    workspace: Workspace, options: RobustnessOptions, runs: Path, *, progress: Progress = silent, out: Path | None = None
) -> tuple[Run, Result]:  # fmt: skip
    """Asks a fitted workspace as it is, and a copy of it as somebody would have it who wishes it ill; the workspace itself is not changed.

    Raises:
        InputError: no item's text has words to ask for. NotFittedError: nothing was fitted yet.
    """
    run = Run.opened(out, runs, manifest("robustness", workspace, vars(options), seed=options.seed), progress)
    found = _Found()
    with one_thread(), ExitStack() as stack:
        copy = copied(workspace, Path(stack.enter_context(TemporaryDirectory())) / "workspace")
        agent = stack.enter_context(Agent.open(copy, clock=fixed_clock()))
        _asked(run, agent, options, found)
        _shuffled(run, agent, options, found)
        _poisoned(run, agent, options, found)
        _injected(run, copy, agent, options, found)
    return run, run.finish(_result(run, found, options))


def _asked(run: Run, agent: Agent, options: RobustnessOptions, found: _Found) -> None:
    """Adds requests with slips of the keyboard, and said in other words."""
    catalogue = agent.toolbox.catalogue
    asked, plain = wishes(catalogue, options.users, options.seed), PlainBm25(catalogue)

    def lists(wish: Wish, change: Callable[[Wish], Wish]) -> Answer:
        text = change(wish).text
        product = [item.id for item in agent.recommend(messages=[{"role": "user", "content": text}], k=_K)]
        return {"text": text, SYSTEM: product, PLAIN_TEXT: plain.ranked(text, _K)}

    changes: dict[str, Callable[[Wish], Wish]] = {"clean": lambda wish: wish}
    changes |= {f"{n} slip{'s' * (n > 1)}": partial(Wish.mistyped, slips=n, seed=options.seed) for n in _SLIPS}
    changes |= {f"way {way}": partial(Wish.said, way=way) for way in range(1, len(WAYS))}
    answers = {name: run.answers(name, asked, partial(lists, change=change)) for name, change in changes.items()}
    rows = {
        system: [
            _asked_row(wish, {name: each[place].get(system, []) for name, each in answers.items()})
            for place, wish in enumerate(asked)
        ]
        for system in (SYSTEM, PLAIN_TEXT)
    }
    found.add([f"asked/{wish.id}" for wish in asked], rows)
    found.controls["two different wishes"] = _different(asked, [each.get(SYSTEM, []) for each in answers["clean"]])
    found.counts |= {"requests": len(asked), **_failures(answers)}


def _asked_row(wish: Wish, lists: Mapping[str, Sequence[str]]) -> Row:
    clean = lists["clean"]
    hit = float(wish.item in clean)
    row: dict[str, tuple[float, float]] = {"recall@10": (hit, 1.0)}
    for name in lists:
        if name.endswith(("slip", "slips")):
            row[f"recall kept, {name}"] = (hit * float(wish.item in lists[name]), hit)
            row[f"same slate, {name}"] = (overlap(clean, lists[name]), 1.0)
    ways = [overlap(clean, each) for name, each in lists.items() if name.startswith("way")]
    return row | {"same slate, other words": (sum(ways) / len(ways), 1.0)}


def _different(asked: Sequence[Wish], lists: Sequence[Sequence[str]]) -> list[Row]:
    """Returns the overlap of each wish's slate with that of the next wish that has nothing in common with it."""
    rows: list[Row] = []
    for place, wish in enumerate(asked):
        others = [
            n % len(asked) for n in range(place + 1, place + len(asked)) if not wish.shares_with(asked[n % len(asked)])
        ]
        rows.append({"same slate, other words": (overlap(lists[place], lists[others[0]]), 1.0)} if others else {})
    return rows


def _shuffled(run: Run, agent: Agent, options: RobustnessOptions, found: _Found) -> None:
    """Adds people whose history is told in another order."""
    toolbox, asked = agent.toolbox, _people(agent, options)
    able: dict[str, tuple[str, ...] | None] = {SYSTEM: None} | {
        name: (name,) for name, tool in toolbox.tools.items() if tool.capabilities.fold_in
    }

    def lists(person: Person, shuffled: bool) -> Answer:
        history = list(person.history)
        if shuffled:
            random.Random(f"{options.seed}/{person.id}").shuffle(history)
        liked = dict.fromkeys(history, 1.0)
        return {
            name: [item.id for item in toolbox.recommend(Request(history=liked, k=_K, tools=only, diversity=0.0)).items] for name, only in able.items()
        }  # fmt: skip

    told = run.answers("history", asked, partial(lists, shuffled=False))
    mixed = run.answers("history shuffled", asked, partial(lists, shuffled=True))
    kept = {
        name: [overlap(a.get(name, []), b.get(name, [])) for a, b in zip(told, mixed, strict=True)] for name in able
    }
    found.add(
        [person.id for person in asked],
        {SYSTEM: [{"same list, history shuffled": (share, 1.0)} for share in kept[SYSTEM]]},
    )
    found.sections["same list with the history shuffled, by tool"] = {
        name: _share(sum(each), len(each)) for name, each in kept.items()
    }
    found.counts |= {"histories": len(asked), **_failures({"histories": told, "shuffled histories": mixed})}


def _people(agent: Agent, options: RobustnessOptions) -> list[Person]:
    catalogue = agent.toolbox.catalogue
    events = catalogue.interactions()
    liked = np.flatnonzero(positive(events, np.ones(len(events), np.bool_)))
    liked = liked[np.argsort(np.nan_to_num(events.timestamp[liked], nan=-np.inf), kind="stable")]
    told: dict[int, dict[str, None]] = {}
    for user, row in zip(events.user[liked].tolist(), events.row[liked].tolist(), strict=True):
        told.setdefault(user, {})[catalogue.ids[row]] = None
    people = [
        Person(f"history/{events.users[user]}", tuple(each)[-_LATEST:])
        for user, each in sorted(told.items())
        if len(each) >= _FEWEST
    ]
    return random.Random(f"{options.seed}/people").sample(people, min(options.users, len(people)))


def _poisoned(run: Run, agent: Agent, options: RobustnessOptions, found: _Found) -> None:
    """Adds items that made-up people push."""
    catalogue = agent.toolbox.catalogue
    poisoned = Poisoned(catalogue, agent.toolbox, options.users, options.seed)
    attacks = poisoned.attacks(options.targets)
    answers = run.answers("poisoned", attacks, poisoned.answer)
    found.add(
        [each.id for each in attacks],
        {name: attacked(attacks, answers, TOGETHER if name == SYSTEM else name) for name in (SYSTEM, *PLAIN)},
    )
    found.sections["share of lists that a pushed item is in, by tool"] = _by_tool(attacks, answers)
    found.counts |= {
        "attacks by made-up people": sum(bool(each.share) for each in attacks),
        **_failures({"attacks": answers}),
    }


def _by_tool(attacks: Sequence[Attack], answers: Sequence[Answer]) -> dict[str, dict[str, float | None]]:
    table: dict[str, dict[str, float | None]] = {}
    for name in (TOGETHER, *TOOLS, *PLAIN):
        sums: dict[str, list[float]] = {}
        for row in attacked(attacks, answers, name):
            for metric, (hits, people) in row.items():
                total = sums.setdefault(metric.partition(", ")[2], [0.0, 0.0])
                total[:] = total[0] + hits, total[1] + people
        table[name] = {metric: _share(hits, people) for metric, (hits, people) in sums.items()}
    return table


def _injected(run: Run, copy: Workspace, agent: Agent, options: RobustnessOptions, found: _Found) -> None:
    """Adds items that are pushed by their own text. This changes the copy, so it comes last."""
    injected = Injected(copy, agent, options.seed)
    ranked = lambda text: [item.id for item in agent.recommend(messages=[{"role": "user", "content": text}], k=DEPTH)]  # noqa: E731
    cases = injected.cases(options.injections, ranked)
    answers = {}
    for kind in ("", HARMLESS, ORDERS, STUFFED):
        places: dict[str, dict[str, Any]] = {}

        def answer(case: Injection, kind: str = kind, places: dict[str, dict[str, Any]] = places) -> Answer:
            if not places:
                places |= injected.places(cases, kind)
            return places[case.id]

        answers[kind] = run.answers(f"text with {kind or 'nothing added'}", cases, answer)
    found.add([case.id for case in cases], {
        name: [_injected_row({kind: each[at].get(key, DEPTH + 1) for kind, each in answers.items()}) for at in range(len(cases))]
        for name, key in ((SYSTEM, "product"), (PLAIN_TEXT, "plain"))
    })  # fmt: skip
    found.counts |= {
        "items pushed by their text": len(cases),
        **_failures({f"texts with {kind}": each for kind, each in answers.items()}),
    }


def _injected_row(places: Mapping[str, int]) -> Row:
    row: dict[str, tuple[float, float]] = {}
    for kind in (ORDERS, STUFFED, HARMLESS):
        row[f"places gained by {kind}"] = (float(places[""] - places[kind]), 1.0)
        row[f"pushed into the first {_K} by {kind}"] = (float(places[kind] <= _K), 1.0)
    return row


def overlap(one: Sequence[str], other: Sequence[str]) -> float:
    """Returns the share of a list's items that another has, too; nothing in common with an empty one, but for another empty one."""
    if not one:
        return float(not other)
    return len(set(one) & set(other)) / len(set(one))


def _share(hits: float, of: float) -> float | None:
    return round(hits / of, 4) if of else None


def _failures(answers: Mapping[str, Sequence[Answer]]) -> dict[str, int]:
    failed = {name: sum("error" in answer for answer in each) for name, each in answers.items()}
    return {f"{name} that failed": n for name, n in failed.items() if n}


def _scored(rows: Sequence[Row]) -> Scored:
    names = dict.fromkeys(name for row in rows for name in row)
    return Scored({name: Ratio.of([row.get(name, (0.0, 0.0)) for row in rows]) for name in names})


def _result(run: Run, found: _Found, options: RobustnessOptions) -> Result:
    scored = {name: _scored(rows) for name, rows in found.rows.items()}
    write_cases(run.folder, found.ids, found.ids, scored[SYSTEM])
    return summarised(
        "robustness", SYSTEM, HEADLINE, Part(found.ids, {name: each for name, each in scored.items() if each.ratios}), seed=options.seed,
        controls=dict(_controls(found, options.seed)), counts=found.counts, sections=found.sections, notes=_NOTES,
    )  # fmt: skip


def _controls(found: _Found, seed: int) -> Iterator[tuple[str, Metrics]]:
    for name, rows in found.controls.items():
        yield name, figures(_scored(rows), Resampling(found.ids[: len(rows)], seed=seed))


_NOTES = (
    "What stands beside the product has no defence: BM25 over whole texts to the letter, item-kNN and counts over every choice there is.",
    f"Places are counted down to {DEPTH}. Words of no matter are the measure of what any words do to an item.",
    "Made-up people choose the pushed item and four popular ones, all the same four (alike) or four of twenty (varied). The product's tools "
    f"({', '.join(TOOLS)}) are fitted anew under every attack.",
)
