"""Ordering by a model: pairs are counted as by hand, the same facts are told in another arrangement, and what a model did not order counts nowhere."""

import json

import pytest

from convrec.agent.agent import Agent
from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.scripted import ScriptedChatModel
from convrec.core.settings import Llm
from convrec.evaluation.engines.candidates import MODEL, Candidate
from convrec.evaluation.engines.ordering import AGAIN, Ordering, Rearranged, asked_again, held_people, kept, marks
from convrec.evaluation.ranking import RankingCase
from convrec.evaluation.splits import Held

LLM = Llm(model="m", max_calls_per_turn=30)
PERSON = RankingCase("ana", "ana", ("w2",), frozenset({"w1", "w3", "h1"}), ("w1", "w3"))


@pytest.fixture(scope="module")
def opened(fitted_films):
    with Agent.open(fitted_films) as agent:
        yield agent


def asked(opened, script, manner="listwise"):
    """The ordering, a candidate whose model answers by the script, and that model."""
    model = ScriptedChatModel(script=script)
    client = ChatClient([Endpoint("test", model, real=False)])
    return Ordering(opened, manner, seed=0), Candidate(MODEL, LLM, client), model


def oldest_first(messages):
    """Knows its mind, whichever way it is asked."""
    items = json.loads(messages[1].content)["items"]
    order = sorted(items, key=lambda item: item["year"])
    answers = {"Order all": {"order": [item["n"] for item in order]}, "Score the one": {"score": (2030 - items[0]["year"]) / 20}, "Say which": {"better": order[0]["n"]}}  # fmt: skip
    return json.dumps(next(answer for words, answer in answers.items() if words in messages[0].content))


def test_pairs_in_the_same_order_are_counted():
    assert kept("abcd", "abcd") == (6, 6)
    assert kept("abcd", "dcba") == (0, 6)
    assert kept("abcd", "abdc") == (5, 6)
    assert kept("", "") == kept("a", "a") == (0, 0)


@pytest.mark.parametrize("manner", ["listwise", "pointwise", "pairwise"])
def test_the_ten_best_are_ordered_in_any_manner_and_no_other_items_come_in(opened, manner):
    ordering, candidate, model = asked(opened, oldest_first, manner)
    as_found, answer = ordering.found(PERSON), ordering.by(candidate)(PERSON)
    assert answer["put"] == as_found["items"]
    years = [opened.toolbox.catalogue.item(item).facts["year"] for item in answer["items"]]
    assert years == sorted(years)
    assert {*answer["items"]} == {*as_found["items"]}
    assert not {*answer["items"]} & PERSON.known
    assert answer["requests"] == len(model.asked)
    liked = json.loads(model.asked[0][1].content)["liked"]
    assert liked == [opened.toolbox.catalogue.item(item).title for item in PERSON.liked]


def test_rearranged_it_is_told_the_same_in_another_order(opened):
    ordering, candidate, model = asked(opened, oldest_first)
    plain, other = ordering.by(candidate)(PERSON), ordering.by(candidate, Rearranged)(PERSON)
    one, two = (messages[1].content for messages in model.asked)
    assert one != two
    assert json.loads(one) == json.loads(two)
    assert one.index("title") < one.index("year")
    assert two.index("title") > two.index("year")
    assert plain["items"] == other["items"]


def test_shuffled_the_same_items_are_put_in_an_order_of_the_seed(opened):
    ordering, candidate, _ = asked(opened, oldest_first)
    answer = ordering.by(candidate, put=ordering.shuffled)(PERSON)
    assert answer["put"] != ordering.found(PERSON)["items"]
    assert {*answer["put"]} == {*ordering.found(PERSON)["items"]}
    assert answer == {**ordering.by(candidate, put=ordering.shuffled)(PERSON), "ms": answer["ms"]}


def row(items, put="abcd", **more):
    return {"put": list(put), "items": list(items), "malformed": 0, "requests": 1, "tokens": 9, "cost": 0.0, "ms": 1.0, "fallback": "", **more}  # fmt: skip


CASE = RankingCase("1", "1", ("b",))


def test_a_persons_part_in_each_metric_is_as_by_hand():
    again = {"shuffled": row("dabc", put="dcba", malformed=1, requests=2), "rearranged": row("bdac")}
    found = marks(CASE, row("bacd"), again)
    assert found["ndcg@10"] == (1, 1)
    assert found["position bias"] == (3, 6)  # d stays before a, b and c; these are turned round
    assert found["kept, shuffled"] == (2, 6)  # ac, bc
    assert found["kept, rearranged"] == (4, 6)  # ba, bc, bd, ac
    assert found["top 3, rearranged"] == (2, 3)
    assert found["malformed"] == (1, 4)
    assert found["requests a turn"] == (1, 1)


def test_an_order_that_is_not_the_models_says_nothing_of_it():
    fell = row("abcd", fallback="rank: schema", malformed=2, requests=2)
    first = marks(CASE, fell, {"shuffled": row("dabc", put="dcba"), "rearranged": row("bdac")})
    assert first["kept, shuffled"] == first["kept, rearranged"] == first["top 3, rearranged"] == (0, 0)
    assert first["position bias"] == (3, 6)
    assert first["fell back"] == (1, 1)
    later = marks(CASE, row("bacd"), {"shuffled": fell, "rearranged": {"id": "1", "error": "torn"}})
    assert later["position bias"] == later["kept, shuffled"] == later["kept, rearranged"] == (0, 0)
    assert later["malformed"] == (2, 3)


def test_a_case_that_failed_is_a_miss_and_one_that_is_no_models_has_no_part_in_its_whims():
    assert marks(CASE, {"id": "1", "error": "torn"}, {}) == {"ndcg@10": (0, 1), "hr@10": (0, 1)}
    plain = {name: value for name, value in row("bacd").items() if name not in ("put", "malformed")}
    assert not {"position bias", "malformed"} & marks(CASE, plain, {}).keys()


def test_people_are_those_of_whom_something_is_known_and_a_bounded_part_of_them_is_asked_again(opened):
    catalogue = opened.toolbox.catalogue
    held = [Held(f"u{n}", (0, 1) if n % 2 else (), (0, 1, 2), (3,)) for n in range(200)]
    people = held_people(held, catalogue, 80)
    assert len(people) == 80
    assert all(int(person.id[1:]) % 2 for person in people)
    assert people[0].liked == tuple(catalogue.ids[row] for row in (0, 1))
    again = asked_again(people, 0)
    assert len(again) == AGAIN
    assert again == asked_again(people, 0) != asked_again(people, 1)
    assert asked_again(people[:2], 0) == people[:2]
