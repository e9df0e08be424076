"""A trusted proxy says who is signed in, in a header that it signs anew for every request."""

import base64
import binascii
import hashlib
import hmac
import os
import re
import threading

from convrec.core.clock import Clock
from convrec.core.errors import ConvrecError, InputError, UserIdError
from convrec.core.ids import checked_id
from convrec.core.settings import Auth

LIFETIME_S = 60
"""Seconds that a signature holds, and that the two clocks may be apart."""
_FORM = re.compile(r"v1\.(\d{1,12})\.([A-Za-z0-9_-]{16,64})\.([A-Za-z0-9_-]{1,400})\.([0-9a-f]{64})")


_SHORTEST_SECRET = 32


class UnprovenError(ConvrecError):
    """What should prove who somebody is does not."""


class Proxy:
    """Verifies `v1.TIME.NONCE.USER.SIGNATURE`: Unix seconds, 16 to 64 characters that are used once, the user id in base64url without
    padding, and the HMAC-SHA256 of all before the last dot, in hexadecimal digits.
    """

    def __init__(self, secret: str, clock: Clock) -> None:
        self._secret, self._clock = secret.encode(), clock
        self._used: dict[str, float] = {}
        self._guard = threading.Lock()

    def user_id(self, value: str) -> str:
        """Returns the user id that a header's value proves.

        Raises:
            UnprovenError: it is not of that form, signed otherwise, too old or too new, used before, or its user id is none.
        """
        found = _FORM.fullmatch(value)
        if found is None or not hmac.compare_digest(self._signature(value.rpartition(".")[0]), found[4]):
            raise UnprovenError("The proxy's signature is not right.")
        now = self._clock.now().timestamp()
        if abs(now - int(found[1])) > LIFETIME_S:
            raise UnprovenError("The proxy's signature is too old or too new.", "Check both clocks.")
        if not self._first(found[2], now):
            raise UnprovenError("The proxy's signature was used before.", "The proxy has to sign every request anew.")
        try:
            return checked_id(_decoded(found[3]))
        except (UserIdError, ValueError) as error:
            raise UnprovenError("The proxy's user id is none.") from error

    def signed(self, user_id: str, nonce: str) -> str:
        """Returns a header's value, as a proxy makes it."""
        user = base64.urlsafe_b64encode(user_id.encode()).decode().rstrip("=")
        said = f"v1.{int(self._clock.now().timestamp())}.{nonce}.{user}"
        return f"{said}.{self._signature(said)}"

    def _signature(self, said: str) -> str:
        return hmac.new(self._secret, said.encode(), hashlib.sha256).hexdigest()

    def _first(self, nonce: str, now: float) -> bool:
        with self._guard:
            if nonce in self._used:
                return False
            for old in [old for old, until in self._used.items() if until < now] if len(self._used) % 256 == 0 else ():
                del self._used[old]
            self._used[nonce] = now + 2 * LIFETIME_S
            return True


def secret_of_proxy(auth: Auth) -> str:
    """Returns what the proxy signs with, from the environment.

    Raises:
        InputError: it is not set, or short.
    """
    secret = os.environ.get(auth.proxy_secret_env, "")
    if len(secret) < _SHORTEST_SECRET:
        raise InputError(f"{auth.proxy_secret_env} has to hold {_SHORTEST_SECRET} characters or more.", "Make one with: openssl rand -hex 32.")  # fmt: skip
    return secret


def _decoded(part: str) -> str:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()
    except binascii.Error as error:
        raise ValueError("no base64") from error
