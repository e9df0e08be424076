"""Understanding by a model: one guided call that corrects and completes what the compact engine found, checked word by word.

What the compact engine heard as a demand, a rejection or a request stays: a model may add to it, never take it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.catalogue_lines import field_lines
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.demonstrations import Demonstrations
from convrec.agent.llm.documents import as_json, filled
from convrec.agent.llm.linking import Linker, span_of
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.predicate import every
from convrec.core.understanding import Act, Preference, Reference, Span, Understanding
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import UNDERSTAND
from convrec.prompts.understand.answer import QuotedReference, Understood

_NAME = 120  # of a title
_SHOWN = 10
_PER_TOKEN = 3  # characters of a prompt that a token has at least, on the whole
_SAID = 240  # of the last reply, its end
_NEVER_ADDED = frozenset(
    {"forget", "edit_profile"}
)  # what changes what is remembered is heard in the person's own words alone
_ABOUT_ITEMS = frozenset({"compare", "ask_item", "ask_why", "accept", "reject", "already_seen"})
_INSTEAD = frozenset({"compare", "ask_item", "ask_why", "accept"})  # what would be answered in place of a request
_WANTS = frozenset({"request", "critique", "answer", "state_preference"})
_TALK = frozenset({"greet", "thank", "bye", "other"})


class ModelUnderstanding:
    """Understands messages about one catalogue by a model."""

    def __init__(
        self, client: ChatClient, linker: Linker, catalogue: Catalogue, clock: Clock, demonstrations: Demonstrations | None = None
    ) -> None:  # fmt: skip
        self.client, self._linker, self._catalogue = client, linker, catalogue
        shows = demonstrations is not None and demonstrations.reach != "off"
        self._demonstrations = demonstrations if shows else None
        schema = catalogue.schema
        self.system = prompt(
            "understand", "system", noun=schema.noun, nouns=schema.nouns, fields=field_lines(catalogue), today=f"{clock.now():%Y-%m-%d}", examples=shows,
        )  # fmt: skip

    def over(self, linker: Linker, catalogue: Catalogue) -> ModelUnderstanding:
        """Returns the same over other items of the same schema; what the prompt says of the fields stays as it was."""
        other = copy(self)
        other._linker, other._catalogue = linker, catalogue
        return other

    def understand(
        self, text: str, state: DialogueState, draft: Understanding, budget: Budget, user_id: str = ""
    ) -> Understanding:
        """Returns what the message says, `draft` being what the compact engine heard; `user_id` says whose examples it may be shown.

        Raises:
            ModelFailure: the model gave no answer that can be used.
        """
        asked = [("system", self.system), ("user", self._document(text, state, draft, user_id))]
        answer = self.client.ask(asked, Understood, budget, max_tokens=UNDERSTAND.answer_tokens)
        return self._merged(answer, text, state, draft)

    def _document(self, text: str, state: DialogueState, draft: Understanding, user_id: str) -> str:
        """Returns the turn as JSON."""
        shown = [{"n": n, "id": item, "title": self._title(item)} for n, item in enumerate(state.shown[:_SHOWN], 1)]
        document: dict[str, Any] = {
            "examples": self._examples(text, user_id), "earlier": state.summary, "demands": [one.label for one in state.constraints] if state.summary else [],
            "shown": shown, "asked": state.question.text if state.question else None, "said": state.reply[-_SAID:],
            "draft": _drafted(draft, text),
        }  # fmt: skip
        return as_json(filled(document), text)

    def _examples(self, text: str, user_id: str) -> list[dict[str, Any]]:
        """Returns what the prompt's budget leaves room for of the examples nearest to the message."""
        if self._demonstrations is None:
            return []
        return self._demonstrations.nearest(text, user_id, _PER_TOKEN * UNDERSTAND.prompt_tokens - len(self.system))

    def _title(self, item_id: str) -> str:
        row = self._catalogue.row(item_id)
        return self._catalogue.titles[row][:_NAME] if row is not None else ""

    def _merged(self, answer: Understood, text: str, state: DialogueState, draft: Understanding) -> Understanding:
        preferences = self._preferences(answer, text, draft.preferences)
        references = (*draft.references, *self._references(answer.references, text, state, draft))
        acts = _acts(answer.acts, draft, bool(references) or bool(state.shown), preferences)
        if {"edit_profile", "forget"} & set(draft.acts):
            return draft
        added = [wish for wish in preferences if wish not in draft.preferences]
        demanded = self._linker.filter(text, added)
        both = every(draft.filter, demanded)
        if (
            demanded is not None and both is not None and not self._linker.matches(both)
        ):  # rather a wish than an empty slate
            preferences = tuple(
                w.model_copy(update={"strength": "soft"}) if w in added and w.facet != "item" else w
                for w in preferences
            )
            both = draft.filter
        beside = [w.value for w in added if w.polarity > 0 and w.facet != "item" and ".." not in w.value]
        query = " ".join(dict.fromkeys([*([draft.query] if draft.query else []), *beside]))
        return Understanding(
            acts=acts, preferences=preferences, references=references, filter=both, query=query, order=draft.order
        )

    def _preferences(self, answer: Understood, text: str, drafted: Sequence[Preference]) -> tuple[Preference, ...]:
        """Returns the draft's wishes, those that the model reads otherwise corrected, and what it adds."""
        kept = list(drafted)
        taken: list[Span] = []
        for said in answer.preferences:
            wish = self._linker.linked(said, text, taken)
            if wish is None:
                continue
            taken.append(wish.span)
            same = [one for one in kept if _overlap(one.span, wish.span)]
            firm = [one for one in same if one.strength == "hard" or one.facet == "item"]
            if firm or (wish.facet == "text" and same):
                continue
            kept = [one for one in kept if one not in same] + [wish]
        return tuple(kept)

    def _references(
        self, quoted: Iterable[QuotedReference], text: str, state: DialogueState, draft: Understanding
    ) -> tuple[Reference, ...]:
        """Returns the references that the draft does not have, to items that the thread has shown."""
        found: list[Reference] = []
        for one in quoted:
            span = span_of(one.quote, text)
            items = tuple(dict.fromkeys(item for item in one.item_ids if item in state.ever_shown))
            if span is not None and items and not any(_overlap(span, r.span) for r in (*draft.references, *found)):
                found.append(Reference(kind=one.kind, item_ids=items, span=span))
        return tuple(found)


def _drafted(draft: Understanding, text: str) -> dict[str, Any]:
    return {
        "acts": draft.acts,
        "preferences": [
            {
                "facet": p.facet,
                "value": p.value,
                "polarity": p.polarity,
                "strength": p.strength,
                "quote": text[slice(*p.span)],
            }
            for p in draft.preferences
        ],
    }


def _acts(
    said: Sequence[Act], draft: Understanding, pointed: bool, preferences: Sequence[Preference]
) -> tuple[Act, ...]:
    """Returns the draft's acts and those of the model's that can be: about items only where there are any, small talk only beside no wish."""
    heard: tuple[Act, ...] = draft.acts if draft.acts != ("other",) else ()
    wants = bool(_WANTS & set(heard)) or bool(preferences)
    added = [
        act
        for act in said
        if act not in _NEVER_ADDED
        and (pointed or act not in _ABOUT_ITEMS)
        and not (act in _INSTEAD and _WANTS & set(heard))
        and not (act in _TALK and (wants or heard))
    ]
    acts = tuple(dict.fromkeys((*heard, *added)))
    return acts or ("other",)


def _overlap(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]
