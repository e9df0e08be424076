"""`convrec mcp`: the agent as a server of the Model Context Protocol."""

import sys
from typing import Annotated

import typer

from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
from convrec.ui.cli.frame import WorkspaceOption, opened_agent
from convrec.ui.cli.page import installed

_HOST, _PORT = "127.0.0.1", 8765


def mcp(
    workspace: WorkspaceOption = None,
    http: Annotated[bool, typer.Option("--http", help="Serve over streamable HTTP, not over stdin and stdout.")] = False,
    host: Annotated[str | None, typer.Option("--host", help="The address to listen on; others than this machine's own need keys in CONVREC_API_KEYS.", show_default=_HOST)] = None,
    port: Annotated[int | None, typer.Option("--port", min=0, max=65535, help="The port; 0 picks a free one.", show_default=str(_PORT))] = None,
) -> None:  # fmt: skip
    """Serve the tools to other agents over the Model Context Protocol.

    Without --http, a client starts this command itself and talks over stdin and stdout. With it, the address is printed
    once it answers, and clients show a key of CONVREC_API_KEYS where that is set.

    Examples:
      convrec mcp -w shop
      convrec mcp -w shop --http --port 0
    """
    if not installed("mcp"):
        raise ConvrecError("The MCP server needs the MCP SDK, which is not installed.", to_get("mcp"))
    if not http and (host, port) != (None, None):
        raise InputError("--host and --port say where to listen over HTTP.", "Give --http too.")
    if http:
        _http(workspace, host or _HOST, _PORT if port is None else port)
        return
    from convrec.ui.mcp import serve_stdio

    with opened_agent(workspace) as agent:
        serve_stdio(agent)


def _http(workspace: WorkspaceOption, host: str, port: int) -> None:
    from convrec.ui.keys import Keys, check_reachable
    from convrec.ui.mcp import serve_http

    keys = Keys.from_environment()
    check_reachable(host, keys)
    with opened_agent(workspace) as agent:
        serve_http(agent, keys, host, port, on_ready=_print_address)


def _print_address(address: str) -> None:
    typer.echo(f"The MCP server is at {address} (Ctrl-C ends it)")
    sys.stdout.flush()
