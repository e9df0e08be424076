"""The server over streamable HTTP, at `/mcp`."""

import socket
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

from convrec.core.errors import InputError
from convrec.ui.keys import Keys

PATH = "/mcp"


def serve(server: Server[Any], keys: Keys, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serves any number of clients until Ctrl-C; `on_ready` gets the address once it answers.

    Raises:
        InputError: the port is taken, or the host is none of this machine's.
    """
    with _bound(host, port) as bound:
        address = f"http://{_bracketed(host)}:{bound.getsockname()[1]}"
        config = uvicorn.Config(_app(server, keys, host, address), log_level="warning", access_log=False)
        with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is down
            _Announcing(config, lambda: on_ready(address + PATH)).run(sockets=[bound])


def _app(server: Server[Any], keys: Keys, host: str, address: str) -> Starlette:
    """Returns the app. Each request stands alone, so that any number of processes may serve them.

    Without keys only pages and programs of this machine may ask, whatever name a page elsewhere gives itself.
    """
    own = [f"{name}:*" for name in ("127.0.0.1", "localhost", "[::1]", _bracketed(host))]
    local = TransportSecuritySettings(allowed_hosts=own, allowed_origins=[f"http://{name}" for name in own])
    open_ = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, transport_security=open_ if keys else local,
        token_verifier=_Door(keys) if keys else None,
        auth=AuthSettings(issuer_url=AnyHttpUrl(address), resource_server_url=None) if keys else None,
    )  # fmt: skip


class _Door:
    """Lets in whoever shows a key."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    async def verify_token(self, token: str) -> AccessToken | None:
        """Returns whom the key lets in, None for nobody."""
        caller = self._keys.caller(token)
        return AccessToken(token=token, client_id=caller.name, scopes=[]) if caller is not None else None


class _Announcing(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to listen."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def _bound(host: str, port: int) -> socket.socket:
    """Returns a socket that holds the port."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise InputError(
            f"{host} port {port} can't be had: {error.strerror or error}.", "Name another port, or 0 for any that is free."
        ) from error
    return bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
