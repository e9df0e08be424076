"""`evaluate engines`: which steps of a turn a chat model serves better than the compact engine, over the same turns and people, and whether it should rank."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from convrec.agent.llm.connect import connect
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Resampling
from convrec.core.progress import Progress, silent
from convrec.core.settings import Llm, Manner, Step
from convrec.evaluation.cases import write_cases
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.engines.candidates import COMPACT, Candidate, Connect, Job, candidates
from convrec.evaluation.engines.figures import Cases, Row, counts, ms_a_turn, notes, scored
from convrec.evaluation.engines.hearing import Heard, labelled_turns, simulated_turns
from convrec.evaluation.engines.ordering import (
    REARRANGED,
    SHUFFLED,
    Ordering,
    Rearranged,
    asked_again,
    check,
    held_people,
    marks,
)
from convrec.evaluation.engines.rating import FACTORS, MEANS, MOST, Ratings, errors
from convrec.evaluation.engines.talking import Served, first_sessions, found, worded
from convrec.evaluation.engines.verdict import ranking, steps_won, toml_lines, verdicts
from convrec.evaluation.manifest import manifest
from convrec.evaluation.ranking import RankingCase
from convrec.evaluation.result import Part, Result, gains, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.sessions.frozen import people_hash
from convrec.evaluation.sessions.house import SIMULATORS, SessionOptions, session_of, without_them
from convrec.evaluation.sessions.sampling import has_attributes, people, view_of
from convrec.evaluation.sessions.servers import SLATE
from convrec.evaluation.sessions.session import Session
from convrec.evaluation.splits import Held
from convrec.tools.threads import one_thread

Marked = Callable[[Sequence[str], Sequence[Answer]], Sequence[Row]]


@dataclass(frozen=True)
class EngineOptions:
    """The settings of a run. `turns` bounds the turns that are heard, about the slates that are worded, and the lists that are ordered, in the
    manner of `rank`; `users` as in sessions.
    """

    users: int = 15
    turns: int = 200
    patience: int = 5
    mistakes: float = 0.15
    seed: int = 0
    rank: Manner = "listwise"


@dataclass
class _Stage:
    """What a run works with. Agents are opened when they are first needed, and closed together."""

    run: Run
    options: EngineOptions
    engines: Sequence[Candidate]
    tools: Workspace
    scratch: Path
    opened: list[Served] = field(default_factory=list)

    def served(self, engine: Candidate, step: Step) -> Served:
        self.opened.append(Served(engine, step, self.tools, self.scratch))
        return self.opened[-1]

    def close(self) -> None:
        for served in self.opened:
            served.agent.close()


def evaluate_engines(
    workspace: Workspace, llm: Llm, options: EngineOptions, runs: Path, *, labelled: Path | None = None, connected: Connect = connect,
    progress: Progress = silent, out: Path | None = None,
) -> tuple[Run, Result]:  # fmt: skip
    """Measures the compact engine, the model that `llm` names, and that with its adapter, step by step, and says which steps the model wins.

    `labelled` turns are understood; without them those of simulated people, who are also served and whose slates are worded. Where people's
    choices are known, what is found for some of them is ordered, too, and where they are ratings, some are predicted. The tools are fitted
    without these people.

    Raises:
        InputError: no model is named, nobody can talk, or a turn has too few requests to rank. ConvrecError: the model does not answer.
    """
    if len(workspace.catalogue()) <= SLATE:
        raise InputError("The catalogue is too small for this.", f"Bring more than {SLATE} items.")
    if workspace.catalogue().has_interactions:
        check(llm, options.rank)
    engines = candidates(llm, connected)
    asked = vars(options) | {"llm": _about(llm), "people": people_hash()}
    workspace = _without_model(workspace)
    about = manifest("engines", workspace, asked, seed=options.seed, inputs=[labelled] if labelled else [])
    run = Run.opened(out, runs, about, progress)
    with one_thread(), tempfile.TemporaryDirectory() as scratch:
        met = SessionOptions(options.users, "agent", options.patience, options.mistakes, options.seed)
        known = not has_attributes(workspace.catalogue())  # then people are known by what they liked, and by that alone
        tools, held = without_them(workspace, met, runs, progress, known=known)
        stage = _Stage(run, options, engines, tools, Path(scratch))
        try:
            sessions = _sessions(workspace, held, options, known)
            people = held_people(held, workspace.catalogue(), options.turns)
            measured = _measured(stage, sessions, labelled, people)
            ratings = _rated(stage, Ratings(workspace.catalogue(), min(MOST, options.turns), options.seed))
        finally:
            stage.close()
    result = _result(stage, measured, labelled, ratings)
    return run, run.finish(result, ms_a_turn=ms_a_turn(measured))


def _about(llm: Llm) -> dict[str, Any]:
    """Returns the model's settings that figures depend on: neither where it is served, nor where a local one's folder lies."""
    about = llm.model_dump(mode="json", exclude={"base_url", "api_key_env", "steps", "rank"})
    return about | {name: Path(about[name]).name for name in ("model", "adapter") if not llm.urls}


def _without_model(workspace: Workspace) -> Workspace:
    """Returns the workspace with no model in its settings, for neither a fit nor the compact engine depends on one."""
    opened = Workspace.open(workspace.root)
    opened.settings = workspace.settings.model_copy(update={"llm": Llm()})
    return opened


def _sessions(workspace: Workspace, held: Sequence[Held], options: EngineOptions, known: bool) -> list[Session]:
    drawn = people(
        workspace.catalogue(), held, options.users, seed=options.seed, patience=options.patience, mistakes=options.mistakes, with_history=known
    )  # fmt: skip
    if not drawn:
        raise InputError("Nobody is there to talk.", "Bring people with more choices.")
    return [session_of(simulator(), each, options.seed) for simulator in SIMULATORS for each in drawn]


def _measured(
    stage: _Stage, sessions: Sequence[Session], labelled: Path | None, people: Sequence[RankingCase]
) -> list[Cases]:
    compact = stage.served(stage.engines[0], "plan")
    view = view_of(compact.agent.toolbox.catalogue)
    served = {e.name: compact if e.name == COMPACT else stage.served(e, "plan") for e in stage.engines}
    plan = {
        name: stage.run.answers(f"plan {name}", sessions, partial(each.talk, view=view))
        for name, each in served.items()
    }
    return [
        _heard(stage, compact, sessions, plan[COMPACT], labelled),
        _cases("plan", sessions, plan, lambda people, each: [found(a, stage.options.patience) for a in each]),
        _worded(stage, sessions, plan[COMPACT]),
        *([_ordered(stage, compact, people)] if people else []),
    ]


def _cases(step: Job, sessions: Sequence[Session], answers: Mapping[str, Sequence[Answer]], marked: Marked) -> Cases:
    people = [session.person.id for session in sessions]
    rows = {name: marked(people, each) for name, each in answers.items()}
    return Cases(step, [session.id for session in sessions], people, answers, rows)


def _heard(
    stage: _Stage, compact: Served, sessions: Sequence[Session], transcripts: Sequence[Answer], labelled: Path | None
) -> Cases:
    toolbox, most = compact.agent.toolbox, stage.options.turns
    if labelled is not None:
        cases = labelled_turns(labelled, toolbox.catalogue, most)
    else:
        cases = simulated_turns(sessions, transcripts, toolbox.catalogue, most)
    heard = Heard(toolbox, fixed_clock(), labelled=labelled is not None)
    answers = {
        engine.name: stage.run.answers(f"understand {engine.name}", cases, partial(heard.answer, model=heard.by(engine)))
        for engine in stage.engines
    }  # fmt: skip
    rows = {name: [heard.marks(c, a) for c, a in zip(cases, each, strict=True)] for name, each in answers.items()}
    return Cases("understand", [case.id for case in cases], [case.group for case in cases], answers, rows)


def _worded(stage: _Stage, sessions: Sequence[Session], transcripts: Sequence[Answer]) -> Cases:
    """Words the compact engine's slates by each model: code understands and plans, so that all word the same."""
    by_id = dict(zip([session.id for session in sessions], transcripts, strict=True))
    chosen = first_sessions(sessions, transcripts, stage.options.turns)
    answers: dict[str, Sequence[Answer]] = {COMPACT: [by_id[session.id] for session in chosen]}
    for engine in stage.engines[1:]:
        replayed = partial(_replay, stage.served(engine, "explain"), by_id)
        answers[engine.name] = stage.run.answers(f"explain {engine.name}", chosen, replayed)
    return _cases("explain", chosen, answers, worded)


def _replay(served: Served, transcripts: Mapping[str, Answer], session: Session) -> Answer:
    return served.replay(session, transcripts[session.id])


def _ordered(stage: _Stage, compact: Served, people: Sequence[RankingCase]) -> Cases:
    ordering, ids = Ordering(compact.agent, stage.options.rank, stage.options.seed), [case.id for case in people]
    again = asked_again(people, stage.options.seed)
    answers: dict[str, Sequence[Answer]] = {COMPACT: stage.run.answers(f"rank {COMPACT}", people, ordering.found)}
    rows: dict[str, Sequence[Row]] = {COMPACT: [marks(c, a, {}) for c, a in zip(people, answers[COMPACT], strict=True)]}
    for engine in stage.engines[1:]:
        name = f"rank {engine.name}"
        answers[engine.name] = stage.run.answers(name, people, ordering.by(engine))
        other: dict[str, dict[str, Answer]] = {case: {} for case in ids}
        ways = {SHUFFLED: ordering.by(engine, put=ordering.shuffled), REARRANGED: ordering.by(engine, Rearranged)}
        for way, ask in ways.items():
            for answer in stage.run.answers(f"{name} {way}", again, ask):
                other[answer["id"]][way] = answer
        rows[engine.name] = [marks(c, a, other[c.id]) for c, a in zip(people, answers[engine.name], strict=True)]
    return Cases("rank", ids, ids, answers, rows)


def _rated(stage: _Stage, ratings: Ratings) -> dict[str, Any]:
    """Returns how far predicted ratings are from those that people gave, as a section of the result; nothing where there are none."""
    if not ratings.cases:
        return {}
    ways = {engine.name: ratings.by(engine) for engine in stage.engines[1:]}
    ways |= {MEANS: ratings.by_means, FACTORS: ratings.by_factors}
    answers = {name: stage.run.answers(f"rate {name}", ratings.cases, way) for name, way in ways.items()}
    table = errors(ratings.cases, answers, stage.options.seed)
    shaped = {
        name: {metric: each.model_dump(mode="json") for metric, each in row.items()} for name, row in table.items()
    }
    return {"ratings": {"n": len(ratings.cases), "systems": shaped}}


def _result(stage: _Stage, measured: Sequence[Cases], labelled: Path | None, ratings: Mapping[str, Any]) -> Result:
    groups = [group for cases in measured for group in cases.groups]
    by_engine = {engine.name: scored(measured, engine.name) for engine in stage.engines}
    draws = Resampling(groups, seed=stage.options.seed)
    draws.draw(ratio for each in by_engine.values() for ratio in each.ratios.values())
    models = [engine.name for engine in stage.engines[1:]]
    over = {name: gains(by_engine[name], by_engine[COMPACT], draws) for name in models}
    judged = {name: verdicts(each, stage.options.patience) for name, each in over.items()}
    won, rank = steps_won(judged[models[-1]]), ranking(judged[models[-1]], stage.options.rank)
    ids = [f"{cases.step}/{each}" for cases in measured for each in cases.ids]
    write_cases(stage.run.folder, ids, groups, by_engine[models[-1]])
    whole = Part(groups, by_engine)
    return summarised(
        "engines", models[-1], "understand slot_f1", whole, seed=stage.options.seed, counts=counts(measured, models),
        notes=tuple(notes(measured, models, labelled is not None)),
        sections={
            "verdicts": {name: {v.step: v.document() for v in each} for name, each in judged.items()},
            "over compact": {name: {m: d.model_dump(mode="json") for m, d in each.items()} for name, each in over.items()},
            "recommended": won, **rank, "toml": toml_lines({"steps": won, **rank}), **ratings,
        },
    )  # fmt: skip
