"""Accounts made and opened with a password: slow to guess, and as slow for a name that nobody has."""

import threading
import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from convrec.agent.stores.accounts import Account, Accounts
from convrec.core.clock import Clock
from convrec.core.errors import InputError
from convrec.ui.auth.names import LONGEST, checked_name, checked_password, user_id_of

_AT_ONCE = 2  # each takes 64 MiB and some 50 ms


class Passwords:
    """The accounts of a state database with their passwords, of which only argon2id hashes are kept."""

    def __init__(self, accounts: Accounts, clock: Clock, hasher: PasswordHasher | None = None) -> None:
        self._accounts, self._clock = accounts, clock
        self._hasher = hasher or PasswordHasher()
        self._turn = threading.BoundedSemaphore(_AT_ONCE)

    def add(self, name: str, password: str) -> Account:
        """Makes an account.

        Raises:
            InputError: name or password can't be one, or there is an account of that name.
        """
        user_id, shown = user_id_of(name), checked_name(name)
        account = Account(user_id, shown, self._hash(checked_password(password)), self._clock.now().isoformat())
        self._accounts.add(account)
        return account

    def change(self, name: str, password: str) -> str:
        """Gives an account another password, and signs it out everywhere; returns the new hash.

        Raises:
            InputError: the password can't be one, or there is no such account.
        """
        user_id, hashed = user_id_of(name), self._hash(checked_password(password))
        if not self._accounts.set_password(user_id, hashed):
            raise _unknown(name)
        return hashed

    def remove(self, name: str) -> str:
        """Deletes an account and signs it out everywhere; returns its user id, of which all that is remembered stays.

        Raises:
            InputError: there is no such account.
        """
        user_id = user_id_of(name)
        if not self._accounts.remove(user_id):
            raise _unknown(name)
        return user_id

    def opened(self, name: str, password: str) -> Account | None:
        """Returns the account that name and password open; it takes as long where there is none."""
        try:
            account = self._accounts.find(user_id_of(name))
        except InputError:
            account = None
        fits = self._fits(account.password if account else self._nobodys, password[: LONGEST + 1])
        return account if fits else None

    @cached_property
    def _nobodys(self) -> str:
        return self._hash("nobody has this password")

    def _hash(self, password: str) -> str:
        with self._turn:
            return self._hasher.hash(_normal(password))

    def _fits(self, hashed: str, password: str) -> bool:
        with self._turn:
            try:
                return self._hasher.verify(hashed, _normal(password))
            except (VerificationError, InvalidHashError):
                return False


def _normal(password: str) -> bytes:
    """Returns a password as it is hashed: the same however a keyboard composes its letters."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _unknown(name: str) -> InputError:
    return InputError(f"There is no account {name!r}.", "`convrec account list` shows those there are.")
