"""A real MCP client that is spoken to from plain functions, and `convrec mcp` as a process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2
from anyio.from_thread import start_blocking_portal
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

COMMAND = (sys.executable, "-c", "from convrec.ui.cli import main; main()", "mcp")


class Speaker:
    """Calls tools through one client's connection."""

    def __init__(self, portal, client: Client) -> None:
        self.portal, self.client = portal, client

    def tools(self) -> dict:
        """Returns the tools by name."""
        return {tool.name: tool for tool in self.portal.call(self.client.list_tools).tools}

    def call(self, tool: str, **arguments):
        """Returns the whole result of a call."""
        return self.portal.call(self.client.call_tool, tool, arguments)

    def __call__(self, tool: str, **arguments) -> dict:
        """Returns the data that a call answers."""
        result = self.call(tool, **arguments)
        assert not result.is_error, result.content[0].text
        return result.structured_content

    def refusal(self, tool: str, **arguments) -> str:
        """Returns the sentence with which a call is refused."""
        result = self.call(tool, **arguments)
        assert result.is_error
        assert result.structured_content is None
        return result.content[0].text


@contextmanager
def connected(server, mode: str = "auto") -> Iterator[Speaker]:
    """Gives a speaker to a server: an address, a transport, or a command to start."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server, mode=mode)) as client:
        yield Speaker(portal, client)


def started(workspace: Path) -> StdioServerParameters:
    """Returns how a client starts the server on a workspace."""
    command, *args = (*COMMAND, "-w", str(workspace))
    return StdioServerParameters(command=command, args=args, env=dict(os.environ))


@contextmanager
def keyed(address: str, key: str) -> Iterator[Speaker]:
    """Gives a speaker that shows a key."""
    with start_blocking_portal() as portal:
        web = httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
        with (
            portal.wrap_async_context_manager(web),
            portal.wrap_async_context_manager(Client(streamable_http_client(address, http_client=web))) as client,
        ):
            yield Speaker(portal, client)


@contextmanager
def served(workspace: Path, environment: Mapping[str, str] = {}) -> Iterator[str]:
    """Gives the address of a server over HTTP, and ends it with Ctrl-C."""
    command = [*COMMAND, "-w", str(workspace), "--http", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})
    try:
        yield next(word for word in server.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
