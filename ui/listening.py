"""A socket to listen on, its address, and a server that says when it answers."""

import asyncio
import multiprocessing
import socket
import threading
from collections.abc import Callable

import uvicorn

from convrec.core.errors import InputError


def listening(host: str, port: int) -> socket.socket:
    """Returns a bound socket; port 0 takes a free one.

    Raises:
        InputError: the port is taken, or the host is none of this machine's.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise InputError(
            f"{host} port {port} can't be listened on: {error.strerror}.",
            "Name another port, or 0 for any that is free.",
        ) from error
    found.set_inheritable(True)
    return found


def address_of(bound: socket.socket) -> str:
    """Returns the address that a bound socket answers at."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


class Announcing(uvicorn.Server):
    """A server that says when it answers, and tells its requests when it goes down: `request.state.leaving`, where the app's lifespan has such an event."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts, then says so."""
        await super().startup(sockets=sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Says so, that whoever only listens lets go, then waits for what is under way."""
        leaving: asyncio.Event | None = self.lifespan.state.get("leaving")
        if leaving is not None:
            leaving.set()
        await super().shutdown(sockets=sockets)


def end_with_parent(end: Callable[[], object]) -> None:
    """Calls `end` when the process that started this one has gone, however it went; does nothing in a process of its own."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def follow() -> None:
        parent.join()
        end()

    threading.Thread(target=follow, name="convrec-parent", daemon=True).start()
