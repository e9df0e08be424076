"""The agent as an MCP server: nine tools over stdio, or over streamable HTTP with keys."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from convrec.agent.agent import Agent
    from convrec.ui.keys import Keys


def serve_stdio(agent: "Agent") -> None:
    """Serves the tools to the program that started this one, until it closes the pipe. Standard output carries the protocol alone."""
    from convrec.ui.keys import Keys
    from convrec.ui.mcp.server import build_server
    from convrec.ui.mcp.stdio import serve

    serve(build_server(agent, Keys({})))


def serve_http(
    agent: "Agent", keys: "Keys", host: str, port: int, *, on_ready: Callable[[str], None] = lambda _: None
) -> None:
    """Serves the tools over streamable HTTP until Ctrl-C; port 0 picks a free one. `on_ready` gets the address once it answers.

    Raises:
        InputError: the port is taken, or the host is none of this machine's.
    """
    from convrec.ui.mcp.http import serve
    from convrec.ui.mcp.server import build_server

    serve(build_server(agent, keys), agent.workspace.settings.server, keys, host, port, on_ready)


__all__ = ["serve_http", "serve_stdio"]
