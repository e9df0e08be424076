"""A shop that changes its catalogue while people talk."""

import json

import httpx
import pytest

from convrec.agent.agent import Agent
from tests.ui.api.conftest import KEYS
from tests.ui.api.served import serving


@pytest.fixture
def shop(films):
    """A client with an administrator's key, over a workspace of its own."""
    headers = {"Authorization": "Bearer key-of-admin"}
    with (
        Agent.open(films) as agent,
        serving(agent, json.dumps(KEYS)) as url,
        httpx.Client(base_url=url, timeout=30, headers=headers) as client,
    ):
        yield client


def ask(client, text: str) -> dict:
    return client.post("/v1/chat", json={"text": text, "user_id": "ana", "thread_id": text}).json()


def test_an_item_that_is_put_is_found_by_the_next_request(shop):
    item = {"id": "new-1", "title": "The Copper Lighthouse", "year": 2024, "genres": ["Western"]}
    assert shop.put("/v1/items", json={"items": [item]}).json()["written"] == 1
    assert shop.get("/v1/items/new-1").json()["title"] == "The Copper Lighthouse"
    assert shop.post("/v1/search", json={"query": "The Copper Lighthouse"}).json()["items"][0]["id"] == "new-1"
    assert "The Copper Lighthouse" in ask(shop, "have you got The Copper Lighthouse?")["text"]


def test_a_change_holds_in_the_next_slate(shop):
    before = ask(shop, "a western")["items"][0]["id"]
    assert shop.patch("/v1/items", json=[{"id": before, "genres": ["Musical"]}]).json()["written"] == 1
    assert before not in [item["id"] for item in ask(shop, "a western, please")["items"]]


def test_an_item_that_is_deleted_is_never_shown_again(shop):
    gone = ask(shop, "a western")["items"][0]["id"]
    assert shop.request("DELETE", "/v1/items", json={"ids": [gone]}).json()["written"] == 1
    assert shop.get(f"/v1/items/{gone}").status_code == 404
    assert gone not in [item["id"] for item in ask(shop, "western films")["items"]]


def test_a_bad_row_is_an_error_of_its_own(shop):
    rows = [
        {"id": "ok-1", "title": "Fine"},
        {"title": "no id"},
        {"id": "bad-2", "title": "Odd", "yaer": 1990},
        {"id": "bad-3", "title": "Odd", "year": "soon"},
    ]
    found = shop.put("/v1/items", json=rows).json()
    assert found["written"] == 1
    assert [error["row"] for error in found["errors"]] == [1, 2, 3]
    assert "year" in found["errors"][1]["error"]


def test_events_are_taken_in(shop):
    item = ask(shop, "a western")["items"][0]["id"]
    rows = [{"user_id": "zed", "item_id": item, "event": "purchase"}, {"user_id": "zed", "item_id": "nosuch"}]
    found = shop.post("/v1/interactions", json={"interactions": rows}).json()
    assert (found["written"], [error["row"] for error in found["errors"]]) == (1, [1])


@pytest.mark.parametrize("key", ["key-of-ana", "key-of-bob"])
def test_a_persons_key_changes_nothing(shop, key):
    own = {"Authorization": f"Bearer {key}"}
    for method, route in (("PUT", "items"), ("PATCH", "items"), ("DELETE", "items"), ("POST", "interactions")):
        assert shop.request(method, f"/v1/{route}", json=[], headers=own).status_code == 403


def test_more_rows_than_a_call_may_bring_are_refused(shop):
    assert shop.put("/v1/items", json=[{"id": "x"}] * 10_001).status_code == 422


def test_every_turn_runs_on_one_version(shop):
    for n in range(3):
        shop.put("/v1/items", json=[{"id": f"v{n}", "title": f"Version {n}"}])
        written = shop.put("/v1/items", json=[]).json()["version"]
        assert ask(shop, f"a drama {n}")["versions"]["catalogue"] == str(written)
