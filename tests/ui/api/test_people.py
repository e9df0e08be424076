"""Profiles, conversations, clicks and forgetting over HTTP."""

import pytest


def test_a_profile_is_seen_edited_and_taken_away(client):
    assert client.get("/v1/users/ana/profile").json() == {"user_id": "ana", "paused": False, "entries": []}
    added = client.patch(
        "/v1/users/ana/profile", json={"add": [{"facet": "genres", "value": "Western", "polarity": 1}]}
    )
    (entry,) = added.json()["entries"]
    changed = client.patch("/v1/users/ana/profile", json={"update": [{"id": entry["id"], "weight": 0.5}]})
    assert changed.json()["entries"][0]["weight"] == 0.5
    (kept,) = changed.json()["entries"]
    assert client.patch("/v1/users/ana/profile", json={"remove": [kept["id"]]}).json()["entries"] == []


def test_a_facet_that_is_unknown_is_refused(client):
    answer = client.patch("/v1/users/ana/profile", json={"add": [{"facet": "smell", "value": "x", "polarity": 1}]})
    assert answer.status_code == 422
    assert "smell" in answer.json()["detail"]


def test_a_click_counts(client, agent):
    item = agent.toolbox.catalogue.ids[0]
    assert client.post("/v1/feedback", json={"user_id": "ben", "item_id": item, "event": "like"}).status_code == 204
    assert client.get("/v1/users/ben/profile").json()["entries"][0]["item_id"] == item


@pytest.mark.parametrize(("item", "event", "status"), [("nosuch", "like", 404), (None, "lick", 422)])
def test_a_click_on_nothing_is_refused(client, agent, item, event, status):
    body = {"user_id": "ben", "item_id": item or agent.toolbox.catalogue.ids[0], "event": event}
    assert client.post("/v1/feedback", json=body).status_code == status


def test_conversations_are_listed_read_and_deleted(client):
    client.post("/v1/chat", json={"text": "a western", "user_id": "cleo", "thread_id": "a/b c"})
    (thread,) = client.get("/v1/users/cleo/threads").json()["threads"]
    assert (thread["thread_id"], thread["turns"]) == ("a/b c", 1)
    assert client.get("/v1/users/cleo/threads/a%2Fb%20c").json()["turns"][0]["text"] == "a western"
    assert client.delete("/v1/users/cleo/threads/a%2Fb%20c").json()["deleted"]["turns"] == 1
    assert client.get("/v1/users/cleo/threads/a%2Fb%20c").status_code == 404


def test_what_is_forgotten_is_gone_and_the_other_stays(client):
    for user in ("dora", "emil"):
        client.post("/v1/chat", json={"text": "I love westerns", "user_id": user})
    before = client.get("/v1/users/emil/export").content
    receipt = client.delete("/v1/users/dora").json()
    assert receipt["user_id"] == "dora"
    assert receipt["verified"] is True
    assert receipt["deleted"]["turns"] == 1
    assert client.get("/v1/users/dora/export").json()["threads"] == []
    assert client.get("/v1/users/emil/export").content == before
