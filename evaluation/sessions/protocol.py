"""`evaluate sessions`: simulated people with hidden targets, served by the agent and by those it must beat."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from convrec.agent.agent import Agent
from convrec.agent.elicitation import Asking, question
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids
from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Ratio, Resampling, mean
from convrec.core.progress import Progress, silent
from convrec.core.settings import Settings
from convrec.evaluation.cases import write_cases
from convrec.evaluation.manifest import manifest
from convrec.evaluation.result import Metrics, Part, Result, Scored, figures, summarised
from convrec.evaluation.run import Answer, Run
from convrec.evaluation.scratch import trained
from convrec.evaluation.sessions.agenda import AgendaSimulator
from convrec.evaluation.sessions.browser import BrowserSimulator
from convrec.evaluation.sessions.frozen import people_hash
from convrec.evaluation.sessions.people import View
from convrec.evaluation.sessions.presets import presets
from convrec.evaluation.sessions.sampling import Drawn, counted, has_attributes, people, view_of
from convrec.evaluation.sessions.servers import (
    SLATE,
    AgentServer,
    AlwaysAsk,
    ListServer,
    OracleServer,
    RandomAsk,
    SearchServer,
    Server,
)
from convrec.evaluation.sessions.session import Session, gives_away, kept, replayed, somebody_else, talk
from convrec.evaluation.sessions.wording import Reworded, described
from convrec.evaluation.sessions.wording import counted as worded
from convrec.evaluation.sessions.wording_model import ChatWording, KeptWordings, chat_wording
from convrec.evaluation.splits import Held, LeakError, splits
from convrec.evaluation.threads import fixed_threads
from convrec.tools.toolbox import Toolbox

POLICIES = ("agent", "never-ask", "always-ask", "random-ask", "search", "popularity", "random", "oracle")
_SIMULATORS = (AgendaSimulator, BrowserSimulator)
_CHECKED = 10  # every so many sessions, the server's knowledge is put to the proof
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SessionOptions:
    """The settings of a run. `users` are people a way of drawing targets; each meets every policy with each simulator.

    `worded_by` names a chat model, served at `llm_url`, that puts their words into others; its key is in the environment, under
    OPENAI_API_KEY or `llm_key_env`.
    """

    users: int = 100
    policy: str = "agent"
    patience: int = 5
    mistakes: float = 0.15
    seed: int = 0
    worded_by: str | None = None
    llm_url: str | None = None
    llm_key_env: str | None = None


def evaluate_sessions(
    workspace: Workspace, options: SessionOptions, runs: Path, *, progress: Progress = silent, out: Path | None = None
) -> tuple[Run, Result]:
    """Lets simulated people talk to the agent and to those that it is compared with; returns who gets where, in how many turns.

    The tools are fitted without the people who talk. Where items have no facts to talk about, people are known by what they liked.

    Raises:
        InputError: the policy is unknown, the catalogue is too small, or it is not clear which model words what people say.
        ConvrecError: that model does not answer from the start.
        LeakError: somebody knew more than they were told.
    """
    if options.policy not in POLICIES:
        raise InputError(f"There is no policy {options.policy!r}.", f"There are {', '.join(POLICIES)}.")
    if len(workspace.catalogue()) <= SLATE:
        raise InputError("The catalogue is too small for sessions.", f"Bring more than {SLATE} items.")
    chat = chat_wording(options.worded_by, options.llm_url, options.llm_key_env)
    about = manifest("sessions", workspace, _about(options), seed=options.seed)
    run = Run(out, about, progress) if out else Run.under(runs, about, progress)
    wording = _kept_wordings(run, chat) if chat else None
    with fixed_threads(), tempfile.TemporaryDirectory() as scratch:
        house = _House.opened(workspace, options, runs, Path(scratch), progress)
        house = house.worded(wording) if wording else house
        try:
            result = _measured(run, house, options)
        finally:
            house.close()
    return run, run.finish(result)


def _about(options: SessionOptions) -> dict[str, Any]:
    """Returns the options that figures depend on: of a model its name and its prompt, not where it is served."""
    plain = {
        name: value for name, value in vars(options).items() if name not in ("worded_by", "llm_url", "llm_key_env")
    }
    return plain | {"people": people_hash()} | (described(options.worded_by) if options.worded_by else {})


def _kept_wordings(run: Run, chat: ChatWording) -> KeptWordings:
    kept = KeptWordings(chat, run.folder / "wordings.jsonl")
    if kept.empty:
        chat.check()
    return kept


@dataclass(frozen=True)
class _House:
    """Everybody who serves, over the same tools, and everybody who talks."""

    servers: Mapping[str, Server]
    agents: tuple[Agent, ...]
    sessions: tuple[Session, ...]
    drawn: tuple[Drawn, ...]
    view: View
    known: bool

    @property
    def toolbox(self) -> Toolbox:
        return self.agents[0].toolbox

    def close(self) -> None:
        for agent in self.agents:
            agent.close()

    def worded(self, wording: KeptWordings) -> _House:
        """Returns the house with the same people, who draw and mean the same, in a model's words."""
        simulators = {session.simulator.name: session.simulator for session in self.sessions}
        other = {name: Reworded(simulator, wording) for name, simulator in simulators.items()}
        return replace(self, sessions=tuple(replace(s, simulator=other[s.simulator.name]) for s in self.sessions))

    @classmethod
    def opened(
        cls, workspace: Workspace, options: SessionOptions, runs: Path, scratch: Path, progress: Progress
    ) -> _House:
        known = not has_attributes(workspace.catalogue())
        tools, held = _without_them(workspace, options, runs, progress, known)
        drawn = people(
            tools.catalogue(), held, options.users, seed=options.seed, patience=options.patience, mistakes=options.mistakes, with_history=known
        )  # fmt: skip
        if not drawn:
            raise InputError("Nobody is there to talk.", "Bring people with more choices.")
        agents = {
            name: _agent(tools, scratch, name, asking, **policy)
            for name, (asking, policy) in _ways(options.seed).items()
        }
        toolbox = next(iter(agents.values())).toolbox
        servers: dict[str, Server] = {name: AgentServer(name, agent) for name, agent in agents.items()}
        servers |= {"search": SearchServer(toolbox), "popularity": ListServer.popular(toolbox)}
        servers |= {"random": ListServer.drawn(toolbox.catalogue, options.seed), "oracle": OracleServer(toolbox)}
        sessions = [_session(simulator(), each, options.seed) for simulator in _SIMULATORS for each in drawn]
        return cls(servers, tuple(agents.values()), tuple(sessions), tuple(drawn), view_of(toolbox.catalogue), known)


def _ways(seed: int) -> dict[str, tuple[Asking, dict[str, Any]]]:
    return {
        "agent": (question, {}),
        "never-ask": (question, {"max_questions": 0}),
        "always-ask": (AlwaysAsk(), {"max_questions": 1000}),
        "random-ask": (RandomAsk(seed), {"max_questions": 1000}),
    }


def _without_them(
    workspace: Workspace, options: SessionOptions, runs: Path, progress: Progress, known: bool
) -> tuple[Workspace, tuple[Held, ...]]:
    """Returns a workspace whose tools learned nothing from the people who talk, and these people."""
    if not workspace.catalogue().has_interactions:
        if known:
            raise InputError("Nothing is known of items or people.", "Bring facts about items, or interactions.")
        if not workspace.current().tools:
            raise InputError("Nothing is fitted in the workspace.", "Run `convrec fit` first.")
        return workspace, ()
    split = splits(workspace.catalogue(), "leave-last-out" if known else "strong", seed=options.seed)[0]
    return trained(workspace, split, runs / "fitted", progress), split.held


def _agent(tools: Workspace, scratch: Path, name: str, asking: Asking, **policy: Any) -> Agent:
    """Returns an agent with a state database of its own, a fixed clock, and slates of five."""
    opened = Workspace.open(tools.root)
    settings: Settings = tools.settings
    opened.settings = settings.model_copy(
        update={
            "policy": settings.policy.model_copy(update={"slate_size": SLATE, **policy}),
            "state": settings.state.model_copy(update={"url": f"sqlite:///{scratch / name}.sqlite"}),
        }
    )
    return Agent.open(opened, clock=FixedClock(_EPOCH), new_id=counted_ids("e"), asking=asking)


def _session(simulator: Any, drawn: Drawn, seed: int) -> Session:
    name = f"{simulator.name}-{drawn.person.id}"
    return Session(name, simulator, drawn.person, drawn.sampling, f"{seed}/{name}")


def _measured(run: Run, house: _House, options: SessionOptions) -> Result:
    sessions, catalogue = house.sessions, house.toolbox.catalogue
    answers = {
        name: run.answers(name, sessions, partial(_talk, server=server, house=house))
        for name, server in house.servers.items()
    }
    leaks = {
        "people who named their target": sum(gives_away(s, a, catalogue) for name in answers for s, a in zip(sessions, answers[name], strict=True) if "turns" in a),
        "replies that knew more than they were told": _knowing(house, answers),
    }  # fmt: skip
    if any(leaks.values()):
        raise LeakError(
            f"{leaks}: these sessions measure nothing.", "This is a bug in a simulator or in whoever serves."
        )
    groups = [session.person.id for session in sessions]
    scored = {name: _scored(each, catalogue, options.patience) for name, each in answers.items()}
    slices = {name: _part(scored, groups, places) for name, places in _slices(sessions).items()}
    write_cases(run.folder, [session.id for session in sessions], groups, scored[options.policy])
    run.write_lines("worst.jsonl", _worst(house, answers[options.policy]))
    failures = {f"failures of {name}": sum("error" in answer for answer in each) for name, each in answers.items()}
    said, why = worded(answer for each in answers.values() for answer in each)
    return summarised(
        "sessions", options.policy, f"success@{options.patience}", Part(groups, scored), slices=slices, seed=options.seed, counts=counted(house.drawn) | leaks | failures | (said if options.worded_by else {}),
        notes=(*_notes(house, options), *_wording_notes(options, why)),
        controls=_controls(sessions, answers, groups, options),
        sections={"presets": presets(run, house.agents[0], sessions, house.view, answers, options.seed, known=house.known)},
    )  # fmt: skip


def _talk(session: Session, server: Server, house: _House) -> Answer:
    return talk(session, server, house.view, known=house.known)


def _knowing(house: _House, answers: Mapping[str, Sequence[Answer]]) -> int:
    """Returns in how many sessions, of every tenth, a server answers otherwise to the same words from somebody else."""
    found = 0
    for name, server in house.servers.items():
        if server.oracle:
            continue
        for session, answer in list(zip(house.sessions, answers[name], strict=True))[::_CHECKED]:
            other = somebody_else(session, house.toolbox.catalogue)
            found += "turns" in answer and not replayed(answer, other, server, house.view, known=house.known)
    return found


def _slices(sessions: Sequence[Session]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, session in enumerate(sessions):
        for name in (
            session.simulator.name,
            f"targets {session.sampling}",
            f"{session.simulator.name}, targets {session.sampling}",
        ):
            found.setdefault(name, []).append(place)
    return found


def _part(scored: Mapping[str, Scored], groups: Sequence[str], places: Sequence[int]) -> Part:
    taken = {
        name: Scored({m: Ratio(r.numerator[places], r.denominator[places]) for m, r in each.ratios.items()})
        for name, each in scored.items()
    }
    return Part([groups[place] for place in places], taken)


def _scored(answers: Sequence[Answer], catalogue: Catalogue, patience: int) -> Scored:
    """Returns success by turn, turns (a miss counts one more than patience), questions, and how slates kept to what was said."""
    hits = [answer.get("hit") for answer in answers]
    counts = [kept(answer, catalogue) if "turns" in answer else None for answer in answers]
    ratios = {
        f"success@{k}": mean([float(hit is not None and hit <= k) for hit in hits]) for k in range(1, patience + 1)
    }
    ratios["turns"] = mean([float(hit or patience + 1) for hit in hits])
    ratios["questions"] = mean(
        [float(sum(turn["asked"] is not None for turn in answer.get("turns", ()))) for answer in answers]
    )
    ratios["constraint satisfaction"] = _ratio([(c.satisfied, c.demanded_of) if c else (0, 0) for c in counts])
    ratios["repeated offers"] = _ratio([(c.repeated, c.shown) if c else (0, 0) for c in counts])
    return Scored(dict(sorted(ratios.items(), key=lambda each: (each[0] != f"success@{patience}", each[0]))))


def _controls(
    sessions: Sequence[Session], answers: Mapping[str, Sequence[Answer]], groups: Sequence[str], options: SessionOptions
) -> dict[str, Metrics]:
    """Returns whether somebody else's target was shown: whoever serves gains nothing there over a list that is the same for all."""
    people = list(dict.fromkeys(session.person.id for session in sessions))
    targets = {session.person.id: session.person.target.id for session in sessions}
    order = random.Random(f"{options.seed}/shuffled").sample(people, len(people))
    other = {person: targets[drawn] for person, drawn in zip(people, order, strict=True)}
    draws = Resampling(groups, seed=options.seed)
    return {
        f"other people's targets, {name}": figures(_elsewhere(sessions, answers[name], other, options.patience), draws)
        for name in dict.fromkeys((options.policy, "popularity"))
    }


def _elsewhere(
    sessions: Sequence[Session], answers: Sequence[Answer], other: Mapping[str, str], patience: int
) -> Scored:
    turns = [
        next(
            (n for n, turn in enumerate(answer.get("turns", ()), 1) if other[session.person.id] in turn["shown"]),
            patience + 1,
        )
        for session, answer in zip(sessions, answers, strict=True)
    ]
    return Scored({f"success@{patience}": mean([float(turn <= patience) for turn in turns])})


def _ratio(pairs: Sequence[tuple[int, int]]) -> Ratio:
    table = np.array(pairs, np.float64).reshape(-1, 2)
    return Ratio(table[:, 0], table[:, 1])


def _worst(house: _House, answers: Sequence[Answer], n: int = 20) -> list[dict[str, object]]:
    """Returns sessions to read: those that missed with the most said about the target, then by id."""
    catalogue = house.toolbox.catalogue
    missed = [(s, a) for s, a in zip(house.sessions, answers, strict=True) if a.get("hit") is None]
    missed.sort(key=lambda pair: (-sum(len(t["statements"]) for t in pair[1].get("turns", ())), pair[0].id))
    return [
        {
            "id": session.id,
            "target": {"id": session.person.target.id, **{k: v for k, v in session.person.target.facts.items() if k not in ("description", "url", "image")}},
            "turns": [
                {"said": t["said"], "mistakes": t["mistakes"], "shown": [catalogue.item(i).title for i in t["shown"]], "asked": t["asked"]}
                for t in answer.get("turns", ())
            ],
            **({"error": answer["error"]} if "error" in answer else {}),
        }
        for session, answer in missed[:n]
    ]  # fmt: skip


def _wording_notes(options: SessionOptions, why: str) -> tuple[str, ...]:
    if not options.worded_by:
        return ()
    return (
        f"What people say was put into other words by {options.worded_by}; what they mean was not. Where a look ahead is taken, it is in "
        f"their own words. {why}",
    )


def _notes(house: _House, options: SessionOptions) -> tuple[str, ...]:
    who = (
        "People are known by what they liked; items have no facts to talk about."
        if house.known
        else "Nobody is known beforehand."
    )
    return (
        f"Slates of {SLATE}, {options.patience} turns, {options.mistakes:.0%} of answers wrong or missing. {who} The tools were fitted without "
        "the people who talk. Turns count a miss as one more than there are; every policy but search and oracle is the same agent.",
    )
