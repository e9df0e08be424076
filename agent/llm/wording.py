"""A slate put into words by a model, in slots that code fills, sentence by sentence as it comes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.composer import Composer
from convrec.agent.llm.documents import as_json, facts_shown, filled
from convrec.agent.openers import Occasion
from convrec.agent.wording import demand, small
from convrec.catalogue.schema import Schema
from convrec.core.reply import ReplyItem
from convrec.prompts.rendering import prompt
from convrec.prompts.tasks import EXPLAIN

_READ = 1_000  # characters of the message
_TEXT = 240  # of an item's text
_REASONS = 4
_SAID = 12  # openings heard lately that are to be avoided


class ModelWords:
    """Words slates of one catalogue by a model."""

    def __init__(self, client: ChatClient, schema: Schema) -> None:
        self._client, self._schema = client, schema
        self.system = prompt("explain", "system", nouns=schema.nouns)

    def speak(self, text: str, at: Occasion, composer: Composer, budget: Budget) -> Iterator[str]:
        """Yields the reply's sentences as they may be shown.

        Raises:
            ModelFailure: the model gave nothing, or broke off; what was yielded before stands.
        """
        asked = [("system", self.system), ("user", self._document(text, at))]
        for piece in self._client.stream(asked, budget, max_tokens=EXPLAIN.answer_tokens):
            yield from composer.feed(piece)
        yield from composer.end()

    def _document(self, text: str, at: Occasion) -> str:
        """Returns the slate as JSON."""
        now, before = at.asked
        document: dict[str, Any] = {
            "earlier": at.state.summary, "liked": at.liked, "new": [demand(one, self._schema, small) for one in now],
            "kept": [demand(one, self._schema, small) for one in before], "said": list(at.state.said[-_SAID:]),
            "items": [self._item(item) for item in at.shown],
        }  # fmt: skip
        return as_json(filled(document), text, _READ)

    def _item(self, item: ReplyItem) -> dict[str, Any]:
        return {"id": item.id, "facts": facts_shown(item, self._schema, _TEXT), "reasons": _worded(item)}


def _worded(item: ReplyItem) -> Sequence[str]:
    """Returns the strongest reasons for an item in words."""
    return [reason.text for reason in item.reasons if reason.weight > 0 and reason.kind != "other"][:_REASONS]
