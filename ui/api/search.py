"""The tools over HTTP: recommend, search, look up, similar, compare. Nothing is stored."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.encoders import jsonable_encoder

from convrec.core.errors import UnknownItemError
from convrec.core.predicate import Predicate, parse_predicate
from convrec.tools.toolbox import Recommended
from convrec.ui.api.service import CallerOf, Service, ServiceOf, decoded, problems
from convrec.ui.api.shapes import CompareBody, RecommendBody, SearchBody

router = APIRouter(tags=["tools"])


@router.post("/v1/recommendations", responses=problems())
async def recommendations(body: RecommendBody, service: ServiceOf, caller: CallerOf) -> dict[str, Any]:
    """Recommends items for a conversation, a history of liked ids, a user, or any of these together."""
    user_id = caller.user_id(body.user_id) if body.user_id is not None else None
    found = await service.run(
        lambda: service.agent.recommend(
            messages=[message.model_dump() for message in body.messages], history=body.history, user_id=user_id,
            filter=body.filter, exclude=body.exclude, k=body.k, tools=body.tools,
        )
    )  # fmt: skip
    return {"items": [_scored(item) for item in found]}


@router.post("/v1/search", responses=problems())
async def search(body: SearchBody, service: ServiceOf) -> dict[str, Any]:
    """Finds the items that words describe best; one whose whole title they are comes first."""
    return await service.run(
        lambda: _listed(service, service.agent.toolbox.search(body.query, _predicate(body.filter), body.k).items)
    )


@router.get("/v1/items/{item_id:path}/similar", responses=problems(404))
async def similar(item_id: str, service: ServiceOf, k: Annotated[int, Query(ge=1, le=1_000)] = 10) -> dict[str, Any]:
    """Finds the items most like one."""
    own = decoded(item_id)
    return await service.run(lambda: _listed(service, service.agent.toolbox.similar(own, k).items))


@router.get("/v1/items/{item_id:path}", responses=problems(404))
async def item(item_id: str, service: ServiceOf) -> dict[str, Any]:
    """Looks up an item's facts."""
    return _facts(service, decoded(item_id))


@router.post("/v1/compare", responses=problems(404))
async def compare(body: CompareBody, service: ServiceOf) -> dict[str, Any]:
    """Puts items side by side: their facts, what all share, how alike they are."""

    def compared() -> dict[str, Any]:
        found = service.agent.toolbox.compare(body.item_ids)
        return {
            "items": [{"id": one, "title": title} for one, title in zip(found.ids, found.titles, strict=True)],
            "values": {name: list(values) for name, values in found.values.items()},
            "shared": {name: list(values) for name, values in found.shared.items()},
            "similarity": [list(line) for line in found.similarity],
        }

    return await service.run(compared)


def _predicate(document: dict[str, Any] | None) -> Predicate | None:
    return parse_predicate(document) if document is not None else None


def _scored(item: Recommended) -> dict[str, Any]:
    return {
        "id": item.id,
        "score": item.score,
        "confidence": item.confidence,
        "contributions": dict(item.contributions),
    }


def _listed(service: Service, items: tuple[Recommended, ...]) -> dict[str, Any]:
    return {"items": [{**_facts(service, item.id), **_scored(item)} for item in items]}


def _facts(service: Service, item_id: str) -> dict[str, Any]:
    if not item_id:
        raise UnknownItemError("The item's id is blank.", "Name one.")
    found: dict[str, Any] = jsonable_encoder({"id": item_id, **service.agent.toolbox.get_item(item_id).facts})
    return found
