"""Whom people talk to: what an agent must offer to be measured, opened anew at every restart, under a clock that is set by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from convrec.agent.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock, NewId
from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply
from convrec.core.settings import State


class Recalled(Protocol):
    """One thing recalled: where from (`profile:e7`, `turn:t1/3`) and the words."""

    @property
    def source(self) -> str:
        """Returns where it comes from."""
        ...

    @property
    def text(self) -> str:
        """Returns its words."""
        ...


class Remembering(Protocol):
    """An agent that remembers people."""

    def chat(self, text: str, *, user_id: str, thread_id: str, request_id: str | None = None) -> Reply:
        """Returns the committed reply; the same `request_id` again returns the stored one."""
        ...

    def profile(self, user_id: str) -> Sequence[ProfileEntry]:
        """Returns what is remembered about a user now, without what was superseded."""
        ...

    def recall(self, user_id: str, text: str, *, k: int = 5) -> Sequence[Recalled]:
        """Returns what bears on a text, of what is remembered of a user and what was said before, best first."""
        ...

    def close(self) -> None:
        """Closes it; what was committed is kept."""
        ...


Opened = Callable[[Workspace, Clock, NewId], Remembering]


def open_agent(workspace: Workspace, clock: Clock, new_id: NewId) -> Remembering:
    """Returns the agent over a workspace."""
    return Agent.open(workspace, clock=clock, new_id=new_id)


class SetClock:
    """A clock that stands where it was set last."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """Returns the set time."""
        return self.at


class World:
    """One agent over a state database of its own, opened when it is first needed and closed and opened again at every restart."""

    def __init__(self, workspace: Workspace, folder: Path, opened: Opened, at: datetime) -> None:
        self.catalogue = workspace.catalogue()
        self._workspace = Workspace.open(workspace.root)
        state = State(url=f"sqlite:///{folder / 'state.sqlite'}")
        self._workspace.settings = workspace.settings.model_copy(update={"state": state})
        self._opened, self._clock = opened, SetClock(at)
        self._agent: Remembering | None = None
        self._prefix, self._ids = "", 0

    @property
    def agent(self) -> Remembering:
        """The agent, open."""
        if self._agent is None:
            self._agent = self._opened(self._workspace, self._clock, self._new_id)
        return self._agent

    def restart(self) -> None:
        """Closes the agent; the next use opens another over the same state."""
        if self._agent is not None:
            self._agent.close()
            self._agent = None

    def say(self, user: str, thread: str, text: str, number: int, at: datetime) -> Reply:
        """Returns the reply to a person's message `number`, said at a time. Said again, nothing changes."""
        self._clock.at, self._prefix, self._ids = at, f"{user}-{number}-", 0
        return self.agent.chat(text, user_id=user, thread_id=thread, request_id=f"{user}-{number}")

    def wait(self, until: datetime) -> None:
        """Sets the clock."""
        self._clock.at = until

    def _new_id(self) -> str:
        self._ids += 1
        return f"{self._prefix}{self._ids}"
