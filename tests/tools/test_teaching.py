"""Teaching the fusion: what helps is listened to, what does not is not paid for, and the figures say which."""

import numpy as np
import pytest

from convrec.core.progress import silent
from convrec.tools.conformance import N_ITEMS, two_tribes
from convrec.tools.contract import Query
from convrec.tools.heldout import Case
from convrec.tools.lists import DEPTH, Lists
from convrec.tools.teaching import taught
from convrec.tools.threads import Crew

CASES = 240


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return two_tribes(tmp_path_factory.mktemp("teaching") / "workspace").catalogue()


def ordered(orders, scores):
    """Returns lists that rank all items in the given orders."""
    rows = np.full((len(orders), DEPTH), -1, np.int32)
    kept = np.zeros((len(orders), DEPTH), np.float32)
    rows[:, :N_ITEMS], kept[:, :N_ITEMS] = orders, scores
    return Lists(rows, kept, np.empty((0, 0), np.float32), np.zeros(len(orders), np.int32))


def lesson(n):
    """Returns cases, and three signals: in each case `words` or `taste` knows the target and scores it 5, all else is chance below 1."""
    rng = np.random.default_rng(3)
    targets = rng.integers(0, N_ITEMS, n)
    cases = [
        Case(Query(history=((0, 1.0),)), (int(target),), (), f"user {place % (n // 2)}")
        for place, target in enumerate(targets)
    ]
    knows = rng.random(n)
    lists = {}
    for name, able in (("words/text", knows < 0.6), ("taste/history", knows >= 0.6), ("noise/history", knows > 1)):
        scores = rng.random((n, N_ITEMS))
        scores[np.flatnonzero(able), targets[able]] = 5.0
        orders = np.argsort(-scores, axis=1)
        lists[name] = ordered(orders, np.take_along_axis(scores, orders, axis=1))
    return cases, lists


@pytest.fixture(scope="module")
def found(catalogue):
    return taught("history", *lesson(CASES), catalogue, 0, silent, Crew())


def test_a_ranker_hears_who_is_sure_where_ranks_cannot_tell(found):
    """Every signal ranks something first; only the scores say which of them knows."""
    assert found.quality["history/n"] == CASES
    assert found.quality["history/candidates"] == 1.0
    assert found.ranker is not None
    assert found.quality["history/ndcg@10"] > 0.95


def test_weights_sum_to_one_and_pass_over_chance(found):
    assert sum(found.weights.values()) == pytest.approx(1.0)
    assert found.weights["noise/history"] == min(found.weights.values())


def test_the_note_tells_what_was_compared(found):
    assert found.note.startswith(found.ranker.about.shape)
    assert "additive +" in found.note
    assert "lambdamart" in found.note


def test_leaving_out_a_tool_that_knows_costs_and_one_that_does_not_is_free(found):
    assert found.gains["words"] > 0.1
    assert found.gains["taste"] > 0.1
    assert abs(found.gains["noise"]) < 0.05


def test_confidence_is_high_where_a_signal_is_sure(found):
    sure, usual = found.ranker.confidence(np.array([1.0, 0.0]))
    assert sure > 0.5
    assert usual < 0.1


def test_few_cases_teach_weights_alone_and_fewer_nothing(catalogue):
    some = taught("history", *lesson(60), catalogue, 0, silent, Crew())
    assert some.ranker is None
    assert "too few" in some.note
    assert taught("history", *lesson(20), catalogue, 0, silent, Crew()) is None
