"""The chat in a browser, on Gradio: `launch` serves it, `build_app` builds it to be mounted elsewhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr

    from convrec.agent.agent import Agent


def build_app(agent: "Agent") -> "gr.Blocks":
    """Returns the chat over an agent. To mount it in a server of one's own, give `look()` to `gradio.mount_gradio_app` too."""
    from convrec.ui.chat.app import Page

    return Page(agent).blocks


def look() -> dict[str, Any]:
    """Returns theme, style and head of the page, as `Blocks.launch` and `gradio.mount_gradio_app` take them."""
    from convrec.ui.chat.look import look as chosen

    return chosen()


def launch(
    agent: "Agent",
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    open_browser: bool = False,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serves the chat until Ctrl-C; port 0 picks a free one. `on_ready` gets the page's address once it answers.

    Raises:
        InputError: the port is taken.
    """
    from convrec.ui.chat.server import serving, wait

    with serving(agent, host, port) as address:
        if on_ready is not None:
            on_ready(address)
        if open_browser:
            import webbrowser

            webbrowser.open(address)
        wait()


__all__ = ["build_app", "launch", "look"]
