"""`convrec ui`: the chat in a browser."""

import ipaddress
import os
import socket
import sys
from typing import Annotated

import typer

from convrec.core.errors import ConvrecError, InputError
from convrec.core.extras import to_get
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
    browser: Annotated[bool, typer.Option("--open", help="Open a browser too, where there is a screen.")] = False,
) -> None:
    """Serve the chat to a browser, and print its address once it answers.

    Examples:
      convrec ui --open
      convrec ui -w shop --port 0
    """
    _check_loopback(host)
    if not installed("gradio"):
        raise ConvrecError("The chat page needs Gradio, which is not installed.", to_get("ui"))
    from convrec.ui.chat import launch

    with opened_agent(workspace) as agent:
        chosen = port if port is not None else _PORT if _is_free(host, _PORT) else 0
        launch(agent, host, chosen, open_browser=browser and _has_screen(), on_ready=_print_address)


def _print_address(address: str) -> None:
    typer.echo(f"The chat is at {address} (Ctrl-C ends it)")
    sys.stdout.flush()


def installed(package: str) -> bool:
    """Tells whether a package is there, without importing it."""
    from importlib.util import find_spec

    return find_spec(package) is not None


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


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _has_screen() -> bool:
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
