"""Ranking metrics: figures worked out by hand, what holds for any ranking, and agreement with trec_eval."""

import random

import pytest
import pytrec_eval
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.metrics import ranking

METRICS = [
    ranking.hit_rate,
    ranking.precision,
    ranking.recall,
    ranking.ndcg,
    ranking.reciprocal_rank,
    ranking.average_precision,
    ranking.found,
]
IDS = st.sampled_from("abcdefghijkl")
RANKED = st.lists(IDS, max_size=15)
TARGETS = st.sets(IDS, min_size=1, max_size=6)
K = st.integers(1, 15)
every_metric = pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)

# Targets a, b and z; a is second, b fourth, z isn't ranked. log2(3) = 1.584962500721156, log2(5) = 2.321928094887362.
LIST = ["c", "a", "d", "b", "e"]
WANTED = {"a", "b", "z"}


@pytest.mark.parametrize(
    ("metric", "k", "value"),
    [
        (ranking.hit_rate, 1, 0.0),
        (ranking.hit_rate, 2, 1.0),
        (ranking.found, 1, 0.0),
        (ranking.found, 4, 2.0),
        (ranking.precision, 3, 1 / 3),
        (ranking.precision, 4, 2 / 4),
        (ranking.precision, 10, 2 / 10),  # five places are filled, ten count
        (ranking.recall, 3, 1 / 3),
        (ranking.recall, 10, 2 / 3),
        (ranking.reciprocal_rank, 1, 0.0),
        (ranking.reciprocal_rank, 5, 1 / 2),
        (ranking.average_precision, 3, 0.5 / 3),  # a: 1 of 2
        (ranking.average_precision, 5, (0.5 + 0.5) / 3),  # and b: 2 of 4
        (ranking.ndcg, 1, 0.0),
        # (1 / log2 3) / (1 + 1 / log2 3) = 0.6309297535714575 / 1.6309297535714575: two places can hold two targets
        (ranking.ndcg, 2, 0.38685280723454163),
        # (1 / log2 3 + 1 / log2 5) / (1 + 1 / log2 3 + 1 / log2 4) = (0.6309297536 + 0.4306765581) / 2.1309297536
        (ranking.ndcg, 5, 0.49818925746641285),
    ],
)
def test_figures_worked_out_by_hand(metric, k, value):
    assert metric(LIST, WANTED, k) == pytest.approx(value, abs=1e-15)


@every_metric
def test_an_empty_ranking_scores_nothing(metric):
    assert metric([], {"a"}, 10) == 0


@every_metric
def test_a_case_without_targets_is_refused(metric):
    with pytest.raises(ValueError, match="targets"):
        metric(["a"], set(), 1)


@every_metric
@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(metric, k):
    with pytest.raises(ValueError, match="k is"):
        metric(["a"], {"a"}, k)


@every_metric
def test_a_repeat_counts_once_and_keeps_its_place(metric):
    assert metric(["a", "a", "a", "b"], {"a", "b"}, 3) == metric(["a", "x", "y", "b"], {"a", "b"}, 3)
    assert metric(["a", "a", "b"], {"a", "b"}, 3) == metric(["a", "x", "b"], {"a", "b"}, 3)


@every_metric
def test_a_target_named_twice_is_one_target(metric):
    assert metric(LIST, ["a", "b", "z", "a"], 5) == metric(LIST, WANTED, 5)


@every_metric
@given(targets=TARGETS, k=K, junk=st.lists(st.sampled_from("uvwxyz"), max_size=5))
def test_an_oracle_attains_what_can_be_attained(metric, targets, k, junk):
    within = min(len(targets), k)
    most = {
        ranking.precision: within / k,
        ranking.recall: within / len(targets),
        ranking.average_precision: within / len(targets),
        ranking.found: within,
    }
    assert metric(sorted(targets) + junk, targets, k) == most.get(metric, 1.0)


@every_metric
@given(targets=TARGETS)
def test_an_oracle_has_one_where_every_place_can_hold_a_target(metric, targets):
    value = metric(sorted(targets), targets, len(targets))
    assert value == (len(targets) if metric is ranking.found else 1.0)


@every_metric
@given(ranked=RANKED, targets=TARGETS, k=K)
def test_nothing_is_better_than_an_oracle_or_worse_than_nothing(metric, ranked, targets, k):
    oracle = sorted(targets) + [item for item in ranked if item not in targets]
    assert 0 <= metric(ranked, targets, k) <= metric(oracle, targets, k)


@every_metric
@given(ranked=RANKED, targets=TARGETS, k=K, junk=st.lists(st.sampled_from("uvwxyz"), max_size=5))
def test_appended_junk_never_helps(metric, ranked, targets, k, junk):
    assert metric(ranked + junk, targets, k) == metric(ranked, targets, k)


@every_metric
@given(ranked=RANKED, targets=TARGETS, k=K, junk=st.lists(st.sampled_from("uvwxyz"), max_size=5))
def test_junk_in_front_never_helps(metric, ranked, targets, k, junk):
    assert metric(junk + ranked, targets, k) <= metric(ranked, targets, k)


@every_metric
@given(ranked=RANKED, targets=TARGETS, k=K, seed=st.integers(0, 99))
def test_names_of_ids_do_not_matter(metric, ranked, targets, k, seed):
    names = list("abcdefghijkl")
    random.Random(seed).shuffle(names)
    named = dict(zip("abcdefghijkl", names, strict=True))
    assert metric([named[i] for i in ranked], {named[i] for i in targets}, k) == metric(ranked, targets, k)


@pytest.mark.parametrize("metric", [ranking.hit_rate, ranking.recall, ranking.found, ranking.reciprocal_rank])
@given(ranked=RANKED, targets=TARGETS, k=K)
def test_a_longer_list_finds_no_less(metric, ranked, targets, k):
    assert metric(ranked, targets, k) <= metric(ranked, targets, k + 1)


@every_metric
def test_trec_eval_agrees(metric):
    """All six names mean the same there; its reciprocal rank has no cut, so it is given the first k only."""
    theirs = {
        ranking.hit_rate: "success.{}",
        ranking.precision: "P.{}",
        ranking.recall: "recall.{}",
        ranking.ndcg: "ndcg_cut.{}",
        ranking.reciprocal_rank: "recip_rank",
        ranking.average_precision: "map_cut.{}",
        ranking.found: "P.{}",
    }[metric]
    rng = random.Random(20260105)
    items = [f"i{number}" for number in range(60)]
    for _ in range(200):
        ranked = rng.sample(items, rng.randint(1, 50))
        targets = rng.sample(items, rng.randint(1, 12))
        k = rng.randint(1, 30)
        run = {item: float(-place) for place, item in enumerate(ranked[:k])}
        judged = pytrec_eval.RelevanceEvaluator({"q": dict.fromkeys(targets, 1)}, {theirs.format(k)})
        (value,) = judged.evaluate({"q": run})["q"].values()
        expected = value * k if metric is ranking.found else value  # found is the numerator of P
        assert metric(ranked, targets, k) == pytest.approx(expected, abs=1e-9)


def test_rank_is_the_first_place_counted_from_one():
    assert ranking.rank_of(["b", "a", "a"], "b") == 1
    assert ranking.rank_of(["b", "a", "a"], "a") == 2
    assert ranking.rank_of(["b", "a", "a"], "z") is None
    assert ranking.rank_of([], "z") is None
