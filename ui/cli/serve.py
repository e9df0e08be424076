"""`convrec serve`: the HTTP API, with the chat page at its root."""

import os
import secrets
import socket
import sys
from contextlib import closing, suppress
from typing import Annotated

import typer

from convrec.core.errors import ConvrecError
from convrec.core.extras import to_get
from convrec.ui.cli.console import say
from convrec.ui.cli.frame import WorkspaceOption, opened_agent
from convrec.ui.cli.page import installed

_PORT = 8000


def serve(
    workspace: WorkspaceOption = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on; one that others can reach takes keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 picks a free one.")] = _PORT,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that serve alike.")] = 1,
) -> None:
    """Serve the agent over HTTP, with the chat page at `/`, and print the address once it answers.

    Programs show keys, which are read from CONVREC_API_KEYS. People sign in as `[auth]` in convrec.toml says; without it they are guests.

    Examples:
      convrec serve -w shop
      CONVREC_API_KEYS='[{"key": "change-me", "tenant": "shop"}]' convrec serve -w shop --host 0.0.0.0 --workers 4
    """
    from convrec.catalogue.workspace import Workspace
    from convrec.ui.keys import Keys, check_reachable

    if not all(
        map(installed, ("fastapi", "uvicorn", "limits", "prometheus_client", "argon2", "authlib", "httpx", "joserfc"))
    ):
        raise ConvrecError("The server needs more than is installed.", to_get("serve"))
    from convrec.core.clock import SystemClock
    from convrec.ui.api.server import run
    from convrec.ui.api.tokens import Tokens
    from convrec.ui.api.worker import SECRET, WORKERS, WORKSPACE
    from convrec.ui.auth.proxy import secret_of_proxy
    from convrec.ui.listening import address_of, listening

    check_reachable(host, Keys.from_environment())
    os.environ.setdefault(SECRET, secrets.token_hex(32))  # all workers sign alike; what was signed ends with the server
    Tokens(os.environ[SECRET], SystemClock())  # refuses a weak secret
    with opened_agent(workspace) as agent:  # says what is wrong before any process is started
        root = agent.workspace.root
        if agent.workspace.settings.auth.proxy_header:
            secret_of_proxy(agent.workspace.settings.auth)

    os.environ[WORKSPACE], os.environ[WORKERS] = str(root.resolve()), str(workers)
    bound = listening(host, port)
    page = _has_page(workers)

    def ready() -> None:
        typer.echo(f"convrec answers at {address_of(bound)} (Ctrl-C ends it)")
        sys.stdout.flush()

    with closing(bound), suppress(KeyboardInterrupt):
        run("convrec.ui.api.worker:app", bound, Workspace.resolve(None).settings.server, workers, ready, page=page)


def _has_page(workers: int) -> bool:
    """Tells whether the chat page is served, and says why where it is not."""
    if not installed("gradio"):
        say(f"The chat page is left out, for Gradio is not installed. {to_get('ui')}")
        return False
    if workers > 1 and not hasattr(socket, "AF_UNIX"):
        say("The chat page is left out, for this system has no sockets between processes: use --workers 1.")
        return False
    return True
