"""LangGraph's store and the profile are one thing, seen from two sides."""

import asyncio

import pytest

from convrec.core.errors import InputError, UserIdError
from tests.agent.shop import over

PLACE = ("ana", "profile")
NOIR = {"facet": "genres", "value": "Noir", "polarity": 1, "scope": "lasting", "quote": "I love noir"}


@pytest.fixture
def agent(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as opened:
        yield opened


def test_what_is_said_is_in_the_store_and_what_is_put_is_in_the_profile(agent):
    agent.chat("I love westerns", user_id="ana")
    (western,) = agent.profile("ana")
    item = agent.store.get(PLACE, western.id)
    assert item.value == western.model_dump(mode="json")
    assert (item.created_at, item.updated_at, item.namespace) == (western.created, western.updated, PLACE)
    agent.store.put(PLACE, "mine", NOIR)
    assert [(entry.id, entry.value) for entry in agent.profile("ana")] == [(western.id, "Western"), ("mine", "Noir")]
    agent.store.put(PLACE, "mine", {**NOIR, "value": "Comedy"})
    assert agent.profile("ana")[1].value == "Comedy"
    agent.store.delete(PLACE, western.id)
    assert [entry.id for entry in agent.profile("ana")] == ["mine"]
    agent.forget("ana")
    assert agent.store.search(("ana",)) == []


def test_the_graph_carries_it(agent):
    assert agent.graph.store is agent.store


def test_what_is_put_changes_the_next_slate(agent):
    before = [item.id for item in agent.chat("something good", user_id="ben").items]
    agent.store.put(PLACE, "mine", {**NOIR, "value": "Western"})
    after = agent.chat("something good", user_id="ana")
    assert [item.id for item in after.items] != before
    assert "w" in {item.id[0] for item in after.items}


def test_search_filters_one_users_entries(agent):
    for number, value in enumerate(("Noir", "Comedy", "Western")):
        agent.store.put(PLACE, f"e{number}", {**NOIR, "value": value, "polarity": 1 if number else -1})
    agent.store.put(("anabel", "profile"), "e9", NOIR)
    assert [item.key for item in agent.store.search(PLACE)] == ["e0", "e1", "e2"]
    assert [item.key for item in agent.store.search(("ana",), filter={"polarity": 1})] == ["e1", "e2"]
    assert [item.key for item in agent.store.search(("ana",), filter={"value": {"$ne": "Comedy"}}, limit=1, offset=1)] == ["e2"]  # fmt: skip
    assert agent.store.search(("ana", "diary")) == []
    assert agent.store.list_namespaces() == [PLACE, ("anabel", "profile")]
    assert agent.store.list_namespaces(prefix=("ana",)) == [PLACE]
    assert agent.store.list_namespaces(suffix=("profile",), max_depth=1) == [("ana",), ("anabel",)]


def test_the_same_without_waiting(agent):
    async def visit():
        await agent.store.aput(PLACE, "mine", NOIR)
        return await agent.store.aget(PLACE, "mine")

    assert asyncio.run(visit()).value["value"] == "Noir"


def test_what_is_no_entry_is_refused(agent):
    for wrong in ({}, {**NOIR, "polarity": 7}, {**NOIR, "colour": "red"}, {**NOIR, "id": "another"}):
        with pytest.raises(InputError, match="profile entry"):
            agent.store.put(PLACE, "mine", wrong)
    for namespace in (("ana", "diary"), ("ana",), ("ana", "profile", "more")):
        with pytest.raises(InputError, match="namespace"):
            agent.store.put(namespace, "mine", NOIR)
        assert agent.store.get(namespace, "mine") is None
    with pytest.raises(UserIdError):
        agent.store.put((" ana", "profile"), "mine", NOIR)
    for search in ({"namespace_prefix": ()}, {"namespace_prefix": ("ana",), "query": "noir"}):
        with pytest.raises(InputError, match="one user"):
            agent.store.search(search.pop("namespace_prefix"), **search)
    assert agent.profile("ana") == []
