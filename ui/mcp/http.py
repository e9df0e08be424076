"""The server over streamable HTTP, at `/mcp`."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.transport_security import TransportSecuritySettings
from pydantic import AnyHttpUrl
from starlette.applications import Starlette

from convrec.core import settings
from convrec.ui.keys import Keys
from convrec.ui.listening import Announcing, address_of, listening

PATH = "/mcp"


def serve(
    server: Server[Any], limits: settings.Server, keys: Keys, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    """Serves any number of clients until Ctrl-C; `on_ready` gets the address once it answers.

    Raises:
        InputError: the port is taken, or the host is none of this machine's.
    """
    with listening(host, port) as bound:
        address = address_of(bound)
        app = _app(server, limits, keys, host, address)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, proxy_headers=False, lifespan="on",
            timeout_graceful_shutdown=round(limits.shutdown_s) + 1,
        )  # fmt: skip
        with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is down
            Announcing(config, lambda: on_ready(address + PATH)).run(sockets=[bound])


def _app(server: Server[Any], limits: settings.Server, keys: Keys, host: str, address: str) -> Starlette:
    """Returns the app. Each request stands alone: there are no sessions to lose.

    Without keys only programs of this machine may ask, and no page of another site that a browser here has open.
    """
    own = [f"{name}:*" for name in ("127.0.0.1", "localhost", "[::1]", host)]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=not keys, allowed_hosts=own, allowed_origins=[f"http://{name}" for name in own]
    )
    door = _Door(keys) if keys else None
    return server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, max_request_body_size=limits.max_body_bytes,
        transport_security=security, token_verifier=door,
        auth=AuthSettings(issuer_url=AnyHttpUrl(address), resource_server_url=None) if door is not None else None,
    )  # fmt: skip


class _Door:
    """Lets in whoever shows a key."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Returns whom the key lets in, None for nobody."""
        caller = self._keys.caller(token)
        return AccessToken(token=token, client_id=caller.name, scopes=[]) if caller is not None else None
