"""Everybody who serves and everybody who talks, over the same tools, which learned nothing from those who talk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from convrec.agent.agent import Agent
from convrec.agent.elicitation import Asking, question
from convrec.agent.llm.client import ChatClient
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import counted_ids
from convrec.core.errors import InputError
from convrec.core.progress import Progress
from convrec.core.settings import Llm, Settings
from convrec.evaluation.clock import fixed_clock
from convrec.evaluation.scratch import trained
from convrec.evaluation.sessions.agenda import AgendaSimulator
from convrec.evaluation.sessions.browser import BrowserSimulator
from convrec.evaluation.sessions.people import Simulator, View
from convrec.evaluation.sessions.sampling import Drawn, has_attributes, people, view_of
from convrec.evaluation.sessions.servers import (
    SLATE,
    AgentServer,
    ListServer,
    OracleServer,
    SearchServer,
    Server,
    always_ask,
    random_ask,
)
from convrec.evaluation.sessions.session import Session
from convrec.evaluation.sessions.wording import Reworded
from convrec.evaluation.sessions.wording_model import KeptWordings
from convrec.evaluation.splits import Held, splits
from convrec.tools.toolbox import Toolbox

SIMULATORS = (AgendaSimulator, BrowserSimulator)
"""The people, by how they behave."""


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


@dataclass(frozen=True)
class House:
    """Everybody who serves, over the same tools, and everybody who talks."""

    servers: Mapping[str, Server]
    agents: tuple[Agent, ...]
    sessions: tuple[Session, ...]
    drawn: tuple[Drawn, ...]
    view: View
    known: bool

    @property
    def toolbox(self) -> Toolbox:
        """Returns the tools that all share."""
        return self.agents[0].toolbox

    def close(self) -> None:
        """Closes the agents' state databases."""
        for agent in self.agents:
            agent.close()

    def worded(self, wording: KeptWordings) -> House:
        """Returns the house with the same people, who draw and mean the same, in a model's words."""
        simulators = {session.simulator.name: session.simulator for session in self.sessions}
        other = {name: Reworded(simulator, wording) for name, simulator in simulators.items()}
        return replace(self, sessions=tuple(replace(s, simulator=other[s.simulator.name]) for s in self.sessions))

    @classmethod
    def opened(
        cls, workspace: Workspace, options: SessionOptions, runs: Path, scratch: Path, progress: Progress
    ) -> House:
        """Returns the house over tools that are fitted for it; agents keep their state in `scratch`.

        Raises:
            InputError: nothing is known of items or people, nothing is fitted, or nobody can talk.
        """
        known = not has_attributes(workspace.catalogue())
        tools, held = without_them(workspace, options, runs, progress, known)
        drawn = people(
            workspace.catalogue(), held, options.users, seed=options.seed, patience=options.patience, mistakes=options.mistakes, with_history=known
        )  # fmt: skip
        if not drawn:
            raise InputError("Nobody is there to talk.", "Bring people with more choices.")
        agents = {
            name: agent_over(tools, scratch, name, asking, **policy)
            for name, (asking, policy) in _ways(options.seed).items()
        }
        toolbox = next(iter(agents.values())).toolbox
        servers: dict[str, Server] = {name: AgentServer(name, agent) for name, agent in agents.items()}
        servers |= {"search": SearchServer(toolbox), "popularity": ListServer.popular(toolbox)}
        servers |= {"random": ListServer.drawn(toolbox.catalogue, options.seed), "oracle": OracleServer(toolbox)}
        sessions = [session_of(simulator(), each, options.seed) for simulator in SIMULATORS for each in drawn]
        return cls(servers, tuple(agents.values()), tuple(sessions), tuple(drawn), view_of(toolbox.catalogue), known)


def _ways(seed: int) -> dict[str, tuple[Asking, dict[str, Any]]]:
    return {
        "agent": (question, {}),
        "never-ask": (question, {"max_questions": 0}),
        "always-ask": (always_ask, {"max_questions": 1000}),
        "random-ask": (partial(random_ask, seed=seed), {"max_questions": 1000}),
    }


def without_them(
    workspace: Workspace, options: SessionOptions, runs: Path, progress: Progress, known: bool
) -> tuple[Workspace, tuple[Held, ...]]:
    """Returns a workspace whose tools learned nothing from the people who talk, and these people.

    Raises:
        InputError: nothing is known of items or people, or nothing is fitted.
    """
    if not workspace.catalogue().has_interactions:
        if known:
            raise InputError("Nothing is known of items or people.", "Bring facts about items, or interactions.")
        if not workspace.current().tools:
            raise InputError("Nothing is fitted in the workspace.", "Run `convrec fit` first.")
        return workspace, ()
    split = splits(workspace.catalogue(), "leave-last-out" if known else "strong", seed=options.seed)[0]
    return trained(workspace, split, runs / "fitted", progress), split.held


def agent_over(
    tools: Workspace, scratch: Path, name: str, asking: Asking, *, llm: Llm | None = None, client: ChatClient | None = None, **policy: Any,
) -> Agent:  # fmt: skip
    """Returns an agent with a state database of its own, a fixed clock, and slates of five; `llm` in place of the workspace's model."""
    opened = Workspace.open(tools.root)
    settings: Settings = tools.settings
    opened.settings = settings.model_copy(
        update={
            "policy": settings.policy.model_copy(update={"slate_size": SLATE, **policy}),
            "state": settings.state.model_copy(update={"url": f"sqlite:///{scratch / name}.sqlite"}),
            "llm": llm or settings.llm,
        }
    )
    return Agent.open(opened, clock=fixed_clock(), new_id=counted_ids("e"), asking=asking, client=client)


def session_of(simulator: Simulator, drawn: Drawn, seed: int) -> Session:
    """Returns the session in which a person behaves in a way."""
    name = f"{simulator.name}-{drawn.person.id}"
    return Session(name, simulator, drawn.person, drawn.sampling, f"{seed}/{name}")
