"""What hears: a conversation goes in, an understanding of its last message comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from convrec.agent.compact.understander import Understander
from convrec.agent.engine import Follower
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.understanding import Understanding
from convrec.tools.encoder import TextEncoder

Message = Mapping[str, str]
"""`{"role": "user"|"assistant", "content": "…"}`."""

Hear = Callable[[Sequence[Message]], Understanding]
"""Returns what the last message of a conversation says, given those before it; `Agent.understand` is one."""

MakeHear = Callable[[Catalogue], Hear]
"""Returns what hears messages about a catalogue."""


def compact(clock: Clock, encoder: TextEncoder | None) -> MakeHear:
    """Returns how the compact engine hears messages about any catalogue; without an encoder it links by rules alone."""

    def make(catalogue: Catalogue) -> Hear:
        follower = Follower(Understander(catalogue, clock, encoder), catalogue)
        return lambda messages: follower(messages).heard

    return make


def lazily(make: MakeHear, catalogue: Callable[[], Catalogue]) -> Hear:
    """Returns what hears messages about a catalogue that is opened, and indexed, only when first needed."""
    made: list[Hear] = []

    def hear(messages: Sequence[Message]) -> Understanding:
        if not made:
            made.append(make(catalogue()))
        return made[0](messages)

    return hear
