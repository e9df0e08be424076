"""Signing in at an OpenID Connect provider: the authorization code flow with PKCE, state and nonce."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from convrec.core.clock import Clock
from convrec.core.errors import ConvrecError, UserIdError
from convrec.core.ids import checked_id

_TIMEOUT_S = 10.0
_LEEWAY_S = 60
_FLOW_S = 600
_MOST_FLOWS = 10_000
_KEYS_S = 60  # a key that is not known is looked for that often
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_LONGEST_NAME = 100


class OidcError(ConvrecError):
    """Somebody could not be signed in at the provider."""


@dataclass(frozen=True)
class Subject:
    """Whom the provider vouches for."""

    user_id: str
    name: str


@dataclass(frozen=True)
class _Flow:
    state: str
    nonce: str
    verifier: str
    redirect_uri: str
    until: float


class Provider:
    """One provider. What is under way is kept in this process, by the hash of what the browser has, and is used once."""

    def __init__(self, issuer: str, client_id: str, secret: str | None, clock: Clock) -> None:
        self._issuer, self._client_id, self._secret, self._clock = issuer, client_id, secret, clock
        self._flows: dict[str, _Flow] = {}
        self._document: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._keys_since = 0.0

    @property
    def name(self) -> str:
        """Returns the provider's host."""
        return urlsplit(self._issuer).netloc

    async def begin(self, redirect_uri: str) -> tuple[str, str]:
        """Returns the address at the provider to go to, and a token for the browser to bring back.

        Raises:
            OidcError: the provider does not answer as one should.
        """
        token, now = secrets.token_urlsafe(32), self._clock.now().timestamp()
        flow = _Flow(
            secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48), redirect_uri, now + _FLOW_S
        )
        async with await self._client(redirect_uri) as client:
            address, _ = client.create_authorization_url(
                self._document["authorization_endpoint"], state=flow.state, nonce=flow.nonce, code_verifier=flow.verifier
            )  # fmt: skip
        for old in [old for old, one in self._flows.items() if one.until < now]:
            del self._flows[old]
        if len(self._flows) >= _MOST_FLOWS:
            del self._flows[next(iter(self._flows))]
        self._flows[_hashed(token)] = flow
        return str(address), token

    async def finish(self, token: str | None, answer: dict[str, str]) -> Subject:
        """Returns whom the provider vouches for in its answer. A flow ends with its first answer, whatever that is.

        Raises:
            OidcError: this browser began no such flow, or it is over; the provider refused, or what it says does not hold.
        """
        flow = self._flows.pop(_hashed(token or ""), None)
        if flow is None or flow.until < self._clock.now().timestamp() or not secrets.compare_digest(
            flow.state.encode(), answer.get("state", "").encode("utf-8", "surrogatepass")
        ):  # fmt: skip
            raise OidcError("This sign-in was not begun here, or it is over.", "Begin again.")
        if answer.get("iss", self._issuer) != self._issuer:
            raise OidcError("The answer is another provider's.", "Begin again.")
        if "code" not in answer:
            raise OidcError("The provider did not sign you in.", "Begin again.")
        return self._subject(await self._claims(flow, answer["code"]))

    async def _claims(self, flow: _Flow, code: str) -> dict[str, Any]:
        try:
            async with await self._client(flow.redirect_uri) as client:
                token = await client.fetch_token(
                    self._document["token_endpoint"], code=code, code_verifier=flow.verifier
                )
            found = await self._decoded(token["id_token"])
            expected = {
                "iss": {"essential": True, "value": self._issuer},
                "aud": {"essential": True, "value": self._client_id},
            }
            params = {"nonce": flow.nonce, "client_id": self._client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(found.claims, found.header, expected, params)
            claims.validate(int(self._clock.now().timestamp()), _LEEWAY_S)
        except (OAuthError, JoseError, httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            raise OidcError("What the provider says does not hold.", "Begin again.") from error
        return dict(claims)

    def _subject(self, claims: dict[str, Any]) -> Subject:
        issuer, sub = urlsplit(self._issuer), claims["sub"]
        try:
            user_id = checked_id(f"oidc:{issuer.netloc}{issuer.path.rstrip('/')}|{checked_id(sub)}")
        except (UserIdError, TypeError) as error:
            raise OidcError("The provider's id for you can't be used.", "Ask whoever runs it.") from error
        known = (claims.get(key) for key in ("name", "preferred_username", "email"))
        name = next((one for one in known if isinstance(one, str) and one.strip()), sub)
        return Subject(user_id, " ".join(name.split())[:_LONGEST_NAME])

    async def _client(self, redirect_uri: str) -> AsyncOAuth2Client:
        if not self._document:
            self._document = await self._discovered()
        methods = self._document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        return AsyncOAuth2Client(
            self._client_id, self._secret, token_endpoint_auth_method=basic if self._secret else "none", scope="openid profile",
            redirect_uri=redirect_uri, code_challenge_method="S256", timeout=_TIMEOUT_S,
        )  # fmt: skip

    async def _discovered(self) -> dict[str, Any]:
        document = await _fetched(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise OidcError("The provider calls itself something else.", "Check `oidc_issuer` in convrec.toml.")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            place = urlsplit(str(document.get(name, "")))
            if place.scheme != urlsplit(self._issuer).scheme or not place.netloc:
                raise OidcError(f"The provider's {name} is no address that can be trusted.", "Ask whoever runs it.")
        return document

    async def _decoded(self, id_token: str) -> Token:
        """Returns the token, its signature verified; where it is signed with a key that is not known, the keys are fetched anew."""
        now = self._clock.now().timestamp()
        if self._keys is not None:
            try:
                return jwt.decode(id_token, self._keys, algorithms=_ALGORITHMS)
            except InvalidKeyIdError:
                if now - self._keys_since < _KEYS_S:
                    raise
        keys = await _fetched(self._document["jwks_uri"])
        self._keys, self._keys_since = KeySet.import_key_set(keys), now  # type: ignore[arg-type]
        return jwt.decode(id_token, self._keys, algorithms=_ALGORITHMS)


async def _fetched(address: str) -> dict[str, Any]:
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT_S) as client:
            answer = await client.get(address)
            answer.raise_for_status()
            document = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise OidcError("The provider does not answer.", "Try again in a while.") from error
    if not isinstance(document, dict):
        raise OidcError("The provider does not answer as one should.", "Ask whoever runs it.")
    return document


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
