"""The living catalogue over HTTP: items put, patched and deleted, events added. A bad row is an error of its own and stops no other."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Depends

from convrec.catalogue.live import Written, add_interactions, delete_items, patch_items, put_items
from convrec.catalogue.workspace import Workspace
from convrec.ui.api.service import Service, ServiceOf, keeper, problems
from convrec.ui.api.shapes import InteractionsBody, ItemIdsBody, ItemsBody

router = APIRouter(tags=["catalogue"], dependencies=[Depends(keeper)])
Rows = Sequence[dict[str, Any]]


@router.put("/v1/items", response_model=Written, responses=problems())
async def put(body: ItemsBody, service: ServiceOf) -> Written:
    """Adds items, or replaces those of the same id. They are found from the next request on."""
    return await _written(service, put_items, body.items)


@router.patch("/v1/items", response_model=Written, responses=problems())
async def patch(body: ItemsBody, service: ServiceOf) -> Written:
    """Changes fields of items; null takes a fact away. The next slate heeds it."""
    return await _written(service, patch_items, body.items)


@router.delete("/v1/items", response_model=Written, responses=problems())
async def delete(body: ItemIdsBody, service: ServiceOf) -> Written:
    """Takes items away."""
    return await service.run(lambda: delete_items(service.agent.workspace, body.ids))


@router.post("/v1/interactions", response_model=Written, responses=problems())
async def interactions(body: InteractionsBody, service: ServiceOf) -> Written:
    """Adds events: who did what with which item, and when."""
    return await _written(service, add_interactions, body.interactions)


async def _written(service: Service, write: Callable[[Workspace, Rows], Written], rows: Rows) -> Written:
    return await service.run(lambda: write(service.agent.workspace, rows))
