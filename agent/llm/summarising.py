"""What an older part of a conversation comes to, in few words: a model's, checked sentence by sentence, or where it may not or fails, code's.

It is made of what the ledger holds of the thread. Demands are no part of it: they are passed on apart from it, by code, so that none can be lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convrec.agent.checking.titles import TitleGuard
from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.documents import as_json, filled
from convrec.agent.llm.leaks import Secrets
from convrec.agent.state import DialogueState
from convrec.agent.stores.records import StoredTurn
from convrec.catalogue.schema import Schema
from convrec.core.text import visible
from convrec.prompts.rendering import prompt
from convrec.prompts.summarise.answer import Summary
from convrec.prompts.tasks import SUMMARISE

EVERY = 6
"""Turns by which a thread grows before it is summarised again."""
RECENT = 2
"""Latest turns that are no part of a summary: they are told themselves."""
_LONGEST = 600  # characters of a summary
_SAID = 200  # of a message
_SHOWN = 6  # titles a turn


def due(state: DialogueState) -> bool:
    """Tells whether a thread, after its latest turn, has grown enough since its summary was made."""
    return state.turn - RECENT - state.summarised >= EVERY


class ModelSummaries:
    """Summarises threads over one catalogue by a model."""

    def __init__(self, client: ChatClient, schema: Schema) -> None:
        self._client = client
        self.system = prompt("summarise", "system", nouns=schema.nouns)

    def summarise(
        self, turns: Sequence[StoredTurn], state: DialogueState, guard: TitleGuard, secrets: Secrets, budget: Budget
    ) -> str:
        """Returns the summary of those turns and of what was summarised before, the sentences that name a foreign title or tell a secret left out;
        "" where none is left.

        Raises:
            ModelFailure: the model gave none.
        """
        document = as_json(filled({"before": state.summary, "turns": [_told(turn, state) for turn in turns]}))
        asked = [("system", self.system), ("user", document)]
        answer = self._client.ask(asked, Summary, budget, max_tokens=SUMMARISE.answer_tokens)
        said = guard.sentences(" ".join(visible(answer.summary).split()))
        return "" if secrets.told(said) else _cut(said)


def in_code(turns: Sequence[StoredTurn], before: str) -> str:
    """Returns the summary that code makes: the messages, the latest kept whole longest."""
    said = [f"“{' '.join(turn.text.split())[:_SAID]}”" for turn in turns]
    kept: list[str] = []
    for one in reversed([*([before] if before else []), *said]):
        if sum(map(len, kept)) + len(one) > _LONGEST:
            break
        kept.insert(0, one)
    return " ".join(kept)


def _told(turn: StoredTurn, state: DialogueState) -> dict[str, Any]:
    titles = {item.id: item.title for item in turn.reply.items[:_SHOWN]}
    fates = {"liked": state.accepted, "rejected": state.rejected, "seen": state.seen}
    became = {fate: [titles[item] for item in items if item in titles] for fate, items in fates.items()}
    return filled({"said": turn.text[:_SAID], "shown": list(titles.values()), **became})


def _cut(said: str) -> str:
    """Returns as many whole sentences as fit."""
    if len(said) <= _LONGEST:
        return said
    cut = said[:_LONGEST]
    return cut[: cut.rfind(". ") + 1]
