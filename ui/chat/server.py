"""The page's own server: up on a port, down when it is left."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from convrec.core.errors import InputError

if TYPE_CHECKING:
    from convrec.agent.agent import Agent

_LARGEST = 200 * 2**20  # bytes of a file that somebody brings
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported


@contextmanager
def serving(
    agent: "Agent", host: str, port: int, *, own_catalogues: bool = False, root: Path | None = None
) -> Iterator[str]:
    """Serves the chat as long as the context lasts, and gives the page's address, which answers already; the rest is `Page`'s.

    Raises:
        InputError: the port is taken.
    """
    from convrec.ui.chat.app import Page
    from convrec.ui.chat.look import look

    page = Page(agent, own_catalogues=own_catalogues, root=root)
    try:
        _, address, _ = page.blocks.launch(
            server_name=_bracketed(host),
            server_port=port or _free_port(host),
            share=False,
            quiet=True,
            prevent_thread_lock=True,
            inbrowser=False,
            show_error=False,
            footer_links=[],
            run_history=False,
            enable_monitoring=False,
            ssr_mode=False,
            pwa=False,
            mcp_server=False,
            max_file_size=_LARGEST,
            _frontend=False,
            **look(),
        )  # fmt: skip  (_frontend: Gradio would give up on a machine that is slow to answer itself)
    except OSError as error:
        raise InputError(f"Port {port} on {host} is taken.", "Name another one, or 0 for any that is free.") from error
    try:
        yield address
    finally:
        page.blocks.close(verbose=False)
        page.close()


def wait() -> None:
    """Returns at Ctrl-C."""
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _free_port(host: str) -> int:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
