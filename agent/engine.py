"""What understands messages, and how it follows a conversation that others lead."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from convrec.agent.compact.understander import TitleMention, Understander
from convrec.agent.state import REPLY, WHICH, DialogueState
from convrec.agent.wishes import absorb
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.laid import LaidCatalogue
from convrec.core.errors import InputError
from convrec.core.reply import Question
from convrec.core.text import well_formed
from convrec.core.understanding import Understanding

_WHICH_ONE = re.compile(
    r"\b(?:(?:do|did) you mean|which (?:one|of)|are you (?:thinking|talking))\b[^?]*\?", re.IGNORECASE
)
_REMEMBERED = 512  # messages after which is known how things stand


class Engine(Protocol):
    """What understands one message in the light of a state, and links the titles that an assistant named; the compact engine is one."""

    def understand(self, text: str, state: DialogueState) -> Understanding:
        """Returns what the message says."""
        ...

    def link_titles(self, text: str) -> list[TitleMention]:
        """Returns the titles that a text names, in order."""
        ...

    def over(self, catalogue: LaidCatalogue) -> Understander:
        """Returns the engine over a catalogue that was laid over its own."""
        ...


@dataclass(frozen=True)
class Followed:
    """How a conversation stands: its state, what the user's latest message said, and which items were named, in order."""

    state: DialogueState = field(default_factory=DialogueState)
    heard: Understanding = field(default_factory=Understanding)
    named: tuple[str, ...] = ()


class Follower:
    """Hears conversations that others lead as one hears them who was there. Safe to use from several threads.

    How things stood after the latest messages is remembered, so that a conversation's next turn need not begin at its first.
    """

    def __init__(self, engine: Engine, catalogue: Catalogue) -> None:
        self._engine, self._catalogue = engine, catalogue
        self._known: OrderedDict[tuple[tuple[str, str], ...], Followed] = OrderedDict()
        self._guard = threading.Lock()

    def __call__(self, messages: Sequence[Mapping[str, str]]) -> Followed:
        """Returns how the conversation stands after its last message.

        Raises:
            InputError: a role is neither `user` nor `assistant`.
        """
        said = tuple((str(m.get("role")), well_formed(str(m.get("content", "")))) for m in messages)
        with self._guard:
            start = next((n for n in range(len(said), 0, -1) if said[:n] in self._known), 0)
            stands = self._known[said[:start]] if start else Followed()
        for place in range(start, len(said)):
            stands = self._next(stands, *said[place])
            self._remember(said[: place + 1], stands)
        return stands

    def forget(self) -> None:
        """Drops what is remembered, for it holds people's words."""
        with self._guard:
            self._known.clear()

    def _next(self, before: Followed, role: str, content: str) -> Followed:
        named = tuple(mention.item_ids[0] for mention in self._engine.link_titles(content))
        if role == "assistant":
            slates = (*before.state.slates, named) if named else before.state.slates
            state = before.state.model_copy(
                update={
                    "slates": slates,
                    "focus": named[-1:] or before.state.focus,
                    "question": self._which(content, named),
                    "reply": content[-REPLY:],
                }
            )
            return Followed(state, before.heard, before.named + named)
        if role != "user":
            raise InputError(f"The message role {role!r} is unknown.", "Use `user` or `assistant`.")
        heard = self._engine.understand(content, before.state)
        matches = lambda predicate: bool(self._catalogue.mask(predicate).any())  # noqa: E731
        state = absorb(before.state, heard, content, before.state.turn + 1, self._catalogue.schema, matches)
        return Followed(state, heard, before.named + named)

    def _which(self, content: str, named: Sequence[str]) -> Question | None:
        """Returns the question which of the items named is meant, where an assistant asked it."""
        if len(named) < 2 or not _WHICH_ONE.search(content):
            return None
        titles = tuple(self._catalogue.item(item).title for item in named)
        return Question(facet=WHICH, text=content, options=titles)

    def _remember(self, said: tuple[tuple[str, str], ...], stands: Followed) -> None:
        with self._guard:
            self._known[said] = stands
            self._known.move_to_end(said)
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
