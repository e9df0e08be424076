"""`evaluate topn`: what is found of people's later choices, ranked among all items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.beyond import head_items
from convrec.core.progress import Progress, silent
from convrec.evaluation.breadth import Breadth, people_by_item
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.manifest import manifest
from convrec.evaluation.ranked import Ranked, absent, listed
from convrec.evaluation.ranking import RankingCase, Rankings, per_person
from convrec.evaluation.result import Part, Result, Scored, summarised
from convrec.evaluation.run import Answer, Run, spread
from convrec.evaluation.scratch import trained
from convrec.evaluation.splits import Held, Protocol, Split, splits
from convrec.tools.registry import tool_class
from convrec.tools.threads import one_thread
from convrec.tools.toolbox import Request, Toolbox

BASELINES = ("popularity", "item_knn", "ease", "bm25")
"""What stands in the table beside anything else."""

SYSTEM = "fused"
_SENTENCES = 200  # people who are asked about in one sentence, at most
_NAMED = 3  # liked items that a sentence names


@dataclass(frozen=True)
class TopN:
    """The settings of a run."""

    protocol: Protocol = "leave-last-out"
    cuts: tuple[int, ...] = (10, 20)
    tools: tuple[str, ...] = ()
    seed: int = 0
    repeats: int = 1
    limit: int | None = None

    @property
    def depth(self) -> int:
        """Returns how many ranked items are kept."""
        return max(self.cuts)


@dataclass(frozen=True)
class _Round:
    """One split, the toolbox fitted on its training part, and a case for each person held out."""

    agent: Agent
    cases: tuple[RankingCase, ...]
    requests: Mapping[str, Request]
    sentences: Mapping[str, str]
    breadth: Breadth

    @property
    def toolbox(self) -> Toolbox:
        return self.agent.toolbox


def evaluate_topn(
    workspace: Workspace, options: TopN, runs: Path, *, progress: Progress = silent, out: Path | None = None
) -> tuple[Run, Result]:
    """Splits the workspace's interactions, fits every tool on the training part, and returns what each finds of the rest.

    The fused list of all tools is the system; popularity, item-kNN, EASE, BM25 and whatever `options.tools` names stand beside it.
    All items that a person does not know are ranked.

    Raises:
        InputError: a tool is unknown, or nobody can be held out.
        LeakError: a split has something of a target in its training part.
    """
    for name in options.tools:
        tool_class(name)
    about = manifest("topn", workspace, vars(options), seed=options.seed)
    run = Run.opened(out, runs, about, progress)
    catalogue = workspace.catalogue()
    found = splits(catalogue, options.protocol, seed=options.seed, repeats=options.repeats)
    with one_thread(), ExitStack() as opened:
        rounds = []
        for n, split in enumerate(found):
            agent = opened.enter_context(
                Agent.open(trained(workspace, split, runs / "fitted", progress), clock=fixed_clock())
            )
            rounds.append(_round(agent, catalogue, split, options, _mark(n, len(found))))
        result = _measured(run, rounds, options, _counted(found))
    return run, run.finish(result)


def _mark(number: int, of: int) -> str:
    return "" if of == 1 else f"#{number + 1}"


def _counted(found: Iterable[Split]) -> dict[str, int]:
    total: dict[str, int] = {}
    for split in found:
        for name, count in split.counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _round(agent: Agent, catalogue: Catalogue, split: Split, options: TopN, mark: str) -> _Round:
    held = spread(split.held, options.limit)
    learned = agent.toolbox.catalogue
    counts = people_by_item(learned)
    head = head_items(counts)
    cases = tuple(_case(each, catalogue, counts, head, mark) for each in held)
    requests = {case.id: _request(each, catalogue, options.depth) for case, each in zip(cases, held, strict=True)}
    sentences = {case.id: _sentence(each, catalogue) for case, each in zip(cases, held, strict=True) if each.history}
    breadth = Breadth(agent.toolbox, counts, len(learned.interactions().users), options.depth)
    return _Round(agent, cases, requests, sentences, breadth)


def _case(held: Held, catalogue: Catalogue, counts: Mapping[str, int], head: frozenset[str], mark: str) -> RankingCase:
    targets = tuple(catalogue.ids[row] for row in held.targets)
    person = "warm people" if held.history else "cold people"
    slices = {
        target: ("head" if target in head else "tail", "warm items" if counts[target] else "cold items", person)
        for target in targets
    }
    known = frozenset(catalogue.ids[row] for row in held.known)
    liked = tuple(catalogue.ids[row] for row in held.history)
    return RankingCase(f"{held.user}{mark}", held.user, targets, known, liked, slices)


def _request(held: Held, catalogue: Catalogue, k: int) -> Request:
    history = {catalogue.ids[row]: 1.0 for row in held.history}
    return Request(history=history, exclude=frozenset(catalogue.ids[row] for row in held.known), k=k, diversity=0.0)


def _sentence(held: Held, catalogue: Catalogue) -> str:
    titles = [catalogue.titles[row] for row in held.history[-_NAMED:]]
    return f"I liked {' and '.join(filter(None, [', '.join(titles[:-1]), titles[-1]]))}."


def _measured(run: Run, rounds: Sequence[_Round], options: TopN, counts: dict[str, int]) -> Result:
    tools = dict.fromkeys((*BASELINES, *options.tools))
    fitted = {name for each in rounds for name in each.toolbox.tools}
    asked: dict[str, tuple[str, ...] | None] = {SYSTEM: None} | {name: (name,) for name in tools if name in fitted}
    rankings = {name: _ranked(run, rounds, name, partial(_listed, only=only)) for name, only in asked.items()}
    cases = [case for each in rounds for case in each.cases]
    answered = {name: [answer.get("ranked", []) for answer in answers] for name, answers in rankings.items()}
    ranked = Ranked(cases, answered, partial(per_person, cuts=options.cuts))
    one_sentence, told = _one_sentence(run, rounds, options)
    catalogue = rounds[0].toolbox.catalogue
    whole = _with_breadth(ranked.part, rounds[0].breadth, cases, answered)
    ranked.keep(run, SYSTEM, whole, dict(zip(catalogue.ids, catalogue.titles, strict=True)))
    failures = {
        f"failures of {name}": sum("error" in answer for answer in answers)
        for name, answers in (rankings | told).items()
    }
    return summarised(
        "topn", SYSTEM, f"ndcg@{options.cuts[0]}", whole, seed=options.seed,
        slices=ranked.slices() | {"one sentence": one_sentence}, counts=counts | failures, notes=_notes(rounds, tools, options),
        controls=ranked.controls(SYSTEM, catalogue.ids, options.depth, options.seed),
    )  # fmt: skip


def _with_breadth(part: Part, breadth: Breadth, cases: Sequence[RankingCase], answered: Mapping[str, Rankings]) -> Part:
    wide = {name: breadth.scored(cases, lists) for name, lists in answered.items()}
    both = {n: Scored({**each.ratios, **wide[n].ratios}, wide[n].whole) for n, each in part.scored.items()}
    return Part(part.groups, both)


def _ranked(
    run: Run, rounds: Sequence[_Round], name: str, rank: Callable[[_Round, RankingCase], list[str]]
) -> list[Answer]:
    owner = {case.id: each for each in rounds for case in each.cases}
    cases = [case for each in rounds for case in each.cases]
    return run.answers(name, cases, lambda case: {"ranked": rank(owner[case.id], case)})


def _listed(each: _Round, case: RankingCase, *, only: tuple[str, ...] | None) -> list[str]:
    request = replace(each.requests[case.id], tools=only)
    if only is not None and not each.toolbox.tools[only[0]].capabilities.fold_in:
        request = _in_words(each, request, only[0])
    return listed(each.toolbox, request)


def _in_words(each: _Round, request: Request, tool: str) -> Request:
    """Returns the request for a tool that takes no history: one that reads text gets what the latest liked items say of themselves."""
    if not each.toolbox.tools[tool].capabilities.text_query:
        return replace(request, history={}, exclude=request.exclude | set(request.history))
    cards = [
        each.toolbox.catalogue.card(each.toolbox.catalogue.item(item).row) for item in list(request.history)[-_NAMED:]
    ]
    return replace(request, text=" ".join(cards), history={}, exclude=request.exclude | set(request.history))


def _one_sentence(run: Run, rounds: Sequence[_Round], options: TopN) -> tuple[Part, dict[str, list[Answer]]]:
    """Returns how people fare of whom nothing is known but a sentence that names up to three items they liked; and the answers."""
    told = [(each, case) for each in rounds for case in each.cases if case.id in each.sentences]
    picked = spread(told, _SENTENCES)
    cases, owner = [case for _, case in picked], {case.id: each for each, case in picked}

    def ranked(case: RankingCase, *, tools: tuple[str, ...] | None) -> Answer:
        each = owner[case.id]
        words = [{"role": "user", "content": each.sentences[case.id]}]
        found = each.agent.recommend(messages=words, exclude=case.known, k=options.depth, tools=tools)
        return {"ranked": [item.id for item in found]}

    asked: dict[str, tuple[str, ...] | None] = {SYSTEM: None}
    asked |= {name: (name,) for name in ("popularity", "bm25") if any(name in each.toolbox.tools for each in rounds)}
    answers = {
        name: run.answers(f"one-sentence.{name}", cases, partial(ranked, tools=only)) for name, only in asked.items()
    }
    lists = {name: [row.get("ranked", []) for row in rows] for name, rows in answers.items()}
    return Ranked(cases, lists, partial(per_person, cuts=options.cuts)).part, {
        f"{name}, one sentence": rows for name, rows in answers.items()
    }


def _notes(rounds: Sequence[_Round], tools: Iterable[str], options: TopN) -> tuple[str, ...]:
    return (
        f"{options.protocol}: all items that a person does not know are ranked; equal scores stand by id.",
        "A single tool's list ends where it has no opinion: what follows would be the catalogue's own order.",
        f"BM25 is asked with the cards of the latest {_NAMED} liked items, since it reads words only.",
        *absent(rounds[0].toolbox, tools),
    )
