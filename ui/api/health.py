"""Whether the server lives, whether it can answer, and what it has counted."""

import asyncio

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from convrec.core.errors import ConvrecError
from convrec.ui.api.problems import of_error, problem
from convrec.ui.api.service import ServiceOf, problems

router = APIRouter(tags=["operation"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Says that the process lives."""
    return {"status": "alive"}


@router.get("/readyz", responses=problems())
async def readyz(service: ServiceOf) -> Response:
    """Says whether turns can be answered: the tools are open, the state database answers, the server is not going down. `degraded` names what they do without."""
    if not service.ready:
        return problem(503, "The server is going down.", {"Retry-After": "5"})
    toolbox = service.agent.toolbox
    try:
        await asyncio.to_thread(service.agent.profile, "guest")
    except ConvrecError as error:
        return of_error(error)
    degraded = await asyncio.to_thread(toolbox.away)
    return JSONResponse({"status": "ready", "degraded": degraded, "versions": toolbox.versions})


_PLAIN = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=PlainTextResponse, responses={200: {"content": {_PLAIN: {}}}})
async def metrics(service: ServiceOf) -> Response:
    """Returns the counters in Prometheus' form."""
    return Response(service.metrics.page(), media_type=_PLAIN)
