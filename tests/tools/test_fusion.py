"""Fused scores are the sums of their parts, and diversity trades them for difference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.contract import Ranking, top
from convrec.tools.fusion import fuse, worth, worths
from convrec.tools.mmr import diversified

N = 30
rankings = st.dictionaries(
    st.sampled_from("abcd"), st.lists(st.integers(0, N - 1), unique=True, max_size=N), max_size=4
)


def as_ranking(rows):
    return Ranking(np.array(rows, np.int64), -np.arange(len(rows), dtype=np.float64))


@given(rankings, st.dictionaries(st.sampled_from("abcd"), st.floats(-2, 2)))
def test_parts_sum_to_scores_and_scores_fall(ranked, weights):
    fused = fuse({name: as_ranking(rows) for name, rows in ranked.items()}, weights)
    assert set(fused.rows.tolist()) == {row for rows in ranked.values() for row in rows}
    total = sum(fused.contributions.values(), np.zeros(len(fused.rows)))
    assert total.tolist() == fused.scores.tolist()
    keys = list(zip((-fused.scores).tolist(), fused.rows.tolist(), strict=True))
    assert keys == sorted(keys)


@given(rankings, st.dictionaries(st.sampled_from("abc"), st.floats(-2, 2)))
def test_each_part_is_the_weight_times_the_worth_of_the_rank(ranked, weights):
    """A missing weight is 1; what a ranking does not rank gets nothing from it; spread over all items it is the same."""
    fused = fuse({name: as_ranking(rows) for name, rows in ranked.items()}, weights)
    assert list(fused.contributions) == list(ranked)
    for name, rows in ranked.items():
        weight = weights.get(name, 1.0)
        parts = dict(zip(fused.rows.tolist(), fused.contributions[name].tolist(), strict=True))
        assert [parts.pop(row) for row in rows] == pytest.approx(
            [weight * 61 / (60 + rank) for rank in range(1, len(rows) + 1)]
        )
        assert not any(parts.values())
        assert (weight * worths(as_ranking(rows), np.arange(N)))[fused.rows].tolist() == fused.contributions[
            name
        ].tolist()


def test_agreement_beats_a_single_first_place():
    assert fuse({"a": as_ranking([7, 3]), "b": as_ranking([5, 3])}, {}).rows.tolist() == [3, 5, 7]


def test_ties_stand_by_row():
    assert fuse({"a": as_ranking([9]), "b": as_ranking([4]), "c": as_ranking([6])}, {}).rows.tolist() == [4, 6, 9]


def test_no_rankings_give_nothing():
    assert len(fuse({}, {}).rows) == 0
    empty = fuse({"a": as_ranking([])}, {})
    assert len(empty.rows) == len(empty.scores) == len(empty.contributions["a"]) == 0


def test_first_in_both_beats_first_in_one():
    fused = fuse({"a": as_ranking([7, 1, 2]), "b": as_ranking([7, 5])}, {"a": 1.0, "b": 0.5})
    assert fused.rows[0] == 7
    assert fused.scores[0] == pytest.approx(1.5)
    assert fused.contributions["b"].tolist()[0] == pytest.approx(0.5)


def test_a_weight_decides_between_two_firsts():
    tools = {"a": as_ranking([1, 2]), "b": as_ranking([2, 1])}
    assert fuse(tools, {"a": 1.0, "b": 0.9}).rows[0] == 1
    assert fuse(tools, {"a": 0.9, "b": 1.0}).rows[0] == 2


def test_worth_falls_from_one():
    assert worth(3, smoothing=60).tolist() == pytest.approx([1.0, 61 / 62, 61 / 63])


@given(
    st.lists(st.one_of(st.just(float("nan")), st.integers(0, 5).map(float)), min_size=1, max_size=N),
    st.integers(1, N),
    st.integers(0, 2**N - 1),
)
def test_top_is_the_head_of_a_full_sort(scores, k, bits):
    mask = np.array([bool(bits >> place & 1) for place in range(len(scores))])
    allowed = [row for row in range(len(scores)) if mask[row] and not np.isnan(scores[row])]
    expected = sorted(allowed, key=lambda row: (-scores[row], row))[:k]
    assert top(np.array(scores), mask, k).rows.tolist() == expected


VECTORS = np.array([[1, 0], [1, 0], [0, 1]], np.float32)


def test_without_diversity_score_alone_decides():
    assert diversified(np.array([3.0, 2.0, 1.0]), VECTORS, 0.0, 3).tolist() == [0, 1, 2]


def test_with_diversity_a_twin_waits():
    assert diversified(np.array([3.0, 2.9, 2.0]), VECTORS, 0.5, 3).tolist() == [0, 2, 1]


@given(st.integers(0, 12), st.floats(0, 1), st.integers(0, 15))
def test_diversified_picks_each_place_once(m, diversity, n):
    rng = np.random.default_rng(m)
    vectors = rng.standard_normal((m, 4)).astype(np.float32)
    places = diversified(rng.random(m), vectors, diversity, n)
    assert len(set(places.tolist())) == len(places) == min(m, n)
