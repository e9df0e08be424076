"""A model as a ranker: whatever it answers, its order is a permutation, its requests are counted, and scores stay the sum of their parts."""

import json
import random

import pytest

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.ranking import HEAD, ModelRanker, most_requests
from convrec.agent.llm.scripted import ScriptedChatModel
from convrec.core.settings import Llm
from convrec.tools.toolbox import Request

PLENTY = Llm(model="m", max_calls_per_turn=20)


def ranker(shop, script):
    model = ScriptedChatModel(script=script)
    return ModelRanker(ChatClient([Endpoint("test", model, real=False)]), shop.toolbox.catalogue), model


def judge(messages):
    """Knows its mind: the older the better, whichever way it is asked."""
    items = json.loads(messages[1].content)["items"]
    places = sorted(range(len(items)), key=lambda place: items[place]["year"])
    system = messages[0].content
    if "Order all" in system:
        return json.dumps({"order": [place + 1 for place in places]})
    return (
        json.dumps({"score": (2030 - items[0]["year"]) / 20})
        if "Score the one" in system
        else json.dumps({"better": places[0] + 1})
    )


@pytest.mark.parametrize(
    ("manner", "calls"), [("listwise", range(1, 2)), ("pointwise", range(6, 7)), ("pairwise", range(5, 13))]
)
def test_asked_in_any_manner_a_model_that_knows_its_mind_is_followed(shop, manner, calls):
    one, _ = ranker(shop, judge)
    catalogue, budget = shop.toolbox.catalogue, Budget(PLENTY)
    rows = [0, 5, 3, 9, 1, 7]
    order = one.order({}, rows, manner, budget)
    years = [catalogue.item(rows[place]).facts["year"] for place in order]
    assert years == sorted(years)
    assert budget.calls in calls


@pytest.mark.parametrize("seed", range(20))
def test_whatever_it_answers_the_order_is_a_permutation(shop, seed):
    rng = random.Random(seed)
    one, _ = ranker(shop, lambda _: json.dumps({"order": [rng.randint(-3, 12) for _ in range(rng.randint(0, 12))]}))
    assert sorted(one.order({}, list(range(8)), "listwise", Budget(PLENTY))) == list(range(8))


@pytest.mark.parametrize(
    ("said", "malformed"), [([2, 1, 3], 0), ([2, 1], 1), ([2, 2, 1, 3], 1), ([2, 1, 3, 4], 1), ([], 1)]
)
def test_an_order_that_had_to_be_mended_is_counted(shop, said, malformed):
    one, _ = ranker(shop, lambda _: json.dumps({"order": said}))
    budget = Budget(PLENTY)
    one.order({}, [4, 5, 6], "listwise", budget)
    assert budget.malformed == malformed


@pytest.mark.parametrize(
    ("manner", "said"), [("listwise", {"order": [1]}), ("pointwise", {"score": 5}), ("pairwise", {"better": 2})]
)
def test_the_list_that_takes_most_requests_takes_as_many_as_are_said(shop, manner, said):
    one, _ = ranker(shop, lambda _: json.dumps(said))
    budget = Budget(Llm(model="m", max_calls_per_turn=50))
    one.order({}, list(range(HEAD)), manner, budget)
    assert budget.calls == most_requests(manner)


def test_scores_of_a_new_order_fall_and_are_the_sum_of_their_parts(shop):
    one, _ = ranker(shop, judge)
    request = Request(text="a western", k=8, diversity=0.0)
    found = shop.toolbox.recommend(request)
    moved = one.reranked(found, request, "listwise", Budget(PLENTY)).items
    assert {item.id for item in moved} == {item.id for item in found.items}
    assert [item.score for item in moved] == sorted((item.score for item in moved), reverse=True)
    assert all(sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-6) for item in moved)


def test_a_model_that_answers_something_else_leaves_the_order_to_the_tools(shop):
    one, model = ranker(shop, lambda _: "the third, I think")
    budget = Budget(PLENTY)
    with pytest.raises(ModelFailure, match="schema"):
        one.order({}, [1, 2, 3], "listwise", budget)
    assert budget.malformed == budget.calls == 2
    assert len(model.asked) == 2
