"""Ratings held back: nothing of them is in what predicts them, baselines find what was planted, and errors are those counted by hand."""

import json
import random

import numpy as np
import pytest

from convrec.agent.llm.client import ChatClient
from convrec.agent.llm.endpoint import Endpoint
from convrec.agent.llm.scripted import ScriptedChatModel
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.rating import DampedMeans, rmse
from convrec.core.settings import Llm
from convrec.evaluation.engines.candidates import MODEL, Candidate
from convrec.evaluation.engines.factorisation import BiasedFactors
from convrec.evaluation.engines.rating import FACTORS, MEANS, RatingCase, Ratings, errors

PEOPLE, ITEMS = 30, 25
TASTE = random.Random(0).choices((-1, 1), k=PEOPLE), random.Random(1).choices((-1, 1), k=ITEMS)


def liking(person, item):
    """3, and 2 more where the person's kind and the item's agree, else 2 less: no mean tells it, and one factor does."""
    return 3 + 2 * TASTE[0][person] * TASTE[1][item]


def test_factors_find_a_taste_that_no_mean_tells():
    pairs = [(person, item) for person in range(PEOPLE) for item in range(ITEMS)]
    random.Random(2).shuffle(pairs)
    known, unknown = pairs[:500], pairs[500:]
    named = [([f"u{p}" for p, _ in each], [f"i{i}" for _, i in each], [liking(*pair) for pair in each]) for each in (known, unknown)]  # fmt: skip
    (users, items, actual), factors = named[1], BiasedFactors.fit(*named[0])
    assert rmse(DampedMeans.fit(*named[0]).predict(users, items), actual) > 1.8
    assert rmse(factors.predict(users, items), actual) < 0.6
    assert np.array_equal(factors.predict(users, items), BiasedFactors.fit(*named[0]).predict(users, items))


def test_factors_of_nobody_known_leave_the_means():
    factors = BiasedFactors.fit(["u", "u", "v"], ["x", "y", "x"], [5, 1, 4])
    pairs = (["u", "new"], ["new", "x"])
    assert np.array_equal(factors.predict(*pairs), factors.means.predict(*pairs))


def ratings_of(folder, rows, most=50):
    """The ratings of a catalogue of thirty items in which these people gave these, oldest first."""
    (folder / "items.csv").write_text("".join(["id,title,kind\n", *(f"i{n},Item {n},{'good' if n % 2 else 'bad'}\n" for n in range(30))]))  # fmt: skip
    lines = [f"{user},{item},{value},{when}\n" for when, (user, item, value) in enumerate(rows)]
    (folder / "ratings.csv").write_text("".join(["user_id,item_id,value,timestamp\n", *lines]))
    workspace = Workspace.create(folder / "workspace")
    ingest(workspace, items=[folder / "items.csv"], interactions=[folder / "ratings.csv"])
    return Ratings(workspace.catalogue(), most, seed=0)


@pytest.fixture
def surprised(tmp_path):
    """Four people who gave everything a 3, and last of all 5 to an item that they had given a 5 before; and one who rated little."""
    rows = [
        (f"u{n}", item, 3) if item != "i29" else (f"u{n}", item, 5)
        for n in range(4)
        for item in ("i29", *(f"i{k}" for k in range(25)), "i29")
    ]
    return ratings_of(tmp_path, [*rows, ("few", "i1", 3)])


def asked(script):
    model = ScriptedChatModel(script=script)
    return Candidate(MODEL, Llm(model="m"), ChatClient([Endpoint("test", model, real=False)])), model


def test_nothing_of_what_is_held_back_is_in_the_baselines(surprised):
    assert [case.id for case in surprised.cases] == ["u0", "u1", "u2", "u3"]
    for case in surprised.cases:
        assert (case.rating, surprised.catalogue.ids[case.row]) == (5, "i29")
        assert surprised.by_means(case)["rating"] == surprised.by_factors(case)["rating"] == 3


def test_the_model_is_told_what_else_the_person_rated_and_not_what_is_held_back(surprised):
    candidate, model = asked(lambda _: '{"rating": 4.5}')
    answer = surprised.by(candidate)(surprised.cases[0])
    told = json.loads(model.asked[0][1].content)
    assert answer["rating"] == 4.5
    assert [item["title"] for item in told["rated"]] == [f"Item {n}" for n in range(5, 25)]
    assert {item["rating"] for item in told["rated"]} == {3}
    assert told["item"] == {"title": "Item 29", "kind": "good"}
    assert told["scale"] == [3, 5]


def test_an_answer_beyond_the_scale_is_its_end_and_one_that_is_none_is_left_out(surprised):
    beyond, _ = asked(lambda _: '{"rating": 11}')
    assert surprised.by(beyond)(surprised.cases[0])["rating"] == 5
    none, model = asked(lambda _: "a lot")
    answer = surprised.by(none)(surprised.cases[0])
    assert "rating" not in answer
    assert (answer["fallback"], answer["requests"]) == ("rate: schema", len(model.asked))


def test_people_are_drawn_from_those_who_rated_enough_and_no_more_than_are_wanted(tmp_path):
    rows = [(f"u{n}", f"i{k}", 1 + k) for n in range(8) for k in range(4 + n % 2)]
    few = ratings_of(tmp_path, rows, most=3)
    assert len(few.cases) == 3
    assert all(int(case.id[1:]) % 2 and len(case.rated) == 4 for case in few.cases)


def test_where_nobody_rated_there_is_nobody_to_ask(tmp_path):
    (tmp_path / "likes.csv").write_text("user_id,item_id,event\n" + "".join(f"u,i{n},like\n" for n in range(9)))
    ratings_of(tmp_path, [("u", "i1", 3)])
    workspace = Workspace.create(tmp_path / "liked")
    ingest(workspace, items=[tmp_path / "items.csv"], interactions=[tmp_path / "likes.csv"])
    assert Ratings(workspace.catalogue(), 50, seed=0).cases == []


def test_errors_are_those_counted_by_hand_and_where_none_was_given_the_means_count():
    cases = [RatingCase(str(n), 0, rating, ()) for n, rating in enumerate((4.0, 2.0, 5.0))]
    answers = {
        MODEL: [{"rating": 4.0}, {"rating": 4.0}, {"fallback": "rate: schema"}],
        MEANS: [{"rating": 3.0}, {"rating": 3.0}, {"rating": 3.0}],
        FACTORS: [{"rating": 4.0}, {"rating": 2.0}, {"rating": 5.0}],
    }
    found = errors(cases, answers, seed=0)
    assert found[MODEL]["rmse"].value == pytest.approx(((0 + 4 + 4) / 3) ** 0.5)
    assert found[MODEL]["mae"].value == pytest.approx(4 / 3)
    assert found[MODEL]["given"].value == pytest.approx(2 / 3)
    assert found[MEANS]["rmse"].value == pytest.approx(((1 + 1 + 4) / 3) ** 0.5)
    assert (found[FACTORS]["rmse"].value, found[FACTORS]["mae"].high) == (0, 0)
    assert 0 <= found[MODEL]["rmse"].low < found[MODEL]["rmse"].value < found[MODEL]["rmse"].high <= 2
