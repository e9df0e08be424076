"""The whole API as one ASGI app."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.security import HTTPBearer

from convrec.core.clock import Clock, NewId, SystemClock, random_id
from convrec.core.settings import Server
from convrec.ui.api import chat, completions, health, people, problems, search, shop, tokens
from convrec.ui.api.door import Door
from convrec.ui.api.metrics import Metrics
from convrec.ui.api.pool import Pool
from convrec.ui.api.service import Service
from convrec.ui.api.telemetry import tracing
from convrec.ui.api.tokens import Tokens
from convrec.ui.dashboard import routes as dashboard
from convrec.ui.keys import Keys
from convrec.ui.widget import routes as widget

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

_ABOUT = """A conversational recommender over one catalogue. Errors are RFC 9457 problem documents; every answer has an
`X-Request-ID`, the one that was sent or a new one. An `Idempotency-Key` makes a message safe to send again."""


_BEARER = HTTPBearer(auto_error=False, description="one of the keys of CONVREC_API_KEYS")  # the Door asks for it


def create_app(
    agent: "Agent", keys: Keys, settings: Server, *, secret: str | None = None, clock: Clock | None = None, new_id: NewId = random_id, workers: int = 1
) -> FastAPI:  # fmt: skip
    """Returns the API over an agent, which stays the caller's to close. `secret` signs tokens, which end with the app where there is none; `workers` is how many processes serve alike.

    Raises:
        InputError: the secret is short, or traces can't be sent as the environment asks.
    """
    from importlib.metadata import version

    clock = clock or SystemClock()
    counted = Metrics()
    pool = Pool(settings.concurrency, settings.queue, settings.turn_timeout_s, counted.held)
    service = Service(agent, pool, counted, clock, Tokens(secret or token_hex(32), clock))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with agent.heard_by(counted.turned):
            yield
            service.ready = False
            await service.pool.drain(settings.shutdown_s)
        service.tracing.close()

    app = FastAPI(
        title="convrec",
        version=version("convrec"),
        description=_ABOUT,
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
    )
    app.state.service, app.state.keys = service, keys
    problems.install(app)
    for rooms in (chat, completions, shop, search, people, tokens, widget):
        app.include_router(rooms.router, dependencies=[Depends(_BEARER)])
    app.include_router(health.router)
    app.include_router(dashboard.router)
    app.add_middleware(
        Door, keys=keys, settings=settings, new_id=new_id, done=service.metrics.answered, workers=workers,
        token_caller=service.tokens.caller,
    )  # fmt: skip
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["*"], allow_headers=["*"],
            expose_headers=["X-Request-ID", "Retry-After"],
        )  # fmt: skip
    service.tracing = tracing(app, settings.trace_text)
    return app
