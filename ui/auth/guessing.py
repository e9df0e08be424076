"""How often somebody may try."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

_MINUTES = 10
_OF_AN_ACCOUNT = RateLimitItemPerMinute(10, _MINUTES)
_FROM_AN_ADDRESS = RateLimitItemPerMinute(60, _MINUTES)


class Guessing:
    """Counts tries: ten in ten minutes for one account, wherever they come from, sixty from one address, whomever they are for."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def wait_s(self, account: str, address: str) -> int:
        """Counts a try and returns 0, or the seconds to wait where it is one too many."""
        for limit, whose in ((_FROM_AN_ADDRESS, f"address {address}"), (_OF_AN_ACCOUNT, f"account {account}")):
            if not self._limiter.hit(limit, whose):
                return max(1, math.ceil(self._limiter.get_window_stats(limit, whose).reset_time - time.time()))
        return 0

    def wait_at(self, address: str) -> int:
        """Counts a try that is for no account yet, as `wait_s` does."""
        if self._limiter.hit(_FROM_AN_ADDRESS, f"address {address}"):
            return 0
        return max(1, math.ceil(self._limiter.get_window_stats(_FROM_AN_ADDRESS, f"address {address}").reset_time - time.time()))  # fmt: skip

    def succeeded(self, account: str) -> None:
        """Forgets the tries for an account: its owner is in."""
        self._limiter.clear(_OF_AN_ACCOUNT, f"account {account}")
