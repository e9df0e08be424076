"""What hears: a conversation goes in, an understanding of its last message comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from convrec.agent.compact.understander import Understander
from convrec.agent.engine import Engine, follow
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.text import well_formed
from convrec.core.understanding import Understanding
from convrec.tools.encoder import TextEncoder

Message = Mapping[str, str]
"""`{"role": "user"|"assistant", "content": "…"}`."""

Hear = Callable[[Sequence[Message]], Understanding]
"""Returns what the last message of a conversation says, given those before it; `Agent.understand` is one."""

MakeHear = Callable[[Catalogue], Hear]
"""Returns what hears messages about a catalogue."""


class Follower:
    """Hears a conversation as an agent does that was there: messages one after the other, items the assistant named count as shown.

    The states along the conversation heard last are kept, so that its next turn need not begin at its first.
    """

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        self._engine, self._catalogue = engine, catalogue
        self._path: list[tuple[tuple[str, str], DialogueState, Understanding]] = []

    def __call__(self, messages: Sequence[Message]) -> Understanding:
        """Returns what the last message says."""
        said = [(message["role"], well_formed(message["content"])) for message in messages]
        kept = 0
        while kept < min(len(said), len(self._path)) and self._path[kept][0] == said[kept]:
            kept += 1
        del self._path[kept:]
        for role, content in said[kept:]:
            self._path.append(((role, content), *self._next(role, content)))
        return self._path[-1][2] if self._path else Understanding()

    def _next(self, role: str, content: str) -> tuple[DialogueState, Understanding]:
        state, heard = self._path[-1][1:] if self._path else (DialogueState(), Understanding())
        state, said = follow(self._engine, self._catalogue, state, role, content)
        return state, said or heard


def compact(clock: Clock, encoder: TextEncoder | None) -> MakeHear:
    """Returns how the compact engine hears messages about any catalogue; without an encoder it links by rules alone."""
    return lambda catalogue: Follower(Understander(catalogue, clock, encoder), catalogue)


def lazily(make: MakeHear, catalogue: Callable[[], Catalogue]) -> Hear:
    """Returns what hears messages about a catalogue that is opened, and indexed, only when first needed."""
    made: list[Hear] = []

    def hear(messages: Sequence[Message]) -> Understanding:
        if not made:
            made.append(make(catalogue()))
        return made[0](messages)

    return hear
