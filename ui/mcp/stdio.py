"""The server over standard input and output."""

import signal
from typing import Any

import anyio
from mcp.server import Server
from mcp.server.stdio import stdio_server


def serve(server: Server[Any]) -> None:
    """Serves one client until it closes the pipe, or until Ctrl-C, which ends the process at once.

    Python's own way would wait for the next line, on which a thread is reading. Nothing is lost: a turn is committed whole or not at all.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(_serve, server)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())
