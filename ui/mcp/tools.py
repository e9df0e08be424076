"""The nine tools: what each takes, answers and may change, and how the agent is asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel, ValidationError

from convrec.agent.agent import Agent
from convrec.core.errors import InputError
from convrec.core.predicate import Predicate, parse_predicate
from convrec.core.reply import Reply
from convrec.tools.toolbox import Recommendation, Toolbox
from convrec.ui.keys import Caller
from convrec.ui.mcp import arguments as given
from convrec.ui.mcp.results import Compared, ForgetReceipt, FoundItem, FoundItems, ItemFacts, ItemName, Profile

_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
_CHANGES = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False)
_FORGETS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)


@dataclass(frozen=True)
class Offer:
    """One tool. `call` gets the arguments, which are of the class `arguments`, and who asks."""

    name: str
    description: str
    arguments: type[BaseModel]
    result: type[BaseModel]
    annotations: ToolAnnotations
    call: Callable[[Any, Caller], BaseModel]  # a call's arguments are of its own class

    def __call__(self, document: dict[str, Any], caller: Caller) -> BaseModel:
        """Returns the tool's result.

        Raises:
            InputError: an argument is missing, unknown or of the wrong type; the sentence names it. What the agent raises.
        """
        try:
            arguments = self.arguments.model_validate(document)
        except ValidationError as error:
            raise InputError(self._said(error)) from error
        return self.call(arguments, caller)

    def listed(self) -> Tool:
        """Returns the tool as the protocol describes it."""
        return Tool(
            name=self.name, description=self.description, annotations=self.annotations,
            input_schema=self.arguments.model_json_schema(), output_schema=self.result.model_json_schema(mode="serialization"),
        )  # fmt: skip

    def _said(self, error: ValidationError) -> str:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        match first["type"]:
            case "missing":
                return f"`{place}` is missing: {self.name} needs it."
            case "extra_forbidden":
                return f"There is no argument `{place}`: {self.name} takes {', '.join(self.arguments.model_fields)}."
            case _:
                return f"`{place}`: {first['msg']}."


class Offers:
    """All tools over one agent. Each call takes the catalogue as it is by then."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def all(self) -> tuple[Offer, ...]:
        """Returns the tools, with the words that the catalogue has for its items."""
        schema = self._agent.toolbox.catalogue.schema
        nouns, fields = schema.nouns, ", ".join(f"{field.name} ({field.type})" for field in schema.fields)
        demands = f"Fields for `filter`: {fields}."
        wishes = "for a wish, liked items, a user's remembered tastes, or all of these"
        chatting = "which answers, remembers the conversation and what it tells of their tastes, and forgets on request"
        return (
            Offer("search_items", f"Find {nouns} by words, meaning or title. {demands}", given.SearchItems, FoundItems, _READS, self._search),
            Offer("recommend", f"Recommend {nouns} {wishes}. No turn is stored. {demands}", given.Recommend, FoundItems, _READS, self._recommend),
            Offer("similar_items", f"Find {nouns} like a given one.", given.SimilarItems, FoundItems, _READS, self._similar),
            Offer("get_item", f"Look up all facts of one of the {nouns}.", given.GetItem, ItemFacts, _READS, self._item),
            Offer("compare_items", f"Put {nouns} side by side: their facts, what they share, how alike they are.", given.CompareItems, Compared, _READS, self._compare),
            Offer("chat", f"Pass on what a person says to the recommender of {nouns}, {chatting}.", given.Chat, Reply, _CHANGES, self._chat),
            Offer("get_profile", "Show what is remembered about a user: tastes and facts, each with the words it came from.", given.GetProfile, Profile, _READS, self._profile),
            Offer("update_profile", "Add, change or take out what is remembered about a user, all of it or nothing; the very next recommendation heeds it.", given.UpdateProfile, Profile, _CHANGES, self._update),
            Offer("forget_user", "Delete everything stored about a user, for good, and return the receipt.", given.ForgetUser, ForgetReceipt, _FORGETS, self._forget),
        )  # fmt: skip

    def _search(self, asked: given.SearchItems, _: Caller) -> FoundItems:
        toolbox = self._agent.toolbox
        return _found(toolbox, toolbox.search(asked.query, _predicate(asked.filter), asked.k))

    def _recommend(self, asked: given.Recommend, caller: Caller) -> FoundItems:
        said = [{"role": "user", "content": asked.query}] if asked.query.strip() else []
        user_id = caller.user_id(asked.user_id) if asked.user_id is not None else None
        request = self._agent.requested(
            messages=said, history=asked.history, user_id=user_id, filter=asked.filter or None, exclude=asked.exclude, k=asked.k
        )  # fmt: skip
        toolbox = self._agent.toolbox
        return _found(toolbox, toolbox.recommend(request))

    def _similar(self, asked: given.SimilarItems, _: Caller) -> FoundItems:
        toolbox = self._agent.toolbox
        return _found(toolbox, toolbox.similar(asked.item_id, asked.k))

    def _item(self, asked: given.GetItem, _: Caller) -> ItemFacts:
        item = self._agent.toolbox.get_item(asked.item_id)
        return ItemFacts(id=item.id, title=item.title, facts=dict(item.facts))

    def _compare(self, asked: given.CompareItems, _: Caller) -> Compared:
        found = self._agent.toolbox.compare(asked.item_ids)
        names = tuple(ItemName(id=item_id, title=title) for item_id, title in zip(found.ids, found.titles, strict=True))
        return Compared(items=names, values=dict(found.values), shared=dict(found.shared), similarity=found.similarity)

    def _chat(self, asked: given.Chat, caller: Caller) -> Reply:
        return self._agent.chat(asked.text, user_id=caller.user_id(asked.user_id), thread_id=asked.thread_id)

    def _profile(self, asked: given.GetProfile, caller: Caller) -> Profile:
        return self._remembered(caller.user_id(asked.user_id))

    def _update(self, asked: given.UpdateProfile, caller: Caller) -> Profile:
        user_id = caller.user_id(asked.user_id)
        changed = asked.model_dump(exclude_unset=True)
        self._agent.edit_profile(
            user_id, add=changed.get("add", []), update=changed.get("update", []), remove=asked.remove
        )
        return self._remembered(user_id)

    def _forget(self, asked: given.ForgetUser, caller: Caller) -> ForgetReceipt:
        receipt = self._agent.forget(caller.user_id(asked.user_id))
        return ForgetReceipt(user_id=receipt.user_id, deleted=dict(receipt.deleted), verified=receipt.verified)

    def _remembered(self, user_id: str) -> Profile:
        entries = tuple(self._agent.profile(user_id))
        return Profile(user_id=user_id, paused=self._agent.memory_paused(user_id), entries=entries)


def _found(toolbox: Toolbox, found: Recommendation) -> FoundItems:
    items = ((toolbox.get_item(one.id), one) for one in found.items)
    return FoundItems(
        items=tuple(
            FoundItem(
                id=item.id, title=item.title, facts=dict(item.facts), score=one.score, confidence=one.confidence,
                contributions=dict(one.contributions),
            )
            for item, one in items
        )
    )  # fmt: skip


def _predicate(document: dict[str, Any] | None) -> Predicate | None:
    return parse_predicate(document) if document else None
