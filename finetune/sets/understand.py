"""Rows of the task `understand`: messages that the grammar writes about the workspace's own catalogue, and turns labelled by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from convrec.agent.compact.understander import Understander
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.linking import Linker
from convrec.agent.llm.understanding import ModelUnderstanding
from convrec.agent.state import DialogueState
from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.reply import Question
from convrec.core.settings import Llm
from convrec.core.text import fold, visible
from convrec.core.understanding import Understanding
from convrec.finetune.grammar.draft import Context, Shown
from convrec.finetune.grammar.schema import View
from convrec.finetune.grammar.understand import Turn, write_turn
from convrec.finetune.grammar.wording import Split, Wording
from convrec.finetune.sets.overheard import Overheard
from convrec.finetune.sets.own import Names_, OwnNames, names_fresh, own_view
from convrec.finetune.sets.rows import Part, Row, chat, dumped
from convrec.prompts.understand.answer import Understood

_SHOWN = (2, 5)  # items of a slate
_TITLE = 120  # characters of a title that a prompt shows


@dataclass(frozen=True)
class Voice:
    """How the messages of a part are worded, and which values they name."""

    part: Part
    wording: Split
    names: Names_


VOICES = (
    Voice("train", "train", "known"),
    Voice("valid", "train", "fresh"),
    Voice("heldout_wording", "heldout", "fresh"),
)


class Hearing:
    """What is sent to a model about a message, and what the compact engine makes of it, over one catalogue."""

    def __init__(self, catalogue: Catalogue, compact: Understander, clock: Clock) -> None:
        self.catalogue, self.compact = catalogue, compact
        self._client = Overheard()
        self._model = ModelUnderstanding(self._client, Linker(compact, catalogue), catalogue, clock)
        self._budget = Budget(Llm())

    def sent(self, text: str, state: DialogueState, draft: Understanding | None = None) -> tuple[tuple[str, str], ...]:
        """Returns the messages that the agent sends about a message in a state."""
        try:
            self._model.understand(text, state, draft or self.compact.understand(text, state), self._budget)
        except ModelFailure:
            return self._client.sent
        raise AssertionError("it asks nobody")


def understand_rows(hearing: Hearing, voice: Voice, n: int, rng: Random, today: int, *, contexts: float = 0.45, tell: Callable[[int], object] = lambda _: None) -> Iterator[Row]:  # fmt: skip
    """Yields rows about messages of the grammar, in a voice; `contexts` is the share of messages with something before them."""
    view, names, wording = (
        own_view(hearing.catalogue, today, voice.names),
        OwnNames(hearing.catalogue, voice.names),
        Wording(voice.wording),
    )
    for number in range(n):
        row = None
        while row is None:
            context = _context(rng, view, names, wording, hearing.catalogue) if rng.random() < contexts else Context()
            row = _row(hearing, write_turn(rng, view, names, wording, context), voice, f"{voice.part}-{number}")
        yield row
        tell(number + 1)


def _context(rng: Random, view: View, names: OwnNames, wording: Wording, catalogue: Catalogue) -> Context:
    """Returns what came before a message: a slate of the catalogue's items, or a question about one of its fields."""
    if rng.random() < 0.25:
        facet = rng.choice([facet for facet in view.facets if facet.spec.role != "bool"])
        return Context(asked=wording.choose(rng, "ask.back").format(f=facet.name.replace("_", " ")))
    ids = rng.sample(catalogue.ids, min(rng.randint(*_SHOWN), len(catalogue)))
    shown = tuple(Shown(id_, visible(catalogue.item(id_).title)[:_TITLE]) for id_ in ids)
    return Context(shown, rng.choice(ids) if rng.random() < 0.4 else "")


def _state(context: Context) -> DialogueState:
    """Returns the state of a thread after what came before."""
    if context.asked:
        return DialogueState(turn=1, question=Question(facet="text", text=context.asked), reply=context.asked)
    if not context.shown:
        return DialogueState()
    reply = "\n".join(f"{n}. {item.title}" for n, item in enumerate(context.shown, 1))
    focus = (context.focus,) if context.focus else ()
    return DialogueState(turn=1, slates=(tuple(item.id for item in context.shown),), focus=focus, reply=reply[-300:])


def answered(answer: dict[str, Any], facets: Sequence[str]) -> dict[str, Any]:
    """Returns the grammar's answer in the shape that the prompt `understand` asks for.

    A comparison with what was shown ("older") is free text there: it has no value of the field.
    """
    stated = [
        {"facet": one["facet"], "value": one["value"], "polarity": one["polarity"], "strength": one["strength"], "scope": one["scope"], "quote": one["quote"]}
        for one in answer["preferences"]
    ]  # fmt: skip
    for one in stated:
        if one["value"] in ("less", "more") and one["facet"] in facets:
            one |= {"facet": "text", "value": one["quote"]}
    pointers = [
        {"kind": one["kind"], "item_ids": one["item_ids"], "quote": one["quote"]} for one in answer["references"]
    ]
    return Understood.model_validate(
        {"acts": answer["acts"], "preferences": stated[:12], "references": pointers[:6]}
    ).model_dump()


def _row(hearing: Hearing, turn: Turn, voice: Voice, id_: str) -> Row | None:
    """Returns the row of a message; nothing where its names are to be fresh, and it has some and none of them is."""
    answer = Understood.model_validate(answered(turn.answer, hearing.catalogue.schema.names))
    named = [one.value for one in answer.preferences if one.facet != "text" and ".." not in one.value]
    if voice.names == "fresh" and named and not names_fresh(answer, hearing.catalogue):
        return None
    return Row(
        id=id_, task="understand", part=voice.part, source="grammar", synthetic=True, kind=answer.acts[0], message=turn.message, names=tuple(dict.fromkeys(map(fold, named))),
        messages=chat(hearing.sent(turn.message, _state(turn.context))), answer=dumped(answer.model_dump()),
    )  # fmt: skip
