"""Counts over spans and labels, and what was taken for what."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.metrics.tagging import (
    Counts,
    confusion,
    overlap_counts,
    span_counts,
    unlabelled,
)

COUNTS = st.builds(Counts, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
WORDS = st.lists(st.sampled_from("abcde"), max_size=8)
SPANS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(0, 8), st.sampled_from(["film", "genre"])).map(
        lambda span: (min(span[:2]), max(span[:2]) + 1, span[2])
    ),
    max_size=6,
)


# Counts


def test_shares_of_counts():
    counts = Counts(tp=6, fp=2, fn=4)
    assert counts.precision == 6 / 8
    assert counts.recall == 6 / 10
    assert counts.f1 == pytest.approx(12 / 18)  # 2 × 0.75 × 0.6 / 1.35


def test_shares_of_nothing_are_nan():
    assert math.isnan(Counts().precision)
    assert math.isnan(Counts().recall)
    assert math.isnan(Counts().f1)
    assert math.isnan(Counts(fn=2).precision)
    assert math.isnan(Counts(fp=2).recall)
    assert Counts(fn=2).f1 == Counts(fp=2).f1 == 0


def test_the_parts_of_f1_are_those_of_a_ratio_of_sums():
    assert span_counts({"a", "b", "c"}, {"b", "d"}).f1_parts == (2, 5)
    assert Counts().f1_parts == (0, 0)


def test_counts_add_up():
    assert Counts(1, 2, 3) + Counts(10, 20, 30) == Counts(11, 22, 33)
    assert sum([Counts(1, 2, 3), Counts(1, 0, 0)], Counts()) == Counts(2, 2, 3)


@given(counts=COUNTS.filter(lambda counts: counts.tp))
def test_f1_is_the_harmonic_mean(counts):
    assert counts.f1 == pytest.approx(2 / (1 / counts.precision + 1 / counts.recall))


# Exact matches


def test_exact_matches_take_each_gold_once():
    # both a and one of the two b; the second predicted c is too many, one b is missed
    assert span_counts(["a", "b", "b", "c"], ["c", "c", "a", "b"]) == Counts(tp=3, fp=1, fn=1)


def test_a_match_is_equal_in_all_parts():
    gold = [(0, 4, "film"), (9, 12, "genre")]
    assert span_counts(gold, [(0, 4, "genre"), (9, 12, "genre"), (0, 5, "film")]) == Counts(tp=1, fp=2, fn=1)


def test_nothing_said_and_nothing_to_say():
    assert span_counts([], []) == Counts()
    assert span_counts(["a"], []) == Counts(fn=1)
    assert span_counts([], ["a"]) == Counts(fp=1)


@given(gold=WORDS, predicted=WORDS)
def test_every_gold_and_every_prediction_is_counted_once(gold, predicted):
    counts = span_counts(gold, predicted)
    assert counts.tp + counts.fn == len(gold)
    assert counts.tp + counts.fp == len(predicted)
    assert span_counts(predicted, gold) == Counts(counts.tp, counts.fn, counts.fp)
    assert span_counts(gold, gold) == Counts(tp=len(gold))


# Overlaps


@pytest.mark.parametrize(
    ("predicted", "counts"),
    [
        ([(0, 4, "film")], Counts(tp=1)),
        ([(3, 9, "film")], Counts(tp=1)),
        ([(4, 9, "film")], Counts(fp=1, fn=1)),  # the end is exclusive: they only touch
        ([(0, 4, "genre")], Counts(fp=1, fn=1)),
        ([(0, 2, "film"), (2, 4, "film")], Counts(tp=1, fp=1)),  # one gold span, one match
        ([(2, 2, "film")], Counts(fp=1, fn=1)),  # empty
        ([], Counts(fn=1)),
    ],
)
def test_overlaps_with_one_span(predicted, counts):
    assert overlap_counts([(0, 4, "film")], predicted) == counts


def test_spans_may_have_no_labels():
    assert overlap_counts(unlabelled([(0, 4), (5, 9)]), unlabelled([(3, 6)])) == Counts(tp=1, fp=0, fn=1)
    assert overlap_counts(unlabelled([(0, 4)]), unlabelled([(4, 6)])) == Counts(tp=0, fp=1, fn=1)


def test_the_larger_overlap_is_taken_first():
    # (2, 10) shares 2 with the first and 6 with the second: it takes the second, and the first is missed
    assert overlap_counts([(0, 4, "film"), (4, 12, "film")], [(2, 10, "film")]) == Counts(tp=1, fn=1)
    # so (3, 4), which only the first can match, finds it free
    assert overlap_counts([(0, 4, "film"), (4, 12, "film")], [(2, 10, "film"), (3, 4, "film")]) == Counts(tp=2)


@given(gold=SPANS, predicted=SPANS)
def test_every_span_is_counted_once_and_some_match_where_any_overlap(gold, predicted):
    overlaps = overlap_counts(gold, predicted)
    places = [{(place, label) for place in range(start, end)} for start, end, label in gold]
    said = [{(place, label) for place in range(start, end)} for start, end, label in predicted]
    assert (overlaps.tp > 0) == any(one & other for one in places for other in said)
    assert overlaps.tp + overlaps.fn == len(gold)
    assert overlaps.tp + overlaps.fp == len(predicted)
    assert overlap_counts(gold, gold) == Counts(tp=len(gold))


@given(gold=SPANS, predicted=SPANS, seed=st.integers(0, 99))
def test_the_order_in_which_spans_come_does_not_matter(gold, predicted, seed):
    rng = random.Random(seed)
    assert overlap_counts(rng.sample(gold, len(gold)), rng.sample(predicted, len(predicted))) == overlap_counts(
        gold, predicted
    )


# Confusions


def test_a_confusion_counts_pairs():
    table = confusion([("a", "b"), ("a", "b"), ("b", "b"), ("(none)", "a")], first=("b",))
    assert table.document() == {
        "gold": ["b", "(none)", "a"],
        "predicted": ["b", "a"],
        "counts": [[1, 0], [0, 1], [2, 0]],
    }


def test_a_confusion_of_nothing_is_empty():
    assert confusion([]).document() == {"gold": [], "predicted": [], "counts": []}
