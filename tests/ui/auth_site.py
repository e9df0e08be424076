"""The chat page with its doors on a real socket, an OpenID Connect provider beside it, and what tests say to both."""

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode

import uvicorn
from argon2 import PasswordHasher
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from convrec.core.settings import Auth
from convrec.ui.auth.passwords import Passwords
from convrec.ui.auth.site import create_site
from convrec.ui.listening import address_of, listening

SECRET = "a secret of thirty-two characters or more"
PASSWORD = "correct horse battery"
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self):
        self.offset = timedelta(0)

    def now(self):
        return datetime.now(UTC) + self.offset


def site_of(agent, clock=None, **auth):
    """Returns the site of an agent under settings of its own, with hashes that take no time."""
    clock = clock or Clock()
    settings = agent.workspace.settings.model_copy(update={"auth": Auth(**auth)})
    return create_site(agent, settings, secret=SECRET, clock=clock, passwords=Passwords(agent.accounts, clock, QUICK))


@contextmanager
def serving(app):
    """Gives the address of an ASGI app, which answers already."""
    bound = listening("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    end = time.monotonic() + 30
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


class Provider:
    """A small OpenID Connect provider: discovery, keys, an authorization endpoint that asks nothing, tokens for codes used once.

    `claims` and `forge` are what a test changes of the next id token.
    """

    def __init__(self):
        self.issuer, self.client_id, self.secret = "", "convrec-test", "the client's secret"
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256", "use": "sig"})
        self.known = [self.key]
        self.claims, self.forge = {"sub": "248289761001", "name": "Ana Example"}, lambda claims: claims
        self.codes, self.asked = {}, []
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery), Route("/jwks", self._jwks), Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
            ]
        )  # fmt: skip

    async def _discovery(self, request):
        return JSONResponse(
            {
                "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize", "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks", "response_types_supported": ["code"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )  # fmt: skip

    async def _jwks(self, request):
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.known]})

    async def _authorize(self, request):
        asked = dict(request.query_params)
        self.asked.append(asked)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 303)

    async def _token(self, request):
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        basic = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        asked = self.codes.pop(form.get("code"), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")  # fmt: skip
        proven = asked and asked["code_challenge"] == challenge and asked["redirect_uri"] == form.get("redirect_uri")
        if not proven or request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": self.client_id, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims}  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": self.key.kid}, self.forge(claims), self.key)
        return JSONResponse({"access_token": "t", "token_type": "Bearer", "expires_in": 300, "id_token": token})


def forms(client, path, **fields):
    """Sends a form as a page of the server's own does."""
    headers = {"Origin": str(client.base_url).rstrip("/")}
    return client.post(path, data=fields, headers=headers)


def heard(client, name, data=(), session="s1"):
    """Sends one of the page's own events as its script does, and returns what comes back of it, or the status that refuses it.

    `name` is a handler's; events of the page have no other names.
    """
    config = client.get("/config")
    if config.status_code != 200:
        return config
    number = next(one["id"] for one in config.json()["dependencies"] if one["api_name"] == name)
    body = {"data": list(data), "fn_index": number, "session_hash": session, "event_data": None}
    joined = client.post("/gradio_api/queue/join", json=body, headers={"Origin": str(client.base_url).rstrip("/")})
    if joined.status_code != 200:
        return joined
    with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": session}) as stream:
        for line in stream.iter_lines():
            said = json.loads(line.removeprefix("data: ")) if line.startswith("data: ") else {}
            if said.get("msg") == "process_completed":
                return said["output"]
    raise AssertionError("nothing came back")
