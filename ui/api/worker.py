"""What every worker process makes for itself: an agent of its own, and the app over it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from convrec.ui.keys import Keys

WORKSPACE, WORKERS = "CONVREC_WORKSPACE", "CONVREC_SERVE_WORKERS"
"""The environment variables by which the command tells its workers what to serve, and how many they are."""
SECRET = "CONVREC_SECRET"  # noqa: S105  (a name)
"""The environment variable that holds what sessions and tokens are signed with."""


def app() -> FastAPI:
    """Returns the app over the workspace that the environment names."""
    from convrec.agent.agent import Agent
    from convrec.catalogue.workspace import Workspace
    from convrec.ui.api.app import create_app
    from convrec.ui.api.logs import configure

    workspace = Workspace.resolve(None)
    configure(workspace.settings.server.log)
    agent = Agent.open(workspace)
    made = create_app(
        agent, Keys.from_environment(), workspace.settings.server, secret=os.environ[SECRET], workers=int(os.environ.get(WORKERS, "1")),
    )  # fmt: skip
    inner = made.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with inner(app):
            yield
        agent.close()

    made.router.lifespan_context = lifespan
    return made
