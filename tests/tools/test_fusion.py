"""Fusion adds up: a score is the sum of what each ranking's ranks are worth, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.contract import Ranking
from convrec.tools.fusion import SMOOTHING, fuse, spread, worth

N_ITEMS = 30


def ranking(*rows):
    return Ranking(np.array(rows, np.int64), np.linspace(9.0, 1.0, len(rows)))


rankings = st.dictionaries(
    st.sampled_from(["bm25", "dense", "ease", "als"]),
    st.lists(st.integers(0, N_ITEMS - 1), unique=True, max_size=N_ITEMS).map(lambda rows: ranking(*rows)),
    max_size=4,
)
weights = st.dictionaries(st.sampled_from(["bm25", "dense", "ease"]), st.floats(0.0, 5.0))


def test_the_first_rank_is_worth_one_and_each_further_less():
    assert worth(3) == pytest.approx([1.0, (SMOOTHING + 1) / (SMOOTHING + 2), (SMOOTHING + 1) / (SMOOTHING + 3)])
    assert worth(3, smoothing=1.0) == pytest.approx([1.0, 2 / 3, 2 / 4])
    assert len(worth(0)) == 0


def test_agreement_beats_a_single_first_place():
    fused = fuse({"bm25": ranking(7, 3), "dense": ranking(5, 3)}, {})
    assert fused.rows.tolist() == [3, 5, 7]
    assert fused.scores == pytest.approx([2 * 61 / 62, 1.0, 1.0])


def test_weights_decide_and_a_missing_weight_is_one():
    two = {"bm25": ranking(1, 2), "dense": ranking(2, 1)}
    assert fuse(two, {"bm25": 2.0}).rows.tolist() == [1, 2]
    assert fuse(two, {"dense": 2.0}).rows.tolist() == [2, 1]
    assert fuse(two, {"bm25": 1.0}).scores.tolist() == fuse(two, {}).scores.tolist()


def test_ties_stand_by_row():
    assert fuse({"bm25": ranking(9), "dense": ranking(4), "ease": ranking(6)}, {}).rows.tolist() == [4, 6, 9]


def test_no_rankings_give_nothing():
    assert len(fuse({}, {}).rows) == 0
    empty = fuse({"bm25": ranking()}, {})
    assert len(empty.rows) == len(empty.scores) == len(empty.contributions["bm25"]) == 0


@given(rankings, weights)
def test_contributions_sum_exactly_and_order_everything(ranked, weighed):
    fused = fuse(ranked, weighed)
    assert set(fused.rows.tolist()) == {row for one in ranked.values() for row in one.rows.tolist()}
    assert list(fused.contributions) == list(ranked)
    total = np.zeros(len(fused.rows))
    for amounts in fused.contributions.values():
        total = total + amounts
    assert total.tolist() == fused.scores.tolist()
    keys = list(zip((-fused.scores).tolist(), fused.rows.tolist(), strict=True))
    assert keys == sorted(keys)


@given(rankings, weights)
def test_each_contribution_is_the_ranks_own_worth(ranked, weighed):
    fused = fuse(ranked, weighed)
    for name, one in ranked.items():
        given = dict(zip(fused.rows.tolist(), fused.contributions[name].tolist(), strict=True))
        for rank, row in enumerate(one.rows.tolist(), start=1):
            assert given.pop(row) == pytest.approx(weighed.get(name, 1.0) * (SMOOTHING + 1) / (SMOOTHING + rank))
        assert not any(given.values())


@given(rankings, weights)
def test_spreading_and_adding_is_fusing(ranked, weighed):
    spreads = [spread(one, weighed.get(name, 1.0), N_ITEMS) for name, one in ranked.items()]
    everywhere = np.sum(spreads, axis=0) if spreads else np.zeros(N_ITEMS)
    fused = fuse(ranked, weighed)
    assert everywhere[fused.rows] == pytest.approx(fused.scores)
    assert everywhere.sum() == pytest.approx(fused.scores.sum())
