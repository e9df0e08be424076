"""The chat page with its doors, as one ASGI app."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.routing import Mount

from convrec.core.clock import Clock, SystemClock
from convrec.core.settings import Auth, Settings
from convrec.ui.auth.drawing import drawn
from convrec.ui.auth.guessing import Guessing
from convrec.ui.auth.names import PREFIX
from convrec.ui.auth.oidc import Provider
from convrec.ui.auth.pages import SignIn
from convrec.ui.auth.passwords import Passwords
from convrec.ui.auth.proxy import Proxy, secret_of_proxy
from convrec.ui.auth.visitors import Visitor, Visitors
from convrec.ui.auth.wall import Wall

if TYPE_CHECKING:
    import gradio as gr

    from convrec.agent.agent import Agent

_MOST_BODY_BYTES = 1_000_000
_BAR = """
#account { margin: 0 0 1rem !important; padding: 0 !important; font-size: .86rem; }
#account .html-container { padding: 0; } #account .html-container > div { display: flex; gap: .6rem; align-items: baseline; justify-content: space-between; }
#account span { min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--soft); }
#account a, #account button { flex: none; color: var(--accent); text-decoration: underline; cursor: pointer; background: none; border: 0; padding: 0; font: inherit; }
#account a:focus-visible, #account button:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
"""


def create_site(
    agent: "Agent", settings: Settings, *, secret: str, clock: Clock | None = None, passwords: Passwords | None = None
) -> FastAPI:  # fmt: skip
    """Returns the chat page of an agent, which stays the caller's to close, and the pages by which people come and go. `secret` signs guests' cookies.

    Raises:
        InputError: the secret that a proxy signs with is not set.
    """
    auth, clock = settings.auth, clock or SystemClock()
    proxy = Proxy(secret_of_proxy(auth), clock) if auth.proxy_header else None
    visitors = Visitors(auth, agent.accounts, clock, secret, proxy)
    provider = None
    if auth.oidc_issuer:
        provider = Provider(auth.oidc_issuer, auth.oidc_client_id, os.environ.get(auth.oidc_client_secret_env), clock)
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    site.router.routes += SignIn(
        agent, auth, visitors, passwords or Passwords(agent.accounts, clock), Guessing(), provider
    ).routes
    _mount_page(site, agent, auth, visitors)
    return site


def _mount_page(site: FastAPI, agent: "Agent", auth: Auth, visitors: Visitors) -> None:
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported
    import gradio as gr

    from convrec.ui.chat import build_app
    from convrec.ui.chat.look import look

    blocks = build_app(agent, user_of=lambda request: _visitor(request).user_id)
    aside = next(block for block in blocks.blocks.values() if block.elem_id == "more")
    with blocks, aside:
        bar = gr.HTML("", elem_id="account", apply_default_css=False)
        blocks.load(_bar_of(auth), None, bar, show_progress="hidden", api_visibility="private")
    aside.children.insert(0, aside.children.pop())  # who one is stands above what is kept of one
    looks = look()
    gr.mount_gradio_app(
        site, blocks, "/", footer_links=[], run_history=False, show_error=False, max_file_size=0, ssr_mode=False, enable_monitoring=False,
        pwa=False, mcp_server=False, **{**looks, "css": looks["css"] + _BAR},
    )  # fmt: skip
    mounted = site.router.routes.pop()
    assert isinstance(mounted, Mount)
    site.mount("/", Wall(mounted.app, visitors, auth, _MOST_BODY_BYTES))


def _visitor(request: "gr.Request") -> Visitor:
    visitor: Visitor = request.request.state.visitor
    return visitor


def _bar_of(auth: Auth) -> "Callable[[gr.Request], str]":
    """Returns what draws the corner of the page in which one signs in and out."""
    import gradio as gr

    may_sign_in = auth.accounts != "off" or bool(auth.oidc_issuer)

    def bar(request: gr.Request) -> str:
        visitor = _visitor(request)
        has_password = auth.accounts != "off" and visitor.user_id.startswith(PREFIX)
        return drawn("bar", visitor=visitor, may_sign_in=may_sign_in, has_password=has_password)

    return bar
