"""An HTTP client for model servers whose answers end: so many bytes, so many seconds, no redirects."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx2

_MOST_BYTES = 4_000_000


class _Bounded(httpx2.SyncByteStream):
    """A response's bytes, up to a size and a moment."""

    def __init__(self, stream: httpx2.SyncByteStream, seconds: float) -> None:
        self._stream, self._ends = stream, time.monotonic() + seconds

    def __iter__(self) -> Iterator[bytes]:
        read = 0
        for part in self._stream:
            read += len(part)
            if read > _MOST_BYTES or time.monotonic() > self._ends:
                raise httpx2.ReadTimeout("the answer does not end")
            yield part

    def close(self) -> None:
        self._stream.close()


def bounded_client(seconds: float) -> httpx2.Client:
    """Returns a client for one server; a redirect is an answer like any other, since following it would be a request that nobody counted."""

    def bound(response: httpx2.Response) -> None:
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Bounded(response.stream, seconds)

    return httpx2.Client(
        timeout=httpx2.Timeout(seconds, connect=min(seconds, 5.0)),
        follow_redirects=False,
        event_hooks={"response": [bound]},
    )
