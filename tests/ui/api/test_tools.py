"""The tools over HTTP."""

import pytest


def test_recommendations_are_those_of_the_agent(client, agent):
    body = {"messages": [{"role": "user", "content": "a western"}], "k": 3}
    found = client.post("/v1/recommendations", json=body).json()["items"]
    own = agent.recommend(messages=body["messages"], k=3)
    assert [item["id"] for item in found] == [item.id for item in own]
    assert all(sum(item["contributions"].values()) == pytest.approx(item["score"], abs=1e-6) for item in found)


def test_a_filter_holds(client):
    body = {"history": ["h01"], "filter": {"field": "year", "op": "ge", "value": 1990}, "k": 20}
    ids = [item["id"] for item in client.post("/v1/recommendations", json=body | {"history": []}).json()["items"]]
    assert ids
    assert all(client.get(f"/v1/items/{item}").json()["year"] >= 1990 for item in ids)


def test_a_field_that_is_unknown_is_named(client):
    answer = client.post("/v1/search", json={"query": "x", "filter": {"field": "yaer", "op": "eq", "value": 1}})
    assert answer.status_code == 422
    assert "year" in answer.json()["detail"]


def test_search_finds_a_title_first(client, agent):
    title = agent.toolbox.catalogue.item(agent.toolbox.catalogue.ids[3]).title
    found = client.post("/v1/search", json={"query": title, "k": 5}).json()["items"]
    assert found[0]["title"] == title
    assert len(found) <= 5


def test_similar_leaves_the_item_itself_out(client, agent):
    own = agent.toolbox.catalogue.ids[0]
    found = client.get(f"/v1/items/{own}/similar", params={"k": 4}).json()["items"]
    assert len(found) == 4
    assert own not in [item["id"] for item in found]


def test_compare_puts_side_by_side(client, agent):
    ids = agent.toolbox.catalogue.ids[:2]
    found = client.post("/v1/compare", json={"item_ids": ids}).json()
    assert [item["id"] for item in found["items"]] == ids
    assert len(found["values"]["year"]) == 2


@pytest.mark.parametrize("item_id", ["nosuch", "..%2F..%2Fetc%2Fpasswd", "%00", "a/b", "%E2%82%AC"])
def test_an_item_that_is_unknown_is_not_found(client, item_id):
    answer = client.get(f"/v1/items/{item_id}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_an_address_that_is_no_utf8_is_refused(client):
    assert client.get("/v1/items/%FF").status_code == 400
