"""`evaluate dialogue`: what a recommender in a human conversation named next, found from all that was said before.

The headline leaves repeated titles out: a target is an item that nobody named earlier in the conversation, and every target is a case
of its own. Counting repeats as well rewards whoever copies, which stands beside it (Kostric & Balog 2026; He et al. 2023, sec. 4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.metrics.beyond import head_items
from convrec.core.progress import Progress, silent
from convrec.evaluation.breadth import people_by_item
from convrec.evaluation.clock import TODAY, fixed_clock
from convrec.evaluation.dialogue_files import read_test_dialogues
from convrec.evaluation.leaks import refuse_overlap
from convrec.evaluation.manifest import manifest
from convrec.evaluation.ranked import Ranked, absent, listed
from convrec.evaluation.ranking import RankingCase, per_target
from convrec.evaluation.result import Result, summarised
from convrec.evaluation.run import Answer, Run
from convrec.tools.registry import tool_class
from convrec.tools.threads import one_thread

BASELINES = ("popularity", "item_knn", "ease", "bm25", "dialogue_bm25")
SYSTEM = "agent"
FUSED = "tools fused"
COPY = "copy"
LEAKED = "test dialogues that were learned from"
Messages = tuple[Mapping[str, str], ...]


@dataclass(frozen=True)
class DialogueOptions:
    """The settings of a run. `today` is the day on which people talk, so that "last year" means what it meant to them."""

    split: str | None = None
    cuts: tuple[int, ...] = (1, 10, 50)
    tools: tuple[str, ...] = ()
    seed: int = 0
    limit: int | None = None
    allow_leak: bool = False
    today: str = TODAY


@dataclass(frozen=True)
class Moment:
    """A turn in which the assistant names items: all said before, what is named now, what was named before (the latest last)."""

    id: str
    dialogue: str
    messages: Messages
    named: tuple[str, ...]
    before: tuple[str, ...]

    @property
    def novel(self) -> tuple[str, ...]:
        """Returns what nobody named before."""
        return tuple(item for item in self.named if item not in self.before)


def moments(dialogues: Sequence[Dialogue]) -> list[Moment]:
    """Returns every turn in which an assistant names items, in order."""
    found = []
    for dialogue in dialogues:
        before: dict[str, None] = {}
        for place, turn in enumerate(dialogue.turns):
            named = tuple(dict.fromkeys(item.id for item in turn.items))
            if turn.role == "assistant" and named:
                said = tuple({"role": t.role, "content": t.text} for t in dialogue.turns[:place])
                found.append(Moment(f"{dialogue.id}/{place}", dialogue.id, said, named, tuple(before)))
            for item in named:
                before.pop(item, None)
                before[item] = None
    return found


def evaluate_dialogue(
    workspace: Workspace,
    source: Path,
    options: DialogueOptions,
    runs: Path,
    *,
    progress: Progress = silent,
    out: Path | None = None,
) -> tuple[Run, Result]:
    """Asks the agent, with the workspace's published tools, what should be named next in each turn; returns what it finds.

    Raises:
        InputError: nothing can be read from `source`, or it has no turn in which items are named.
        LeakError: dialogues of the test are among the workspace's own, and `options.allow_leak` is not set.
    """
    for name in options.tools:
        tool_class(name)
    brought = read_test_dialogues(source, options.split)
    asked = moments(brought.dialogues)[: options.limit]
    if not any(moment.novel for moment in asked):
        raise InputError(
            f"{source} has no turn in which an assistant names an item.", "Bring dialogues with `items` in their turns."
        )
    leaked = refuse_overlap(brought.dialogues, workspace.catalogue().dialogues(), allow=options.allow_leak)
    about = manifest("dialogue", workspace, vars(options), seed=options.seed, inputs=brought.files)
    run = Run.opened(out, runs, about, progress)
    with Agent.open(workspace, clock=fixed_clock(options.today)) as agent, one_thread():
        answers = run.answers("all", asked, lambda moment: {"ranked": _ranked(agent, moment, options)})
        result = _measured(
            run, agent, asked, answers, options, {LEAKED: leaked, "test rows that could not be read": brought.rejected}
        )
    return run, run.finish(result)


def _ranked(agent: Agent, moment: Moment, options: DialogueOptions) -> dict[str, list[str]]:
    """Returns each system's list. All but the agent go without the wishes and demands that it hears."""
    request = agent.requested(messages=moment.messages, k=max(options.cuts))
    plain = replace(request, wishes=(), filter=None)
    fitted = agent.toolbox.tools
    single = [name for name in dict.fromkeys((*BASELINES, *options.tools)) if name in fitted]
    asked = {SYSTEM: request, FUSED: plain} | {name: replace(plain, tools=(name,)) for name in single}
    return {name: listed(agent.toolbox, each) for name, each in asked.items()}


def _measured(
    run: Run,
    agent: Agent,
    asked: Sequence[Moment],
    answers: Sequence[Answer],
    options: DialogueOptions,
    read: Mapping[str, int],
) -> Result:
    catalogue = agent.toolbox.catalogue
    systems = list(dict.fromkeys(name for answer in answers for name in answer.get("ranked", {}))) or [SYSTEM]
    lists = {name: [answer.get("ranked", {}).get(name, []) for answer in answers] for name in systems}
    lists[COPY] = [list(reversed(moment.before)) for moment in asked]
    counts = _named_in_training(agent)
    head = head_items(counts)
    every = [_case(moment, moment.named, counts, head) for moment in asked]
    places = [place for place, moment in enumerate(asked) if moment.novel]
    cases = [_case(asked[place], asked[place].novel, counts, head) for place in places]
    measure = partial(per_target, cuts=options.cuts)
    novel = Ranked(cases, {n: [each[place] for place in places] for n, each in lists.items() if n != COPY}, measure)
    copied = {COPY: lists[COPY], "copy, then agent": _copied_first(asked, lists)}
    with_repeats = Ranked(every, {**{name: lists[name] for name in systems}, **copied}, measure)
    said = {moment.id: " / ".join(str(message["content"]) for message in moment.messages[-4:]) for moment in asked}
    novel.keep(run, SYSTEM, novel.part, dict(zip(catalogue.ids, catalogue.titles, strict=True)), said)
    targets = [target for case in cases for target in case.targets]
    known = {
        "turns": len(cases), "targets": len(targets), "targets not in the catalogue": sum(catalogue.row(t) is None for t in targets),
        "turns that name nothing new": len(asked) - len(cases), "failures": sum("error" in answer for answer in answers),
        **read,
    }  # fmt: skip
    return summarised(
        "dialogue", SYSTEM, f"recall@{options.cuts[len(options.cuts) // 2]}", novel.part, seed=options.seed, counts=known,
        slices=novel.slices() | {"with repeats": with_repeats.part}, notes=_notes(agent, options, read[LEAKED]),
        controls=novel.controls(SYSTEM, catalogue.ids, max(options.cuts), options.seed),
    )  # fmt: skip


def _named_in_training(agent: Agent) -> dict[str, int]:
    """Returns in how many training dialogues each item was named, and how many people chose it."""
    counts = people_by_item(agent.toolbox.catalogue)
    for dialogue in agent.toolbox.catalogue.dialogues():
        for item in {item.id for turn in dialogue.turns for item in turn.items}:
            counts[item] = counts.get(item, 0) + 1
    return counts


def _case(moment: Moment, targets: tuple[str, ...], counts: Mapping[str, int], head: frozenset[str]) -> RankingCase:
    users = sum(message["role"] == "user" for message in moment.messages)
    told = (
        "first request"
        if users <= 1 and not moment.before
        else f"{min(len(moment.before), 3)}{'+' if len(moment.before) > 2 else ''} named before"
    )
    slices = {
        t: ("head" if t in head else "tail" if counts.get(t) else "never named in training", told) for t in targets
    }
    return RankingCase(moment.id, moment.dialogue, targets, slices=slices)


def _copied_first(asked: Sequence[Moment], lists: Mapping[str, list[list[str]]]) -> list[list[str]]:
    return [
        [*copied, *(i for i in ranked if i not in copied)]
        for copied, ranked in zip(lists[COPY], lists[SYSTEM], strict=True)
    ]


def _notes(agent: Agent, options: DialogueOptions, leaked: int) -> tuple[str, ...]:
    marked = (
        (f"LEAK: {leaked} test dialogues are among those learned from; these figures are no measure of quality.",)
        if leaked
        else ()
    )
    return (
        *marked,
        "Targets are what the assistant named in a turn and nobody named before in the conversation; each is a case of its own; all items "
        "of the catalogue are ranked; items in the conversation are known only as far as their titles are recognised in the text.",
        "with repeats: all that is named in a turn counts, also what was named before; copy names those again, the latest first.",
        "Equal scores stand in the catalogue's order.",
        *absent(agent.toolbox, (*BASELINES, *options.tools)),
    )
