"""The toolbox as LangChain tools, with typed arguments, to hang on any agent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from convrec.catalogue.catalogue import Item
from convrec.core.errors import ConvrecError
from convrec.core.predicate import parse_predicate
from convrec.tools.toolbox import Recommendation, Request, Toolbox

if TYPE_CHECKING:
    from langchain_core.tools import StructuredTool

FILTER = (
    'hard demands, as {"field", "op", "value"} or {"op": "and"|"or", "args": [...]} or {"op": "not", "arg": ...}; '
    "op is one of eq, ne, lt, le, gt, ge, between, in, contains, contains_any, contains_all, text, missing"
)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SearchItems(_Arguments):
    """Arguments of `search_items`."""

    query: str = Field(description="what the items should be about, in plain words, or a title")
    filter: dict[str, Any] | None = Field(None, description=FILTER)
    k: int = Field(10, ge=1, le=200, description="how many items to return")


class Recommend(_Arguments):
    """Arguments of `recommend`."""

    query: str = Field("", description="what the person wants now, in plain words; empty for none")
    history: list[str] = Field(default_factory=list, description="ids of items that the person liked")
    disliked: list[str] = Field(default_factory=list, description="ids of items that the person disliked")
    filter: dict[str, Any] | None = Field(None, description=FILTER)
    exclude: list[str] = Field(default_factory=list, description="ids of items that must not be returned")
    k: int = Field(10, ge=1, le=200, description="how many items to return")


class SimilarItems(_Arguments):
    """Arguments of `similar_items`."""

    item_id: str = Field(description="the id of the item that the others should be like")
    filter: dict[str, Any] | None = Field(None, description=FILTER)
    k: int = Field(10, ge=1, le=200, description="how many items to return")


class GetItem(_Arguments):
    """Arguments of `get_item`."""

    item_id: str = Field(description="the item's id")


class CompareItems(_Arguments):
    """Arguments of `compare_items`."""

    item_ids: list[str] = Field(min_length=2, max_length=10, description="the ids of the items to put side by side")


def as_langchain_tools(opened: Callable[[], Toolbox]) -> list[StructuredTool]:
    """Returns the tools `search_items`, `recommend`, `similar_items`, `get_item` and `compare_items`, each call of them over the toolbox that
    is `opened` by then.

    Each returns JSON-like data; a mistake in its arguments comes back as a sentence that a model can act on.
    """
    from langchain_core.tools import StructuredTool, ToolException

    calls, nouns = _Calls(opened), opened().catalogue.schema.nouns
    described: Iterable[tuple[str, str, Callable[..., Any], type[BaseModel]]] = (
        ("search_items", f"Find {nouns} by words or meaning.", calls.search_items, SearchItems),
        ("recommend", f"Recommend {nouns} for a wish, for what a person liked and disliked, or both.", calls.recommend, Recommend),
        ("similar_items", f"Find {nouns} like a given one.", calls.similar_items, SimilarItems),
        ("get_item", f"Look up all facts of one of the {nouns}.", calls.get_item, GetItem),
        ("compare_items", f"Put {nouns} side by side: their facts, what they share, how alike they are.", calls.compare_items, CompareItems),
    )  # fmt: skip

    def speaking(call: Callable[..., Any]) -> Callable[..., Any]:
        def spoken(**arguments: Any) -> Any:
            try:
                return call(**arguments)
            except ConvrecError as error:
                raise ToolException(str(error)) from error

        return spoken

    return [
        StructuredTool.from_function(
            speaking(call), name=name, description=description, args_schema=arguments, handle_tool_error=True
        )
        for name, description, call, arguments in described
    ]


class _Calls:
    """What the tools do, with arguments as a model gives them."""

    def __init__(self, opened: Callable[[], Toolbox]) -> None:
        self._opened = opened

    def search_items(self, query: str, filter: dict[str, Any] | None = None, k: int = 10) -> list[dict[str, Any]]:  # noqa: A002
        toolbox = self._opened()
        return _listed(toolbox, toolbox.search(query, parse_predicate(filter) if filter else None, k))

    def recommend(
        self, query: str = "", history: Iterable[str] = (), disliked: Iterable[str] = (), filter: dict[str, Any] | None = None,  # noqa: A002
        exclude: Iterable[str] = (), k: int = 10,
    ) -> list[dict[str, Any]]:  # fmt: skip
        weights = dict.fromkeys(history, 1.0) | dict.fromkeys(disliked, -1.0)
        demanded = parse_predicate(filter) if filter else None
        request = Request(text=query, history=weights, filter=demanded, exclude=frozenset(exclude), k=k)
        toolbox = self._opened()
        return _listed(toolbox, toolbox.recommend(request))

    def similar_items(self, item_id: str, filter: dict[str, Any] | None = None, k: int = 10) -> list[dict[str, Any]]:  # noqa: A002
        toolbox = self._opened()
        return _listed(toolbox, toolbox.similar(item_id, k, parse_predicate(filter) if filter else None))

    def get_item(self, item_id: str) -> dict[str, Any]:
        return _facts(self._opened().get_item(item_id))

    def compare_items(self, item_ids: list[str]) -> dict[str, Any]:
        found = self._opened().compare(item_ids)
        return {
            "items": [{"id": item_id, "title": title} for item_id, title in zip(found.ids, found.titles, strict=True)],
            "values": {name: list(values) for name, values in found.values.items()},
            "shared": {name: list(values) for name, values in found.shared.items()},
            "similarity": [list(line) for line in found.similarity],
        }


def _listed(toolbox: Toolbox, found: Recommendation) -> list[dict[str, Any]]:
    return [
        _facts(toolbox.get_item(item.id)) | {"score": round(item.score, 6), "confidence": round(item.confidence, 4)}
        for item in found.items
    ]


def _facts(item: Item) -> dict[str, Any]:
    return {"id": item.id, **item.facts}
