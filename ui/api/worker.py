"""What every worker process makes for itself: an agent of its own, and the app over it."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from fastapi import FastAPI

from convrec.core.garbage import settled
from convrec.ui.api.page import SOCKET, Handover, put_behind
from convrec.ui.keys import Keys
from convrec.ui.listening import end_with_parent

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

WORKSPACE, WORKERS = "CONVREC_WORKSPACE", "CONVREC_SERVE_WORKERS"
"""The environment variables by which the command tells its workers what to serve, and how many they are."""
SECRET = "CONVREC_SECRET"  # noqa: S105  (a name)
"""The environment variable that holds what guests' cookies and tokens are signed with."""


def app() -> FastAPI:
    """Returns the app over the workspace that the environment names; the chat page is in it, or in a process of its own, or left out."""
    from convrec.ui.api.app import create_app

    end_with_parent(lambda: os.kill(os.getpid(), signal.SIGTERM))
    agent = _agent()
    workers = int(os.environ.get(WORKERS, "1"))
    made = create_app(
        agent, Keys.from_environment(), agent.workspace.settings.server, secret=os.environ[SECRET], workers=workers
    )
    ending = AsyncExitStack()
    if place := os.environ.get(SOCKET):
        handover = Handover(place)
        ending.push_async_callback(handover.close)
        put_behind(made, handover)
        return _closing(made, agent, ending)
    if workers == 1 and find_spec("gradio") is not None:
        from convrec.ui.auth.site import create_site

        site = create_site(agent, agent.workspace.settings, secret=os.environ[SECRET])
        put_behind(made, site)
        return _closing(made, agent, ending, site)
    return _closing(made, agent, ending)


def page() -> FastAPI:
    """Returns the chat page alone, whose turns are counted with those of the workers."""
    from convrec.ui.api.metrics import Metrics
    from convrec.ui.auth.site import create_site

    agent, ending = _agent(), AsyncExitStack()
    ending.enter_context(agent.heard_by(Metrics().turned))
    site = create_site(agent, agent.workspace.settings, secret=os.environ[SECRET])
    return _closing(site, agent, ending)


def _agent() -> "Agent":
    from convrec.agent.agent import Agent
    from convrec.catalogue.workspace import Workspace
    from convrec.ui.api.logs import configure

    workspace = Workspace.resolve(None)
    configure(workspace.settings.server.log)
    agent = Agent.open(workspace)
    agent.rehearse()
    return agent


def _closing(made: FastAPI, agent: "Agent", ending: AsyncExitStack, inner: FastAPI | None = None) -> FastAPI:
    """Returns the app, which begins and ends with the one inside it, and closes the agent at last. Its requests hear by `state.leaving` that the server goes down."""
    begin = made.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, asyncio.Event]]:
        async with ending, begin(app), AsyncExitStack() as inside:
            if inner is not None:
                await inside.enter_async_context(inner.router.lifespan_context(inner))
            settled()
            yield {"leaving": asyncio.Event()}
        agent.close()

    made.router.lifespan_context = lifespan
    return made
