"""Whether a request comes from a page of this server, or from another site that a browser has open."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_READING = ("GET", "HEAD", "OPTIONS")


def is_crossing(request: HTTPConnection) -> bool:
    """Tells whether a request that changes something was sent by another site's page, or does not say by whose.

    Every browser says so with a form, in `Sec-Fetch-Site` where the connection is secure, in `Origin` anywhere.
    """
    if request.scope["method"] in _READING:
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    return urlsplit(request.headers.get("origin", "null")).netloc != request.headers.get("host", "")
