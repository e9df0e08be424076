"""The API on a real socket, in this process."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from convrec.core.settings import Server
from convrec.ui.api.app import create_app
from convrec.ui.api.server import configured
from convrec.ui.keys import Keys
from convrec.ui.listening import address_of, listening


@contextmanager
def serving(agent, keys: str = "", settings: Server | None = None, **more) -> Iterator[str]:
    """Gives the address of a server over the agent, which answers already. `keys` is as CONVREC_API_KEYS has it."""
    found = Keys.from_environment({"CONVREC_API_KEYS": keys})
    settings = settings or Server(requests_per_minute=0)
    server = uvicorn.Server(configured(create_app(agent, found, settings, **more), settings))
    bound = listening("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    end = time.monotonic() + 20
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        assert time.monotonic() < end, "the server did not start in time"
        time.sleep(0.01)
    try:
        yield address_of(bound)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        bound.close()
