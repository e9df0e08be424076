"""Short-lived signed tokens: by one, a page in a browser speaks for one person, and no key leaves the host's back end."""

import hashlib
import re
from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import OctKey
from pydantic import BaseModel, ConfigDict, Field

from convrec.core.clock import Clock
from convrec.core.errors import ConvrecError, InputError
from convrec.core.ids import checked_id
from convrec.core.text import Text
from convrec.ui.api.service import CallerOf, ServiceOf, problems
from convrec.ui.keys import Caller, ForbiddenError

router = APIRouter(tags=["widget"])
USUAL_S, LONGEST_S = 900, 3600
_SHORTEST_SECRET = 32
_ALGORITHM, _ISSUER, _AUDIENCE = "HS256", "convrec", "convrec:person"
_SHAPE = re.compile(r"[\w-]+\.[\w-]+\.[\w-]*")
_OPEN = (
    ("POST", re.compile(r"/v1/(chat|feedback)")), ("GET", re.compile("/v1/widget")), ("GET|PATCH", re.compile(r"/v1/users/.+/profile")),
    ("GET", re.compile(r"/v1/users/.+/threads/[^/]+")),
)  # fmt: skip


class TokenError(ConvrecError):
    """A token is not one of this server's, or no longer."""


class Tokens:
    """Issues tokens and reads them. Whoever has the secret can do both."""

    def __init__(self, secret: str, clock: Clock) -> None:
        if len(secret) < _SHORTEST_SECRET:
            raise InputError(
                f"CONVREC_SECRET is shorter than {_SHORTEST_SECRET} characters.", "Make one with: openssl rand -hex 32."
            )
        self._key, self._clock = OctKey.import_key(secret), clock

    def issue(self, user_id: str, ttl_s: int) -> str:
        """Returns a token by which its holder speaks for that user, for `ttl_s` seconds."""
        now = self._clock.now()
        claims = {
            "iss": _ISSUER, "aud": _AUDIENCE, "sub": user_id, "iat": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=ttl_s)).timestamp()),
        }  # fmt: skip
        return jwt.encode({"alg": _ALGORITHM}, claims, self._key)

    def caller(self, token: str) -> Caller | None:
        """Returns whom a token speaks for; None for what does not have a token's shape.

        Raises:
            TokenError: it is expired, or not one of this server's.
        """
        if not _SHAPE.fullmatch(token):
            return None
        rules: dict[str, Any] = {
            "iss": {"essential": True, "value": _ISSUER}, "aud": {"essential": True, "value": _AUDIENCE},
            "sub": {"essential": True}, "iat": {"essential": True}, "exp": {"essential": True},
        }  # fmt: skip
        try:
            claims = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
            jwt.JWTClaimsRegistry(now=int(self._clock.now().timestamp()), **rules).validate(claims)
            user_id = checked_id(claims["sub"])
        except ExpiredTokenError as error:
            raise TokenError("The token has expired.", "Ask for a new one.") from error
        except (JoseError, ConvrecError, ValueError) as error:
            raise TokenError("The token is not one of this server's.", "Ask for a new one.") from error
        if claims["exp"] - claims["iat"] > LONGEST_S:
            raise TokenError("The token is made for too long.", f"A token lasts {LONGEST_S} seconds at most.")
        name = hashlib.sha256(b"name of a person " + user_id.encode()).hexdigest()[:12]
        return Caller(user=user_id, by_token=True, name=name)


def open_to_tokens(method: str, path: str) -> bool:
    """Tells whether a route is one that a token opens: to chat, to click, to see and change one's own profile and read one's own conversation."""
    return any(method in methods.split("|") and pattern.fullmatch(path) for methods, pattern in _OPEN)


class TokenBody(BaseModel):
    """For whom, and for how many seconds."""

    model_config = ConfigDict(
        frozen=True, strict=True, json_schema_extra={"examples": [{"user_id": "shop/ana", "ttl_s": USUAL_S}]}
    )

    user_id: Text
    ttl_s: int = Field(USUAL_S, ge=1, le=LONGEST_S)


@router.post("/v1/tokens", status_code=201, responses=problems())
async def tokens(body: TokenBody, service: ServiceOf, caller: CallerOf) -> dict[str, Any]:
    """Issues a token by which a page speaks for one user. It takes a tenant's or an administrator's key, kept in the host's back end."""
    if not caller.keeps_shop:
        raise ForbiddenError("This key may not issue tokens.", "It takes one of a tenant or an administrator.")
    user_id = caller.user_id(body.user_id)
    return {
        "token": service.tokens.issue(user_id, body.ttl_s),
        "token_type": "Bearer",
        "user_id": user_id,
        "expires_in": body.ttl_s,
    }
