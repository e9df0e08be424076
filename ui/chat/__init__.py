"""The chat in a browser, on Gradio: `launch` serves it, `build_app` builds it to be mounted elsewhere."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr

    from convrec.agent.agent import Agent


def build_app(
    agent: "Agent", *, user_of: "Callable[[gr.Request], str | None] | None" = None, own_catalogues: bool = False
) -> "gr.Blocks":
    """Returns the chat over an agent. To mount it in a server of one's own, give `look()` to `gradio.mount_gradio_app` too.

    `user_of` gives the verified user id of whoever sends a request, None for a guest; without it everybody is a guest. `own_catalogues`
    lets visitors bring files of their own, which are kept on this machine.
    """
    from convrec.ui.chat.app import Page

    return Page(agent, user_of=user_of, own_catalogues=own_catalogues).blocks


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
    """Serves the chat, own catalogues included, until Ctrl-C; port 0 picks a free one. `on_ready` gets the page's address once it answers.

    Raises:
        InputError: the port is taken.
    """
    from convrec.ui.chat.server import serving, wait

    with serving(agent, host, port, own_catalogues=True) as address:
        if on_ready is not None:
            on_ready(address)
        if open_browser:
            import webbrowser

            webbrowser.open(address)
        wait()


__all__ = ["build_app", "launch", "look"]
