"""A history falls into its tastes, and lists are shared out among them in proportion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.tastes import MOST, allotted, belonging, calibrated, divergence, tastes


def around(directions, each, rng, noise=0.1, width=16):
    """Unit vectors, `each` of them about every one of so many directions."""
    vectors = np.repeat(np.eye(width)[:directions], each, axis=0) + noise * rng.standard_normal(
        (directions * each, width)
    )
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def test_two_kinds_of_items_are_two_tastes_with_shares_by_weight():
    vectors = around(2, 6, np.random.default_rng(0))
    found = tastes(vectors, np.array([1.0] * 6 + [0.5] * 6))
    assert [set(taste.places.tolist()) for taste in found] == [set(range(6)), set(range(6, 12))]
    assert [taste.share for taste in found] == pytest.approx([2 / 3, 1 / 3])


def test_one_kind_is_one_taste_and_many_kinds_are_at_most_four():
    rng = np.random.default_rng(1)
    assert len(tastes(around(1, 8, rng), np.ones(8))) == 1
    assert len(tastes(around(9, 3, rng), np.ones(27))) == MOST


def test_disliked_items_belong_to_no_taste():
    vectors = around(2, 4, np.random.default_rng(2))
    (only,) = tastes(vectors, np.array([1.0] * 4 + [-1.0, 0.0, np.nan, -1.0]))
    assert only.places.tolist() == [0, 1, 2, 3]
    assert only.share == 1.0
    assert tastes(vectors, -np.ones(8)) == ()


@given(st.integers(0, 10_000), st.integers(1, 30))
def test_tastes_part_the_liked_items_whatever_their_order(seed, n):
    rng = np.random.default_rng(seed)
    vectors, weights = around(5, 6, rng, 0.4)[:n], rng.random(n) + 0.1
    order = rng.permutation(n)
    found, shuffled = tastes(vectors, weights), tastes(vectors[order], weights[order])
    assert sorted(np.concatenate([taste.places for taste in found]).tolist()) == list(range(n))
    assert sum(taste.share for taste in found) == pytest.approx(1.0)
    assert {frozenset(t.places.tolist()) for t in found} == {frozenset(order[t.places].tolist()) for t in shuffled}


shares = st.lists(st.one_of(st.just(0.0), st.floats(0.001, 1.0)), min_size=1, max_size=5)


@given(shares, st.integers(0, 40))
def test_places_are_in_proportion_and_more_places_take_none_away(amounts, k):
    now, more = allotted(amounts, k), allotted(amounts, k + 1)
    total = sum(amounts)
    assert now.sum() == (k if max(amounts) > 0 else 0)
    assert ((more - now) >= 0).all()
    if total > 0:
        assert (np.abs(now - k * np.array(amounts) / total) < len(amounts)).all()


def test_places_by_hand():
    assert allotted([0.5, 0.3, 0.2], 10).tolist() == [5, 3, 2]
    assert allotted([0.6, 0.4], 1).tolist() == [1, 0]
    assert allotted([], 3).tolist() == []


def test_a_candidate_belongs_to_the_taste_that_it_is_nearest_to():
    rng = np.random.default_rng(3)
    history = around(3, 5, rng)
    found = tastes(history, np.arange(15, 0, -1.0))
    candidates = around(3, 4, rng)
    assert belonging(candidates, history, found).tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_a_strong_calibration_gives_each_taste_its_share_and_none_ranks_by_score():
    scores = np.concatenate([np.linspace(1.0, 0.9, 20), np.linspace(0.5, 0.4, 20)])
    group = np.repeat([0, 1], 20)
    assert calibrated(scores, group, [0.6, 0.4], 10, 0.0).tolist() == list(range(10))
    chosen = calibrated(scores, group, [0.6, 0.4], 10, 0.99)
    assert np.bincount(group[chosen]).tolist() == [6, 4]
    assert chosen[:1].tolist() == [0]


def test_more_calibration_brings_lists_nearer_to_the_history():
    """In the mean over many cases; a single greedy list may be an exception."""
    rng = np.random.default_rng(4)
    cases = [(rng.random(60), rng.integers(0, 3, 60), rng.dirichlet([1, 1, 1])) for _ in range(60)]

    def apart(strength):
        lists = [(calibrated(scores, group, wanted, 10, strength), group, wanted) for scores, group, wanted in cases]
        return np.mean([divergence(wanted, np.bincount(group[chosen], minlength=3)) for chosen, group, wanted in lists])

    distances = [apart(strength) for strength in (0.0, 0.25, 0.5, 0.75, 0.95)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 0.2 * distances[0]


def test_lists_of_nothing():
    assert calibrated(np.empty(0), np.empty(0, np.int64), [1.0], 5, 0.5).tolist() == []
    assert len(calibrated(np.ones(3), np.zeros(3, np.int64), [1.0], 9, 0.5)) == 3
