"""Markov counts what follows what: constructed answers, and the contract."""

from dataclasses import replace

import numpy as np
import pytest

from convrec.core.errors import NotFittedError
from convrec.tools.conformance import N_ITEMS, ToolConformance, tribal_data
from convrec.tools.contract import Events, Query
from convrec.tools.feedback import matrix
from convrec.tools.markov import Markov, MarkovConfig


def chosen(catalogue, *sequences):
    """Training data in which each person chose a sequence of rows."""
    users = np.repeat(np.arange(len(sequences)), [len(rows) for rows in sequences])
    rows = np.concatenate([np.array(rows, np.int64) for rows in sequences])
    return replace(
        tribal_data(catalogue), user_items=matrix(users, rows, len(sequences), N_ITEMS),
        events=Events(users, rows, np.arange(len(users), dtype=np.float64)),
    )  # fmt: skip


def fitted(data, **settings):
    tool = Markov(MarkovConfig(**settings))
    tool.fit(data)
    return tool


class TestMarkov(ToolConformance):
    tool = Markov


class TestMarkovByOrderAlone(ToolConformance):
    tool = Markov
    config = MarkovConfig(backwards=0.0, reach=20)

    @pytest.fixture
    def queries(self):
        return [Query(history=((2, 0.5), (0, 1.0)))]


@pytest.fixture
def catalogue(tribes):
    return tribes.catalogue()


PLAIN = {"reach": 1, "backwards": 0.0, "shrinkage": 0.0}


def test_shares_are_those_of_what_came_next(catalogue):
    tool = fitted(chosen(catalogue, [0, 1, 2], [0, 1], [0, 3], [5, 0, 1]), **PLAIN)
    scores = tool.scores(Query(history=((0, 1.0),)))
    assert scores[1] == pytest.approx(3 / 4)
    assert scores[3] == pytest.approx(1 / 4)
    assert np.isnan(scores[[0, 2, 5]]).all()


def test_order_matters_as_far_as_it_is_told_to(catalogue):
    data = chosen(catalogue, [0, 1], [0, 1], [2, 3])
    after_one = Query(history=((1, 1.0),))
    assert np.isnan(fitted(data, **PLAIN).scores(after_one)[0])
    assert fitted(data, **PLAIN | {"backwards": 1.0}).scores(after_one)[0] == pytest.approx(1.0)


def test_what_lies_further_apart_counts_less(catalogue):
    tool = fitted(chosen(catalogue, [0, 1, 2], [0, 1, 2]), **PLAIN | {"reach": 2, "decay": 0.5})
    scores = tool.scores(Query(history=((0, 1.0),)))
    assert scores[1] == pytest.approx(2 * scores[2])


def test_people_do_not_run_into_one_another(catalogue):
    tool = fitted(chosen(catalogue, [0, 1], [2, 3]), **PLAIN | {"reach": 5})
    assert np.isnan(tool.scores(Query(history=((1, 1.0),)))).all()


def test_the_latest_choice_weighs_most(catalogue):
    data = chosen(catalogue, [0, 10], [1, 11], [0, 10], [1, 11])
    tool = fitted(data, recency=0.5)
    for first, last in ((0, 1), (1, 0)):
        scores = tool.scores(Query(history=((first, 1.0), (last, 1.0))))
        assert scores[10 + last] == pytest.approx(2 * scores[10 + first])


def test_few_counts_are_held_back(catalogue):
    data = chosen(catalogue, [0, 10], *[[1, 11]] * 9)
    tool = fitted(data, backwards=0.0, shrinkage=1.0)
    assert tool.scores(Query(history=((0, 1.0),)))[10] == pytest.approx(0.5)
    assert tool.scores(Query(history=((1, 1.0),)))[11] == pytest.approx(0.9)


def test_only_the_commonest_followers_are_kept(catalogue):
    tool = fitted(chosen(catalogue, [0, 1], [0, 1], [0, 2], [0, 3]), **PLAIN | {"neighbours": 1})
    assert np.flatnonzero(~np.isnan(tool.scores(Query(history=((0, 1.0),))))).tolist() == [1]


def test_choices_without_an_order_are_not_enough(catalogue):
    with pytest.raises(NotFittedError, match="order"):
        Markov().fit(replace(tribal_data(catalogue), events=Events.none()))
