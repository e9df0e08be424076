"""`convrec ui`: the chat in a browser."""

import ipaddress
import socket
from typing import Annotated

import typer

from convrec.core.errors import ConvrecError, InputError
from convrec.ui.cli.frame import WorkspaceOption, opened_agent

_PORT = 7860


def ui(
    workspace: WorkspaceOption = None,
    host: Annotated[
        str, typer.Option("--host", help="The address to listen on: this machine's own only.")
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            help="The port; 0 picks a free one.",
            show_default="7860, or a free one when that is taken",
        ),
    ] = None,
) -> None:
    """Open the chat for a browser, and print its address.

    Examples:
      convrec ui
      convrec ui -w shop --port 0
    """
    _check_loopback(host)
    try:
        from convrec.ui.chat import launch
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith("convrec"):
            raise
        raise ConvrecError(
            f"The chat page needs {error.name}, which is not installed.", "Run: pip install 'convrec[ui]'."
        ) from error
    with opened_agent(workspace) as agent:
        launch(agent, host, port or _free_port(host, preferred=_PORT if port is None else 0))


def _check_loopback(host: str) -> None:
    """Refuses to be reachable from elsewhere: the page has no keys."""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        raise InputError(
            f"{host} can be reached from other machines, and the page asks for no key.", "Use --host 127.0.0.1."
        )


def _free_port(host: str, preferred: int) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, preferred))
        except OSError:
            probe.bind((host, 0))
        return int(probe.getsockname()[1])
