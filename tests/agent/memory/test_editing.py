"""A person changes their profile themselves, all of it or nothing, and the very next slate heeds it."""

import math

import pytest

from convrec.core.errors import InputError, UnknownItemError
from tests.agent.shop import over

WESTERN = {"facet": "genres", "value": "western"}
WESTERNS = {"w1", "w2", "w3", "w4"}


@pytest.fixture
def agent(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as opened:
        yield opened


def ranking(agent, user="ana"):
    return [item.id for item in agent.recommend(user_id=user, k=20)]


def mean_rank(ranked, ids):
    return sum(ranked.index(item) for item in ids) / len(ids)


def test_a_taste_added_raises_its_items_and_taken_out_lowers_them_again(agent):
    before = ranking(agent)
    (entry,) = agent.edit_profile("ana", add=[WESTERN])
    assert (entry.value, entry.polarity, entry.scope) == ("Western", 1, "lasting")
    with_taste = ranking(agent)
    assert mean_rank(with_taste, WESTERNS) < mean_rank(before, WESTERNS)
    assert agent.edit_profile("ana", remove=[entry.id]) == []
    assert ranking(agent) == before
    agent.edit_profile("ana", add=[WESTERN])
    assert ranking(agent) == with_taste


def test_a_heavier_taste_never_worsens_its_items(agent):
    (entry,) = agent.edit_profile("ana", add=[{**WESTERN, "weight": 0.01}])
    agent.edit_profile(
        "ana", add=[{"facet": "genres", "value": "Crime"}, {"facet": "genres", "value": "Comedy", "polarity": -1}]
    )
    ranks = []
    for weight in (0.01, 0.1, 0.3, 0.6, 1.0):
        agent.edit_profile("ana", update=[{"id": entry.id, "weight": weight}])
        ranks.append(mean_rank(ranking(agent), WESTERNS))
    assert ranks == sorted(ranks, reverse=True)
    assert ranks[-1] < ranks[0]


def test_what_is_ruled_out_is_not_offered(agent):
    agent.edit_profile("ana", add=[{**WESTERN, "polarity": -1, "strength": "hard"}])
    assert not WESTERNS & {*ranking(agent)}
    reply = agent.chat("something with a story", user_id="ana")
    assert reply.items
    assert not WESTERNS & {item.id for item in reply.items}


def test_a_resting_taste_is_kept_and_not_used(agent):
    before = ranking(agent)
    (entry,) = agent.edit_profile("ana", add=[WESTERN])
    (resting,) = agent.edit_profile("ana", update=[{"id": entry.id, "paused": True}])
    assert resting.paused
    assert ranking(agent) == before


def test_a_paused_memory_learns_nothing_and_uses_nothing(agent):
    agent.edit_profile("ana", add=[{**WESTERN, "polarity": -1, "strength": "hard"}])
    agent.pause_memory("ana")
    assert WESTERNS & {*ranking(agent)}
    assert WESTERNS & {item.id for item in agent.chat("a western", user_id="ana").items}
    agent.chat("I live in Lyon and I love crime films", user_id="ana")
    agent.feedback(user_id="ana", item_id="h1", event="like")
    assert [entry.value for entry in agent.profile("ana")] == ["Western"]
    assert agent.recall("ana", "where do I live?")[0].source.startswith("profile:")
    agent.pause_memory("ana", False)
    assert not WESTERNS & {*ranking(agent)}


def test_an_item_takes_its_title_and_stays_away(agent):
    (entry,) = agent.edit_profile("ana", add=[{"facet": "item", "item_id": "w1"}])
    assert entry.value == "Dust on the Sabbath"
    assert "w1" not in ranking(agent)


def test_what_is_added_twice_is_there_once_as_it_was_added_last(agent):
    (first,) = agent.edit_profile("ana", add=[WESTERN])
    (second,) = agent.edit_profile("ana", add=[{**WESTERN, "weight": 0.5}])
    assert (second.id, second.weight, second.created) == (first.id, 0.5, first.created)


def test_weighing_does_not_make_a_taste_younger_and_correcting_does(agent):
    (entry,) = agent.edit_profile("ana", add=[WESTERN])
    (weighed,) = agent.edit_profile("ana", update=[{"id": entry.id, "weight": 0.5}])
    assert weighed.updated == entry.updated
    (corrected,) = agent.edit_profile("ana", update=[{"id": entry.id, "value": "Comedy"}])
    assert corrected.updated > entry.updated


def test_an_exported_entry_is_taken_in_again_as_it_was(agent):
    (entry,) = agent.edit_profile("ana", add=[WESTERN])
    document = agent.export("ana")["profile"][0]
    agent.edit_profile("ana", remove=[entry.id])
    given = {key: value for key, value in document.items() if key not in ("id", "superseded_by")}
    (again,) = agent.edit_profile("ana", add=[given])
    assert again.model_copy(update={"id": entry.id}) == entry


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"add": [{"facet": "genre", "value": "Western"}]}, "genres"),
        ({"add": [{"facet": "genres", "value": ""}]}, "value"),
        ({"add": [{"facet": "genres", "value": "Western", "weight": 2}]}, "weight"),
        ({"add": [{"facet": "genres", "value": "Western", "weight": math.nan}]}, "weight"),
        ({"add": [{"facet": "genres", "value": "Western", "id": "x"}]}, "id"),
        ({"add": [{"facet": "year", "value": "old"}]}, "1990..1999"),
        ({"add": [{"facet": "item", "value": "Heat"}]}, "item_id"),
        ({"update": [{"id": "nobody", "weight": 0.5}]}, "nobody"),
        ({"update": [{"weight": 0.5}]}, "None"),
        ({"remove": ["nobody"]}, "nobody"),
    ],
)
def test_a_wrong_change_is_named_and_nothing_is_changed(agent, changes, says):
    agent.edit_profile("ana", add=[WESTERN])
    before = agent.profile("ana")
    with pytest.raises(InputError, match=says):
        agent.edit_profile("ana", add=[{"facet": "genres", "value": "Crime"}, *changes.pop("add", [])], **changes)
    assert agent.profile("ana") == before


def test_an_unknown_item_is_named(agent):
    with pytest.raises(UnknownItemError, match="zzz"):
        agent.edit_profile("ana", add=[{"facet": "item", "item_id": "zzz"}])


def test_an_expired_entry_is_over(agent):
    agent.edit_profile("ana", add=[{**WESTERN, "expires": "2026-01-05T11:00:00Z"}])
    assert agent.profile("ana") == []


@pytest.mark.parametrize(
    ("said", "change", "left"),
    [
        ("I love westerns", lambda entry: {"remove": [entry.id]}, set()),
        ("I love westerns", lambda entry: {"update": [{"id": entry.id, "weight": 0.25}]}, {("Western", 1, 0.25)}),
        ("I hate westerns", lambda entry: {"remove": [entry.id]}, set()),
        ("I hate westerns", lambda entry: {"update": [{"id": entry.id, "weight": 0.25}]}, {("Western", 1, 0.25)}),
        ("I love comedies", lambda entry: {"remove": [entry.id]}, {("Comedy", 1, 1.0)}),
        ("I hate crime films", lambda entry: {"add": [{"facet": "genres", "value": "Crime"}]}, {("Western", 1, 1.0), ("Crime", 1, 1.0)}),
    ],
)  # fmt: skip
def test_an_edit_made_while_a_turn_runs_stands_whatever_the_turn_says_of_the_same(agent, said, change, left):
    agent.chat("I love westerns", user_id="ana")
    (entry,) = agent.profile("ana")
    events = agent.stream(said, user_id="ana")
    assert next(events).type == "plan"
    agent.edit_profile("ana", **change(entry))
    list(events)
    assert {(e.value, e.polarity, e.weight) for e in agent.profile("ana")} == left
    kept = {e["id"] for e in agent.export("ana")["profile"]}
    assert set(agent._house.ledger.vectors("ana", "entry", agent.toolbox.encoder.revision)) <= kept


def test_a_corrected_entry_is_recalled_by_its_new_value(agent):
    agent.chat("I live in Lyon", user_id="ana")
    (entry,) = agent.profile("ana")
    before = agent._house.ledger.vectors("ana", "entry", agent.toolbox.encoder.revision)[entry.id].tolist()
    agent.edit_profile("ana", update=[{"id": entry.id, "value": "Graz"}])
    assert agent._house.ledger.vectors("ana", "entry", agent.toolbox.encoder.revision)[entry.id].tolist() != before
    assert "Graz" in agent.recall("ana", "which city is my home?")[0].text
