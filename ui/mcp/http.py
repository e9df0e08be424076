"""The server over streamable HTTP, at `/mcp`."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from mcp.server import Server
from mcp.server.transport_security import TransportSecuritySettings

from convrec.core import settings
from convrec.core.clock import random_id
from convrec.ui.api.door import Door
from convrec.ui.api.server import configured
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
        app = _app(server, limits, keys, host)
        with suppress(KeyboardInterrupt):  # uvicorn raises it again once all is down
            Announcing(configured(app, limits), lambda: on_ready(address_of(bound) + PATH)).run(sockets=[bound])


def _app(server: Server[Any], limits: settings.Server, keys: Keys, host: str) -> Door:
    """Returns the app behind the door that the API has. Each request stands alone: there are no sessions to lose.

    Without keys only programs of this machine may ask, and no page of another site that a browser here has open.
    """
    own = [f"{name}:*" for name in ("127.0.0.1", "localhost", "[::1]", host)]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=not keys, allowed_hosts=own, allowed_origins=[f"http://{name}" for name in own]
    )
    app = server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, max_request_body_size=limits.max_body_bytes,
        transport_security=security,
    )  # fmt: skip
    return Door(app, keys, limits, random_id, guarded=PATH)
