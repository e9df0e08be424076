"""Figures of rankings: what is best, what is chance, what a person's own targets add, and that anyone can compute them again."""

import random
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.core.metrics.bootstrap import Resampling
from convrec.evaluation.ranking import (
    RankingCase,
    at_random,
    oracle,
    per_person,
    per_target,
    predictions,
    shuffled,
    slice_names,
    within,
    worst,
)
from convrec.evaluation.result import Part, figures, gains, summarised

ITEMS = tuple("abcdefgh")
CUTS = (1, 2, 3, 5)

targets = st.lists(st.sampled_from(ITEMS), min_size=1, max_size=4, unique=True).map(tuple)
rankings = st.lists(st.sampled_from(ITEMS), max_size=8, unique=True)


def case(name, *wanted, group=None, **rest):
    return RankingCase(str(name), group or str(name), wanted, **rest)


def values(scored):
    return {name: ratio.value for name, ratio in scored.ratios.items()}


# The best, and chance


@pytest.mark.parametrize("measured", [per_person, per_target])
@settings(max_examples=60, deadline=None)
@given(wanted=targets, ranked=rankings)
def test_no_ranking_beats_the_oracle(measured, wanted, ranked):
    cases = [case("u", *wanted)]
    best = values(measured(cases, [oracle(cases[0], max(CUTS))], CUTS))
    found = values(measured(cases, [ranked], CUTS))
    assert all(found[name] <= best[name] + 1e-12 for name in best)


@pytest.mark.parametrize("measured", [per_person, per_target])
def test_the_oracle_attains_what_the_best_of_all_rankings_does(measured):
    cases = [case("u", "a", "b", "c")]
    every = [values(measured(cases, [list(order)], CUTS)) for order in permutations("abcde")]
    best = values(measured(cases, [oracle(cases[0], 5)], CUTS))
    assert best == pytest.approx({name: max(each[name] for each in every) for name in best})


def test_with_one_target_the_oracle_has_one_in_every_metric():
    cases = [case(n, item) for n, item in enumerate(ITEMS)]
    lists = [oracle(each, 5) for each in cases]
    assert set(values(per_person(cases, lists, CUTS)).values()) == {1.0}
    assert set(values(per_target(cases, lists, CUTS)).values()) == {1.0}


@given(known=st.frozensets(st.sampled_from(ITEMS)), depth=st.integers(1, 10), seed=st.integers(0, 5))
def test_chance_draws_from_what_is_not_known(known, depth, seed):
    each = case("u", "a", known=known)
    drawn = at_random(each, ITEMS, depth, seed)
    assert len(drawn) == len(set(drawn)) == min(depth, len(ITEMS) - len(known))
    assert not set(drawn) & known
    assert drawn == at_random(each, ITEMS, depth, seed)


def test_chance_finds_as_many_as_chance_does():
    cases = [case(n, ITEMS[n % 8]) for n in range(4000)]
    found = values(per_person(cases, [at_random(each, ITEMS, 2, 0) for each in cases], (2,)))
    assert found["hr@2"] == pytest.approx(2 / 8, abs=0.03)


def test_where_popularity_tells_something_it_lies_between_chance_and_the_oracle():
    rng = random.Random(1)
    cases = [case(n, rng.choices(ITEMS, [1 / (1 + place) for place in range(8)])[0]) for n in range(400)]
    popular = [item for item, _ in Counter(each.targets[0] for each in cases).most_common()]
    tables = [
        values(per_person(cases, lists, (3,)))
        for lists in ([oracle(each, 3) for each in cases], [popular] * 400, [at_random(each, ITEMS, 3, 0) for each in cases])
    ]  # fmt: skip
    assert all(tables[0][name] > tables[1][name] + 0.1 > tables[2][name] + 0.2 for name in tables[0])


# By hand


def test_figures_by_hand_where_a_person_is_a_case():
    cases = [case("u", "a", "b"), case("v", "c")]
    found = values(per_person(cases, [["x", "a", "b"], ["x", "y", "z", "c"]], (1, 3)))
    assert [found[f"{name}@1"] for name in ("hr", "recall", "ndcg", "mrr", "map")] == [0] * 5
    assert (found["hr@3"], found["recall@3"], found["mrr@3"]) == (1 / 2, 1 / 2, 1 / 4)
    assert found["map@3"] == pytest.approx((1 / 2 + 2 / 3) / 2 / 2)
    assert found["ndcg@3"] == pytest.approx((0.6309297535714575 + 0.5) / 1.6309297535714575 / 2)


def test_figures_by_hand_where_a_target_is_a_case():
    cases = [case("t/1", "a", "b"), case("t/2", "c")]
    found = values(per_target(cases, [["x", "a", "b"], ["c"]], (1, 2, 3)))
    assert [found[f"recall@{cut}"] for cut in (1, 2, 3)] == pytest.approx([1 / 3, 2 / 3, 1])
    assert found["mrr@3"] == pytest.approx((1 / 2 + 1 / 3 + 1) / 3)
    assert found["ndcg@3"] == pytest.approx((0.6309297535714575 + 0.5 + 1) / 3)


def test_an_empty_ranking_is_a_miss_and_not_left_out():
    cases = [case("u", "a"), case("v", "a")]
    for measured in (per_person, per_target):
        assert set(values(measured(cases, [["a"], []], (1,))).values()) == {0.5}


# Other people's targets


def planted(n=60):
    """Returns people of two tastes, and lists of their own taste, whose four items hold the target; and what is popular."""
    rng = random.Random(2)
    cases, own = [], []
    for number in range(n):
        taste = ITEMS[:4] if number % 2 else ITEMS[4:]
        cases.append(case(f"u{number}", rng.choice(taste)))
        own.append(list(taste))
    popular = [item for item, _ in Counter(each.targets[0] for each in cases).most_common()]
    return cases, own, [popular] * n


def test_with_other_peoples_targets_a_planted_taste_gains_nothing():
    cases, own, popular = planted()
    draws = Resampling([each.group for each in cases], seed=0)

    def gain(of):
        return gains(per_person(of, own, (4,)), per_person(of, popular, (4,)), draws)["hr@4"]

    assert gain(cases).low > 0.2
    others = [gain(shuffled(cases, seed)) for seed in range(20)]
    assert sum(each.low > 0 for each in others) <= 2  # of twenty 95 % intervals
    assert sum(each.value for each in others) / 20 < 0.05


groups = st.lists(st.integers(0, 9), min_size=1, max_size=40)


@given(groups, st.integers(0, 5))
def test_other_peoples_targets_are_the_same_targets_and_nobody_keeps_their_own(owners, seed):
    cases = [case(place, f"{owner}/{place}", group=str(owner)) for place, owner in enumerate(owners)]
    given_ = shuffled(cases, seed)
    assert [(each.id, each.group) for each in given_] == [(each.id, each.group) for each in cases]
    assert sorted(each.targets for each in given_) == sorted(each.targets for each in cases)
    assert given_ == shuffled(cases, seed)
    if max(Counter(owners).values()) <= len(owners) / 2:
        assert all(not each.targets[0].startswith(f"{each.group}/") for each in given_)
    assert len({shuffled(cases, each)[0].targets for each in range(30)}) > 1 or len(set(owners)) < 3


# Slices


def test_slices_take_each_target_once_and_cases_without_one_fall_out():
    marks = {"a": ("head", "warm"), "b": ("tail", "warm"), "c": ("tail", "cold")}
    cases = [case("u", "a", "b", slices=marks), case("v", "c", slices=marks), case("w", "a", slices=marks)]
    assert slice_names(cases) == ["cold", "head", "tail", "warm"]
    for parts in (("head", "tail"), ("warm", "cold")):
        inside = [(each.id, target) for part in parts for each in within(cases, part)[1] for target in each.targets]
        assert sorted(inside) == [("u", "a"), ("u", "b"), ("v", "c"), ("w", "a")]
    places, kept = within(cases, "tail")
    assert (places, [each.targets for each in kept]) == ([0, 1], [("b",), ("c",)])
    assert within(cases, "nowhere") == ([], [])


@pytest.mark.parametrize("measured", [per_person, per_target])
def test_a_slice_without_cases_has_no_figures_and_breaks_nothing(measured):
    empty = measured([], [], CUTS)
    some = measured([case("u", "a")], [["a"]], CUTS)
    result = summarised(
        "test", "fused", "ndcg@1", Part(["u"], {"fused": some}), slices={"nobody": Part([], {"fused": empty})}
    )
    assert result.slices["nobody"].n == 0
    assert {figure.value for figure in result.slices["nobody"].systems["fused"].values()} == {None}
    draws = Resampling([])
    assert all(figure.value is None and figure.low is None for figure in figures(empty, draws).values())
    assert all(gain.value is None and gain.p is None for gain in gains(empty, empty, draws).values())


# To read


def test_worst_cases_come_worst_first_and_among_equals_those_that_another_system_did_better():
    cases = [case("u1", "a"), case("u0", "b"), case("u3", "c"), case("u2", "d"), case("u4", "e", liked=("x", "y"))]
    own = [["x", "y", "a"], ["x", "b"], ["x"], [], ["z"]]
    other = [["a"], [], [], ["d"], ["x", "e"]]
    found = worst(cases, "own", {"own": own, "other": other}, {"a": "Alpha", "x": "Xi"}, n=4)
    assert [row["id"] for row in found] == ["u2", "u4", "u3", "u1"]
    assert [row["done better by"] for row in found] == ["other", "other", None, "other"]
    assert (found[3]["targets"], found[3]["ranked"]) == (["Alpha (a)"], ["Xi (x)", "? (y)", "Alpha (a)"])
    assert found[1]["liked, latest last"] == ["Xi (x)", "? (y)"]
    assert worst(cases, "own", {"own": own}, {}, said={each.id: "said" for each in cases})[0]["said"] == "said"


def test_predictions_say_what_was_ranked_and_what_should_have_been():
    cases = [case("u", "a", "b"), case("v", "c")]
    assert predictions(cases, [["x"], []]) == [
        {"id": "u", "targets": ["a", "b"], "ranked": ["x"]},
        {"id": "v", "targets": ["c"], "ranked": []},
    ]
