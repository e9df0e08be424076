"""What understands messages, and how it follows a conversation that others lead."""

from __future__ import annotations

from typing import Protocol

from convrec.agent.compact.understander import TitleMention
from convrec.agent.state import DialogueState
from convrec.agent.wishes import absorb
from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import InputError
from convrec.core.understanding import Understanding


class Engine(Protocol):
    """What understands one message in the light of a state, and links the titles that an assistant named; the compact engine is one."""

    def understand(self, text: str, state: DialogueState) -> Understanding:
        """Returns what the message says."""
        ...

    def link_titles(self, text: str) -> list[TitleMention]:
        """Returns the titles that a text names, in order."""
        ...


def follow(
    engine: Engine, catalogue: Catalogue, state: DialogueState, role: str, content: str
) -> tuple[DialogueState, Understanding | None]:
    """Returns the state after one message, and what a user's said; items that an assistant named count as shown.

    Raises:
        InputError: the role is neither `user` nor `assistant`.
    """
    if role == "assistant":
        named = tuple(mention.item_ids[0] for mention in engine.link_titles(content))
        slates = (*state.slates, named) if named else state.slates
        return state.model_copy(update={"slates": slates, "focus": named[-1:] or state.focus}), None
    if role != "user":
        raise InputError(f"The message role {role!r} is unknown.", "Use `user` or `assistant`.")
    heard = engine.understand(content, state)
    matches = lambda predicate: bool(catalogue.mask(predicate).any())  # noqa: E731
    return absorb(state, heard, content, state.turn + 1, catalogue.schema, matches), heard
