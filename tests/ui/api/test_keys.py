"""Who may ask for what."""

import httpx
import pytest

from convrec.core.errors import InputError
from convrec.core.settings import Server
from convrec.ui.keys import Keys
from tests.ui.api.served import serving

TURN = {"text": "a western"}


@pytest.mark.parametrize("key", [None, "wrong", "key-of-an", "key-of-anaa", "Key-of-ana", "ключ"])
@pytest.mark.parametrize("route", ["/v1/models", "/v1/users/ana/profile", "/v1/nothing", "/v1/chat/../models"])
def test_no_key_no_answer(keyed, key, route):
    headers = {"Authorization": f"Bearer {key}".encode()} if key is not None else {}
    answer = httpx.get(keyed + route, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("route", ["/healthz", "/readyz"])
def test_health_needs_no_key(keyed, route):
    assert httpx.get(keyed + route).status_code == 200


def test_a_body_is_not_read_of_who_has_no_key(keyed):
    assert httpx.post(f"{keyed}/v1/chat", content=b"\xff{").status_code == 401


def test_a_users_key_speaks_for_that_user_alone(as_caller):
    ana = as_caller("key-of-ana")
    assert ana.post("/v1/chat", json=TURN).json()["user_id"] == "ana"
    assert ana.post("/v1/chat", json=TURN | {"user_id": "ana"}).status_code == 200
    for user_id in ("bob", "Ana", "shop/ana"):
        assert ana.post("/v1/chat", json=TURN | {"user_id": user_id}).status_code == 403
    assert ana.get("/v1/users/bob/export").status_code == 403
    assert ana.delete("/v1/users/bob").status_code == 403
    assert ana.get("/v1/users/bob/threads/main").status_code == 403


def test_anothers_thread_is_another_thread(as_caller):
    as_caller("key-of-ana").post("/v1/chat", json=TURN | {"text": "my secret is a tortoise", "thread_id": "mine"})
    bob = as_caller("key-of-bob")
    assert bob.get("/v1/users/bob/threads/mine").status_code == 404
    answer = bob.post("/v1/chat", json={"text": "what is my secret?", "thread_id": "mine"})
    assert answer.json()["turn"] == 1
    assert "tortoise" not in answer.text


def test_a_tenants_key_speaks_for_its_users(as_caller):
    shop = as_caller("key-of-shop")
    assert shop.post("/v1/chat", json=TURN | {"user_id": "shop/ana"}).json()["user_id"] == "shop/ana"
    assert shop.get("/v1/users/shop%2Fana/profile").status_code == 200
    for user_id in ("ana", "shopping/ana", "other/ana", "shop"):
        assert shop.post("/v1/chat", json=TURN | {"user_id": user_id}).status_code == 403
    assert shop.post("/v1/chat", json=TURN).status_code == 422


def test_an_administrators_key_speaks_for_everybody(as_caller):
    admin = as_caller("key-of-admin")
    assert admin.get("/v1/users/bob/profile").status_code == 200
    assert admin.post("/v1/chat", json=TURN | {"user_id": "anyone"}).status_code == 200


def test_the_openai_route_takes_the_user_from_the_key(as_caller):
    body = {"model": "convrec", "messages": [{"role": "user", "content": "a western"}]}
    ana = as_caller("key-of-ana")
    assert ana.post("/v1/chat/completions", json=body).json()["convrec"]["user_id"] == "ana"
    assert ana.post("/v1/chat/completions", json=body | {"user": "bob"}).status_code == 403


def test_a_key_has_a_rate(agent):
    keys = '[{"key": "key-of-ana", "user": "ana"}, {"key": "key-of-bob", "user": "bob"}]'
    with serving(agent, keys, Server(requests_per_minute=3)) as url:
        ana, bob = ({"Authorization": f"Bearer key-of-{who}"} for who in ("ana", "bob"))
        assert [httpx.get(f"{url}/v1/models", headers=ana).status_code for _ in range(3)] == [200] * 3
        refused = httpx.get(f"{url}/v1/models", headers=ana)
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert httpx.get(f"{url}/v1/models", headers=bob).status_code == 200


@pytest.mark.parametrize(
    "written",
    ["{}", "nonsense", '["abc"]', '[{"key": "long-enough"}]', '[{"key": "long-enough", "user": "a", "admin": true}]', '[{"key": "short", "user": "a"}]',
     '[{"key": "long-enough", "tenant": "a/b"}]', '[{"key": "long-enough", "user": " "}]', '[{"key": "same-as-that", "user": "a"}, {"key": "same-as-that", "user": "b"}]'],
)  # fmt: skip
def test_keys_that_are_written_wrongly_are_refused_and_not_repeated(written):
    with pytest.raises(InputError, match="CONVREC_API_KEYS") as refused:
        Keys.from_environment({"CONVREC_API_KEYS": written})
    assert "long-enough" not in str(refused.value)
    assert "same-as-that" not in str(refused.value)
