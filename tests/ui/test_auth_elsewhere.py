"""People whom others vouch for: an OpenID Connect provider, run here, and a proxy that signs."""

import base64
import hmac
import json
import re
import shutil
import tomllib
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from convrec.agent.agent import Agent
from convrec.core.errors import InputError
from convrec.core.settings import Auth
from convrec.ui.auth import oidc
from convrec.ui.auth.proxy import Proxy, UnprovenError
from tests.ui.auth_site import Clock, Provider, serving, site_of
from tests.ui.test_auth import a_guest_who_talked, forms, shown, user_of

PROXY_SECRET = "what the proxy signs with, long enough"
NONCE = "0123456789abcdef"


@pytest.fixture(scope="module")
def agent(fitted_films, tmp_path_factory):
    with Agent.open(Path(shutil.copytree(fitted_films, tmp_path_factory.mktemp("elsewhere") / "films"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def clock():
    return Clock()


@pytest.fixture(scope="module")
def stack():
    with ExitStack() as opened, pytest.MonkeyPatch.context() as patch:
        for name, value in {"CONVREC_PROXY_SECRET": PROXY_SECRET, "CONVREC_OIDC_SECRET": "the client's secret"}.items():  # fmt: skip
            patch.setenv(name, value)
        yield opened


@pytest.fixture(scope="module")
def provider(stack):
    made = Provider()
    made.issuer = stack.enter_context(serving(made.app))
    return made


@pytest.fixture(scope="module")
def url(agent, clock, provider, stack):
    return stack.enter_context(
        serving(site_of(agent, clock, oidc_issuer=provider.issuer, oidc_client_id=provider.client_id, proxy_header="X-Convrec-User"))
    )  # fmt: skip


@pytest.fixture(autouse=True)
def honest(provider, monkeypatch):
    monkeypatch.setattr(provider, "claims", {"sub": "248289761001", "name": "Ana Example"})
    monkeypatch.setattr(provider, "forge", lambda claims: claims)
    monkeypatch.setattr(provider, "key", provider.key)
    monkeypatch.setattr(oidc, "_KEYS_S", 0)
    from convrec.ui.auth.guessing import Guessing

    monkeypatch.setattr(Guessing, "wait_at", lambda *_: 0)


@pytest.fixture
def visit(url):
    opened = []

    def browser():
        opened.append(httpx.Client(base_url=url, timeout=30))
        return opened[-1]

    yield browser
    for one in opened:
        one.close()


def sent_on(client):
    """Goes to the provider, and returns the address that it sends the browser back to."""
    there = client.get("/sign-in/oidc").headers["location"]
    return httpx.get(there).headers["location"]


def _base64(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed_in(client):
    return client.get(sent_on(client))


# The provider


def test_whoever_the_provider_vouches_for_is_in(visit, provider):
    client = visit()
    answer = signed_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert user_of(client) == f"oidc:{urlsplit(provider.issuer).netloc}|248289761001"
    asked = provider.asked[-1]
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == (
        "code",
        "S256",
        "openid profile",
    )
    assert {len(asked[name]) >= 43 for name in ("state", "nonce", "code_challenge")} == {True}
    assert asked["redirect_uri"] == f"{client.base_url}/sign-in/oidc/callback"


def test_a_guest_is_asked_there_too(agent, visit, provider, monkeypatch):
    client, guest = a_guest_who_talked(agent, visit)
    monkeypatch.setitem(provider.claims, "sub", "merging")
    assert signed_in(client).headers["location"] == "/sign-in/guest"
    assert "Ana Example" in client.get("/sign-in/guest").text
    forms(client, "/sign-in/guest", mine="yes")
    assert (len(agent.threads(user_of(client))), agent.threads(guest)) == (1, [])


def test_a_name_is_never_markup(visit, provider, monkeypatch, agent):
    client, _ = a_guest_who_talked(agent, visit)
    monkeypatch.setitem(provider.claims, "name", "<script>alert(1)</script><img src=x onerror=alert(2)>")
    signed_in(client)
    text = client.get("/sign-in/guest").text
    assert "&lt;script&gt;alert(1)" in text
    assert not re.search(r"<(script|img)", text)
    from tests.ui.auth_site import heard

    (bar,) = heard(client, "bar")["data"]
    assert "&lt;script&gt;alert(1)" in bar
    assert not re.search(r"<(script|img)", bar)


def test_an_answer_is_used_once(visit):
    client = visit()
    back = sent_on(client)
    assert client.get(back).status_code == 303
    forms(client, "/sign-out")
    assert client.get(back).status_code == 401
    assert "convrec-session" not in client.cookies


def test_an_answer_is_the_browsers_own_that_asked(visit):
    """Else whoever is signed in at the provider could sign others in as themselves."""
    attacker, victim = visit(), visit()
    assert victim.get(sent_on(attacker)).status_code == 401
    back = sent_on(attacker)
    victim.get("/sign-in/oidc")
    assert victim.get(back).status_code == 401
    assert "convrec-session" not in victim.cookies


@pytest.mark.parametrize("change", [{"state": "another"}, {"state": ""}, {"code": "another"}, {"code": ""}, {"iss": "https://evil.example"}])  # fmt: skip
def test_a_changed_answer_is_refused_and_ends_the_flow(visit, change):
    client = visit()
    back = urlsplit(sent_on(client))
    given = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert client.get(back.path, params=given | change).status_code == 401
    assert client.get(back.path, params=given).status_code == 401


def test_a_flow_is_over_after_ten_minutes(visit, clock, monkeypatch):
    client = visit()
    back = sent_on(client)
    monkeypatch.setattr(clock, "offset", timedelta(minutes=10, seconds=1))
    assert client.get(back).status_code == 401


@pytest.mark.parametrize(
    "claims", [{"iss": "https://evil.example"}, {"aud": "another client"}, {"aud": ["another"]}, {"nonce": "another"}, {"nonce": None}, {"exp": 1}, {"exp": None},
               {"sub": None}, {"sub": ""}, {"sub": "a\x00b"}, {"sub": " a"}, {"sub": 5}, {"sub": "x" * 300}, {"iat": 9_999_999_999}, {"azp": "another client"}]
)  # fmt: skip
def test_a_token_that_says_something_else_is_refused(visit, provider, monkeypatch, claims):
    def forged(honest):
        return {name: value for name, value in (honest | claims).items() if value is not None}

    monkeypatch.setattr(provider, "forge", forged)
    client = visit()
    assert signed_in(client).status_code == 401
    assert "convrec-session" not in client.cookies


def test_a_token_signed_by_another_is_refused(visit, provider, monkeypatch):
    monkeypatch.setattr(provider, "key", RSAKey.generate_key(2048, {"kid": "k1", "alg": "RS256"}))
    assert signed_in(visit()).status_code == 401
    monkeypatch.setattr(provider, "key", RSAKey.generate_key(2048, {"kid": "k9", "alg": "RS256"}))
    assert signed_in(visit()).status_code == 401


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_is_not_signed_by_a_key_of_a_pair_is_refused(visit, provider, monkeypatch, algorithm):
    """`none`, or the public key used as a password."""

    def encode(header, claims, key):
        said = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": "k1"}, claims))
        password = provider.known[0].as_pem(private=False)
        signature = hmac.digest(password, said.encode(), "sha256") if algorithm == "HS256" else b""
        return f"{said}.{_base64(signature)}"

    monkeypatch.setattr(jwt, "encode", encode)
    assert signed_in(visit()).status_code == 401


def test_a_key_that_the_provider_has_since_is_fetched(visit, provider, monkeypatch):
    assert signed_in(visit()).status_code == 303
    new = RSAKey.generate_key(2048, {"kid": "k2", "alg": "RS256", "use": "sig"})
    monkeypatch.setattr(provider, "key", new)
    monkeypatch.setattr(provider, "known", [*provider.known, new])
    assert signed_in(visit()).status_code == 303


def test_a_provider_that_is_away_is_said(agent):
    with serving(site_of(agent, oidc_issuer="http://127.0.0.1:9", oidc_client_id="x")) as address, httpx.Client(base_url=address, timeout=30) as client:  # fmt: skip
        answer = client.get("/sign-in/oidc")
        assert answer.status_code == 503
        assert "does not answer" in answer.text
        assert client.get("/sign-in/oidc/callback?code=x&state=y").status_code == 401


def test_a_provider_that_calls_itself_otherwise_is_not_believed(agent, provider):
    with serving(site_of(agent, oidc_issuer=f"{provider.issuer}/", oidc_client_id="x")) as address:
        assert httpx.get(f"{address}/sign-in/oidc").status_code == 503


# The proxy


@pytest.fixture
def proxy(clock):
    return Proxy(PROXY_SECRET, clock)


def test_whoever_the_proxy_vouches_for_is_in(visit, clock, proxy):
    client = visit()
    nonces = iter(f"nonce-of-sixteen-{n}" for n in range(9))
    client.event_hooks = {"request": [lambda request: request.headers.update({"X-Convrec-User": proxy.signed("ana/ü", next(nonces))})]}  # fmt: skip
    assert client.get("/").status_code == 200
    assert user_of(client) == "ana/ü"


def test_what_a_proxy_did_not_sign_is_nobody_not_even_a_guest(visit, clock, proxy):
    client = visit()
    client.get("/")
    honest = proxy.signed("ana", NONCE)
    v, at, nonce, _, signature = honest.split(".")
    ben = _base64(b"ben")
    forged = [
        "", "ana", honest[:-1], honest[:-1] + ("0" if honest[-1] != "0" else "1"), f"{v}.{at}.{nonce}.{ben}.{signature}", f"{v}.{int(at) + 1}.{nonce}.{ben}.{signature}",
        Proxy("another secret, as long as the other", clock).signed("ana", NONCE), honest + "0", honest.upper(),
    ]  # fmt: skip
    for value in forged:
        for path in ("/", "/config"):
            assert client.get(path, headers={"X-Convrec-User": value}).status_code == 401, value
    assert client.get("/config").status_code == 200


def test_a_signature_holds_a_minute_and_once(visit, clock, proxy, monkeypatch):
    client = visit()
    first = {"X-Convrec-User": proxy.signed("ana", "first-nonce-of-many")}
    assert client.get("/config", headers=first).status_code == 200
    assert client.get("/config", headers=first).status_code == 401
    late = {"X-Convrec-User": proxy.signed("ana", "late-nonce-of-many-")}
    monkeypatch.setattr(clock, "offset", timedelta(seconds=62))
    assert client.get("/config", headers=late).status_code == 401
    early = {"X-Convrec-User": proxy.signed("ana", "early-nonce-of-many")}
    monkeypatch.setattr(clock, "offset", timedelta(0))
    assert client.get("/config", headers=early).status_code == 401


@pytest.mark.parametrize("user_id", ["", " ana", "a\x00b", "a\nb", "x" * 257])
def test_an_id_that_is_none_is_refused_even_when_it_is_signed(proxy, user_id):
    with pytest.raises(UnprovenError):
        proxy.user_id(proxy.signed(user_id, NONCE))


def test_used_signatures_are_forgotten_when_they_hold_no_more(clock, proxy, monkeypatch):
    for n in range(256):
        proxy.user_id(proxy.signed("ana", f"nonce-of-sixteen-{n}"))
    monkeypatch.setattr(clock, "offset", timedelta(minutes=5))
    proxy.user_id(proxy.signed("ana", NONCE))
    assert len(proxy._used) == 1


def test_a_proxys_secret_has_to_be_there(agent, monkeypatch):
    monkeypatch.setenv("CONVREC_PROXY_SECRET", "")
    with pytest.raises(InputError, match="CONVREC_PROXY_SECRET"):
        site_of(agent, proxy_header="X-Convrec-User")


def test_the_proxys_people_have_no_sign_out(visit, proxy):
    client = visit()
    client.get("/")
    assert shown(client)  # a guest still, where the proxy says nothing


def test_the_documentation_signs_and_sets_as_it_should(proxy, clock, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "signing-in.md").read_text(encoding="utf-8")
    written: dict = {}
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], written)
    assert proxy.user_id(written["convrec_user"]("ana/ü")) == "ana/ü"
    document = tomllib.loads(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1])
    assert set(document["auth"]) | {"oidc_client_secret_env", "proxy_secret_env"} == set(Auth.model_fields)
    Auth.model_validate(document["auth"])
