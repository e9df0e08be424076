"""The keys that programs show, and whom each may speak for."""

import hashlib
import hmac
import ipaddress
import json
import os
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, model_validator

from convrec.core.errors import ConvrecError, InputError
from convrec.core.ids import checked_id

VARIABLE = "CONVREC_API_KEYS"
_SHORTEST = 8


class ForbiddenError(ConvrecError):
    """Somebody asks for what their key does not open."""


class Caller(BaseModel):
    """Who asks: one `user`, a `tenant` that speaks for its own users (`tenant/…`), or an administrator. `name` tells callers apart and is no key.

    `by_token` marks a page in a person's browser, which may do only what a token opens.
    """

    model_config = ConfigDict(frozen=True)

    user: str | None = None
    tenant: str | None = None
    admin: bool = False
    by_token: bool = False
    name: str = "local"

    def may(self, user_id: str) -> bool:
        """Tells whether the caller may speak for a user."""
        own = self.user is not None and user_id == self.user
        return self.admin or own or (self.tenant is not None and user_id.startswith(f"{self.tenant}/"))

    def user_id(self, given: str | None) -> str:
        """Returns the user whom a request is about: the one given, else the key's own; `guest` where anybody may be meant.

        Raises:
            UserIdError: the id given is none. ForbiddenError: the caller may not speak for that user. InputError: a tenant names nobody.
        """
        if given is None:
            if self.user is None and self.tenant is not None:
                raise InputError("This key speaks for many users.", f'Name one: "user_id": "{self.tenant}/…".')
            return self.user or "guest"
        user_id = checked_id(given)
        if not self.may(user_id):
            whom = f"users {self.tenant}/…" if self.tenant is not None else "its own user"
            raise ForbiddenError("That is another's user.", f"This key speaks for {whom} only.")
        return user_id

    @property
    def keeps_shop(self) -> bool:
        """Tells whether the caller may change the catalogue."""
        return self.admin or self.tenant is not None


LOCAL = Caller(admin=True)
"""Whoever asks where no keys are set: somebody on this machine."""


class _Key(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    user: str | None = None
    tenant: str | None = None
    admin: bool = False

    @model_validator(mode="after")
    def _one_bearer(self) -> "_Key":
        if sum((self.user is not None, self.tenant is not None, self.admin)) != 1:
            raise ValueError("a key has one of user, tenant and admin")
        if len(self.key) < _SHORTEST:
            raise ValueError(f"a key has {_SHORTEST} characters or more")
        if self.tenant is not None and "/" in self.tenant:
            raise ValueError("a tenant's name has no slash")
        for bearer in (self.user, self.tenant):
            if bearer is not None:
                checked_id(bearer)
        return self


class Keys:
    """All keys of a server, kept by their hashes."""

    def __init__(self, keys: Mapping[bytes, Caller]) -> None:
        self._callers = dict(keys)

    def __bool__(self) -> bool:
        return bool(self._callers)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Keys":
        """Returns the keys of `CONVREC_API_KEYS`: `[{"key", "user"}, {"key", "tenant"}, {"key", "admin": true}]`.

        Raises:
            InputError: it is set and is not such a list. The message repeats nothing of it.
        """
        written = environment.get(VARIABLE, "").strip()
        if not written:
            return cls({})
        try:
            found = TypeAdapter(list[_Key]).validate_python(json.loads(written))
        except ValidationError as error:
            raise InputError(f"{VARIABLE}: {_without_values(error)}.", _EXAMPLE) from None
        except (ValueError, ConvrecError):
            raise InputError(f"{VARIABLE} is not a JSON list of keys.", _EXAMPLE) from None
        if len({one.key for one in found}) < len(found):
            raise InputError(f"{VARIABLE} holds the same key twice.", "Give each caller its own.")
        return cls({_hash(one.key): _caller(one) for one in found})

    def caller(self, token: str) -> Caller | None:
        """Returns whose key it is, None for nobody's. Every key is compared, in constant time."""
        told, found = _hash(token), None
        for known, caller in self._callers.items():
            if hmac.compare_digest(known, told):
                found = caller
        return found


_EXAMPLE = 'Write it as [{"key": "…", "user": "ana"}, {"key": "…", "tenant": "shop"}, {"key": "…", "admin": true}].'


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def _caller(key: _Key) -> Caller:
    name = hashlib.sha256(b"name of " + _hash(key.key)).hexdigest()[:12]
    return Caller(user=checked_id(key.user) if key.user else None, tenant=key.tenant, admin=key.admin, name=name)


def _without_values(error: ValidationError) -> str:
    first: Any = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg'].removeprefix('Value error, ')}"


def check_reachable(host: str, keys: Keys, protection: str = "set CONVREC_API_KEYS") -> None:
    """Refuses to be reachable from other machines where nobody has to show a key.

    Raises:
        InputError: the host is no loopback address, and there are no keys.
    """
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local and not keys:
        raise InputError(
            f"{host} can be reached from other machines, and no keys are set.",
            f"Use --host 127.0.0.1, or {protection}.",
        )
