"""Who a request is from: what a proxy says, whose session its cookie names, or which guest."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

from convrec.agent.stores.accounts import Accounts, SignedIn
from convrec.core.clock import Clock
from convrec.core.settings import Auth
from convrec.ui.auth.proxy import Proxy, UnprovenError

_GUEST = re.compile(r"(guest-[0-9a-f]{32})\.([0-9a-f]{64})")
_GUEST_SECONDS = 180 * 86_400
SESSION, GUEST, FLOW = "convrec-session", "convrec-guest", "convrec-signing-in"
"""The cookies; where the page is on https their names begin with `__Host-`, so that no other host of the same domain can set them."""


@dataclass(frozen=True)
class Visitor:
    """Somebody whose id was verified. `name` is for people to read, and may be anything."""

    user_id: str
    name: str
    way: Literal["proxy", "session", "guest"]


class Visitors:
    """Tells who requests are from, and gives browsers what they show the next time."""

    def __init__(
        self, settings: Auth, accounts: Accounts, clock: Clock, secret: str, proxy: Proxy | None = None,
        new_token: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:  # fmt: skip
        self._settings, self._accounts, self._clock, self._proxy, self._new_token = (
            settings,
            accounts,
            clock,
            proxy,
            new_token,
        )
        self._key = hmac.new(secret.encode(), b"convrec guests", hashlib.sha256).digest()

    def of(self, request: HTTPConnection) -> Visitor | None:
        """Returns who a request is from, None for somebody unknown.

        Raises:
            UnprovenError: it shows a proxy's signature that is not right, or a session that is not, or no longer, one.
        """
        if self._proxy is not None and (said := request.headers.get(self._settings.proxy_header)) is not None:
            user_id = self._proxy.user_id(said)
            return Visitor(user_id, user_id, "proxy")
        token = cookie(request, SESSION)
        if token is not None:
            who = self._accounts.signed_in(_hashed(token), self._clock.now())
            if who is None:
                raise UnprovenError("You are not signed in any more.", "Reload the page.")
            return Visitor(who.user_id, who.name, "session")
        guest = self.guest(request)
        return Visitor(guest, "Guest", "guest") if guest is not None and self._settings.guests else None

    def guest(self, request: HTTPConnection) -> str | None:
        """Returns the guest whose cookie a request shows, whoever else it is from."""
        found = _GUEST.fullmatch(cookie(request, GUEST) or "")
        return found[1] if found and hmac.compare_digest(self._signature(found[1]), found[2]) else None

    def welcome(self, request: HTTPConnection, response: Response) -> None:
        """Gives a browser the cookie of a new guest."""
        guest = f"guest-{secrets.token_hex(16)}"
        set_cookie(request, response, GUEST, f"{guest}.{self._signature(guest)}", _GUEST_SECONDS)

    def sign_in(
        self, request: HTTPConnection, response: Response, user_id: str, name: str, generation: int, password: str | None = None
    ) -> None:  # fmt: skip
        """Begins a session under a new token; the one that the browser had ends.

        Raises:
            Forgotten: what was verified holds no more.
        """
        now, lasting = self._clock.now(), timedelta(hours=self._settings.session_hours)
        self.sign_out(request, response)
        token = self._new_token()
        self._accounts.sign_in(_hashed(token), SignedIn(user_id, name, now + lasting), now, generation, password)
        set_cookie(request, response, SESSION, token, int(lasting.total_seconds()))

    def sign_out(self, request: HTTPConnection, response: Response) -> None:
        """Ends the browser's session, if it has one."""
        token = cookie(request, SESSION)
        if token is not None:
            self._accounts.sign_out(_hashed(token))
            drop_cookie(request, response, SESSION)

    def _signature(self, guest: str) -> str:
        return hmac.new(self._key, guest.encode(), hashlib.sha256).hexdigest()


def cookie(request: HTTPConnection, name: str) -> str | None:
    """Returns the value of one of our cookies, None where the browser shows none."""
    return request.cookies.get(_named(request, name))


def set_cookie(request: HTTPConnection, response: Response, name: str, value: str, seconds: int) -> None:
    """Gives the browser a cookie that no script reads and no other site's request carries."""
    response.set_cookie(
        _named(request, name), value, max_age=seconds, path="/", secure=_is_secure(request), httponly=True, samesite="lax"
    )  # fmt: skip


def drop_cookie(request: HTTPConnection, response: Response, name: str) -> None:
    """Takes a cookie away."""
    response.delete_cookie(_named(request, name), path="/", secure=_is_secure(request), httponly=True, samesite="lax")


def _is_secure(request: HTTPConnection) -> bool:
    return request.url.scheme == "https"


def _named(request: HTTPConnection, name: str) -> str:
    return f"__Host-{name}" if _is_secure(request) else name


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
