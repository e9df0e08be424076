"""Metrics of lists beyond finding targets: figures worked out by hand, and bounds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.metrics import beyond

IDS = st.sampled_from("abcdefgh")
COUNTS = st.dictionaries(IDS, st.integers(0, 20))
GENRES = st.sampled_from(["Drama", "Comedy", "War", "Noir"])
VALUE_SETS = st.lists(st.sets(GENRES), max_size=6)


# Coverage


def test_coverage_counts_each_item_shown_once():
    assert beyond.coverage([["a", "b"], ["b", "c"], []], 10) == 3 / 10
    assert beyond.coverage([], 10) == 0


def test_coverage_of_more_than_the_catalogue_is_refused():
    with pytest.raises(ValueError, match="2 items are shown of a catalogue of 1"):
        beyond.coverage([["a", "b"]], 1)
    with pytest.raises(ValueError, match="catalogue of 0"):
        beyond.coverage([], 0)


# Concentration


def test_gini_worked_out_by_hand():
    # sorted 0 1 3, weights 2j - 4 = -2 0 2: (0 + 0 + 6) / 4 / (3 - 1)
    assert beyond.gini([3, 0, 1]) == pytest.approx(6 / 4 / 2)


def test_gini_spans_from_even_to_a_single_item():
    assert beyond.gini([5, 5, 5, 5]) == 0
    assert beyond.gini([0, 0, 0, 7]) == 1


def test_items_never_shown_make_it_less_even():
    assert beyond.gini([1, 2, 3, 0]) > beyond.gini([1, 2, 3])


@pytest.mark.parametrize("exposure", [[], [4], [0, 0]])
def test_gini_of_nothing_is_undefined(exposure):
    assert beyond.gini(exposure) is None


@pytest.mark.parametrize("exposure", [[1, -1], [1, math.nan]])
def test_gini_refuses_what_is_no_count(exposure):
    with pytest.raises(ValueError, match="counts"):
        beyond.gini(exposure)


@given(exposure=st.lists(st.integers(0, 50), min_size=2, max_size=20).filter(any), factor=st.integers(1, 9))
def test_gini_lies_between_0_and_1_and_has_no_unit(exposure, factor):
    value = beyond.gini(exposure)
    assert -1e-12 <= value <= 1 + 1e-12
    assert beyond.gini([each * factor for each in exposure]) == pytest.approx(value)


# Novelty and popularity

KNOWN_TO = {"a": 8, "b": 2}  # of 10 users; c is known to nobody
SECOND = 1 / math.log2(3)  # the weight of the second place; the third has 1 / log2(4) = 0.5


def test_novelty_worked_out_by_hand():
    # (1 × 0.2 + 0.6309 × 0.8 + 0.5 × 1) / (1 + 0.6309 + 0.5) = 1.2047 / 2.1309
    assert beyond.novelty_epc(["a", "b", "c"], KNOWN_TO, 10, 3) == pytest.approx(0.565360, abs=1e-6)
    assert beyond.novelty_epc(["a", "b", "c"], KNOWN_TO, 10, 1) == pytest.approx(0.2)


def test_novelty_of_relevant_items_only():
    value = beyond.novelty_epc(["a", "b", "c"], KNOWN_TO, 10, 3, relevant={"b"})
    assert value == pytest.approx(SECOND * 0.8 / (1 + SECOND + 0.5))
    assert beyond.novelty_epc(["a", "b", "c"], KNOWN_TO, 10, 3, relevant=set()) == 0


def test_a_repeat_is_not_novel_and_keeps_its_place():
    value = beyond.novelty_epc(["b", "b", "c"], KNOWN_TO, 10, 3)
    assert value == pytest.approx((0.8 + 0.5) / (1 + SECOND + 0.5))


def test_an_empty_list_has_no_novelty():
    assert beyond.novelty_epc([], KNOWN_TO, 10, 3) == 0


def test_an_item_with_more_users_than_there_are_is_refused():
    with pytest.raises(ValueError, match="8 of 5 users"):
        beyond.novelty_epc(["a"], KNOWN_TO, 5, 3)


@given(ranked=st.lists(IDS, max_size=8), counts=COUNTS, relevant=st.sets(IDS), k=st.integers(1, 8))
def test_novelty_lies_between_0_and_1_and_relevance_never_adds(ranked, counts, relevant, k):
    plain = beyond.novelty_epc(ranked, counts, 20, k)
    assert 0 <= beyond.novelty_epc(ranked, counts, 20, k, relevant) <= plain <= 1 + 1e-12


def test_average_popularity_is_the_mean_of_the_first_k():
    assert beyond.average_popularity(["a", "b", "c"], KNOWN_TO, 2) == (8 + 2) / 2
    assert beyond.average_popularity(["a", "b", "c"], KNOWN_TO, 9) == (8 + 2 + 0) / 3
    assert beyond.average_popularity(["a", "a", "b"], KNOWN_TO, 3) == (8 + 2) / 2
    assert beyond.average_popularity([], KNOWN_TO, 3) is None


# Head and tail


def test_the_head_is_a_share_of_the_items_that_have_a_count():
    counts = {"a": 9, "b": 5, "c": 5, "d": 1, "e": 1, "never": 0}
    assert beyond.head_items(counts) == {"a"}  # 0.2 × 5 = 1
    assert beyond.head_items(counts, 0.4) == {"a", "b"}  # b and c tie: by id
    assert beyond.head_items(counts, 1) == {"a", "b", "c", "d", "e"}


def test_the_head_has_at_least_one_item_where_there_is_one():
    assert beyond.head_items({"a": 1, "b": 2}) == {"b"}
    assert beyond.head_items({"a": 0}) == frozenset()
    assert beyond.head_items({}) == frozenset()


@pytest.mark.parametrize("share", [0, -0.1, 1.1, math.nan])
def test_a_share_outside_its_bounds_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        beyond.head_items({"a": 1}, share)


@given(counts=COUNTS, share=st.floats(0.01, 1))
def test_no_tail_item_is_more_popular_than_a_head_item(counts, share):
    head = beyond.head_items(counts, share)
    tail = counts.keys() - head
    assert not head or max((counts[item] for item in tail), default=0) <= min(counts[item] for item in head)


def test_long_tail_items_are_those_outside_the_head():
    assert beyond.long_tail_count(["a", "b", "new", "c"], {"a"}, 3) == 2
    assert beyond.long_tail_count(["b", "b", "a"], {"a"}, 3) == 1
    assert beyond.long_tail_count([], {"a"}, 3) == 0


def test_opportunity_worked_out_by_hand():
    # chances 0.6 and 0.2: deviation 0.2 over mean 0.4
    value = beyond.popularity_opportunity({"head": 6, "tail": 4}, {"head": 10, "tail": 20})
    assert value == pytest.approx(0.5)


def test_equal_chances_are_equal_opportunity():
    assert beyond.popularity_opportunity({"head": 5, "tail": 1}, {"head": 10, "tail": 2}) == 0


def test_a_group_that_is_never_found_counts_and_one_without_targets_does_not():
    assert beyond.popularity_opportunity({"head": 1}, {"head": 2, "tail": 2, "none": 0}) == pytest.approx(1)


@pytest.mark.parametrize(
    ("hits", "targets"), [({}, {}), ({"head": 1}, {"head": 2}), ({}, {"head": 2, "tail": 2})], ids=str
)
def test_opportunity_needs_two_groups_and_a_hit(hits, targets):
    assert beyond.popularity_opportunity(hits, targets) is None


def test_more_hits_than_targets_are_refused():
    with pytest.raises(ValueError, match="among its targets"):
        beyond.popularity_opportunity({"head": 3}, {"head": 2})
    with pytest.raises(ValueError, match="among its targets"):
        beyond.popularity_opportunity({"head": 3}, {})


@pytest.mark.parametrize("k", [0, -3])
def test_k_below_one_is_refused(k):
    with pytest.raises(ValueError, match="k is"):
        beyond.novelty_epc(["a"], {}, 1, k)
    with pytest.raises(ValueError, match="k is"):
        beyond.average_popularity(["a"], {}, k)
    with pytest.raises(ValueError, match="k is"):
        beyond.long_tail_count(["a"], {}, k)


# Diversity


def test_diversity_of_vectors_worked_out_by_hand():
    # cosines: 0 between the axes, 1/√2 between each and the diagonal; 1 - (0 + 2/√2) / 3
    assert beyond.intra_list_diversity([[2, 0], [0, 3], [1, 1]]) == pytest.approx(1 - math.sqrt(2) / 3)


def test_diversity_spans_from_alike_to_opposite():
    assert beyond.intra_list_diversity([[1, 2], [2, 4], [3, 6]]) == pytest.approx(0)
    assert beyond.intra_list_diversity([[1, 0], [0, 1]]) == pytest.approx(1)
    assert beyond.intra_list_diversity([[1, 0], [-1, 0]]) == pytest.approx(2)


def test_a_vector_of_zeros_is_unlike_any_other():
    assert beyond.intra_list_diversity([[0, 0], [0, 0], [1, 0]]) == 1


def test_diversity_needs_two_items():
    assert beyond.intra_list_diversity(np.empty((0, 3))) is None
    assert beyond.intra_list_diversity([[1, 2]]) is None


@given(seed=st.integers(0, 999), k=st.integers(2, 8))
def test_diversity_is_the_mean_over_pairs(seed, k):
    vectors = np.random.default_rng(seed).normal(size=(k, 4))
    pairs = [(vectors[i], vectors[j]) for i in range(k) for j in range(i)]
    distances = [1 - one @ other / np.linalg.norm(one) / np.linalg.norm(other) for one, other in pairs]
    assert beyond.intra_list_diversity(vectors) == pytest.approx(np.mean(distances))


# Calibration


def test_each_item_spreads_one_over_its_values():
    # Drama 1/2 + 1, War 1/2, of two items; the third has no values
    assert beyond.distribution([["Drama", "War"], ["Drama"], []]) == {"Drama": 0.75, "War": 0.25}
    assert beyond.distribution([["Drama", "Drama"]]) == {"Drama": 1}
    assert beyond.distribution([[], []]) == {}


@given(values=VALUE_SETS.filter(any))
def test_a_distribution_sums_to_one(values):
    assert sum(beyond.distribution(values).values()) == pytest.approx(1)


def test_miscalibration_worked_out_by_hand():
    # q̃ = 0.9 × (1, 0) + 0.1 × (0.5, 0.5) = (0.95, 0.05); 0.5 ln(0.5 / 0.95) + 0.5 ln(0.5 / 0.05) = -0.3209 + 1.1513
    value = beyond.miscalibration({"Drama": 0.5, "War": 0.5}, {"Drama": 1.0}, alpha=0.1)
    assert value == pytest.approx(0.830366, abs=1e-6)


def test_what_agrees_is_calibrated():
    assert beyond.miscalibration({"Drama": 0.7, "War": 0.3}, {"War": 0.3, "Drama": 0.7}) == pytest.approx(0)


def test_showing_nothing_of_the_history_is_the_worst():
    worst = pytest.approx(math.log(100))  # -ln 0.01
    assert beyond.miscalibration({"Drama": 0.4, "War": 0.6}, {"Noir": 1.0}) == worst
    assert beyond.miscalibration({"Drama": 0.4, "War": 0.6}, {}) == worst


def test_without_a_history_there_is_nothing_to_keep_to():
    assert beyond.miscalibration({}, {"Drama": 1.0}) is None


def test_a_missing_small_interest_weighs_more_than_a_missing_share_of_a_large_one():
    history = {"Drama": 0.9, "War": 0.1}
    without_war = beyond.miscalibration(history, {"Drama": 1.0})
    assert without_war > beyond.miscalibration(history, {"Drama": 0.8, "War": 0.2})


@pytest.mark.parametrize("alpha", [0, -1, 1.5])
def test_alpha_outside_its_bounds_is_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        beyond.miscalibration({"Drama": 1.0}, {"Drama": 1.0}, alpha)


def test_what_does_not_sum_to_one_is_no_distribution():
    with pytest.raises(ValueError, match="sums to 1"):
        beyond.miscalibration({"Drama": 3.0}, {"Drama": 1.0})
    with pytest.raises(ValueError, match="sums to 1"):
        beyond.miscalibration({"Drama": 1.0}, {"Drama": 0.5})


@given(seen=VALUE_SETS.filter(any), shown=VALUE_SETS)
def test_miscalibration_lies_between_0_and_its_maximum(seen, shown):
    value = beyond.miscalibration(beyond.distribution(seen), beyond.distribution(shown))
    assert 0 <= value <= math.log(100) + 1e-12
