"""Bootstrap intervals: how often they hold the truth, what they draw, and what a gain of nothing looks like."""

import numpy as np
import pytest

from convrec.core.metrics.bootstrap import Estimate, Gain, Ratio, Resampling, mean


def each_its_own(n):
    """A group for each of n cases."""
    return [f"g{number}" for number in range(n)]


@pytest.fixture
def sample():
    """Forty values around 0.5."""
    return np.random.default_rng(7).normal(0.5, 0.1, 40)


def test_a_ratio_is_a_sum_over_a_sum():
    assert Ratio(np.array([1.0, 2.0]), np.array([4.0, 2.0])).value == 3 / 6
    assert mean([1, 2, 6]).value == 3
    assert np.isnan(mean([]).value)
    assert np.isnan(Ratio(np.array([1.0]), np.array([0.0])).value)


def test_the_same_seed_gives_the_same_draws(sample):
    one, again, other = (Resampling(each_its_own(40), seed=seed).estimate(mean(sample)) for seed in (3, 3, 4))
    assert repr(one) == repr(again)
    assert repr(one) != repr(other)


def test_estimates_do_not_disturb_one_another(sample):
    draws = Resampling(each_its_own(40))
    first = draws.estimate(mean(sample))
    draws.estimate(mean(sample**2))
    assert draws.estimate(mean(sample)) == first


def test_the_interval_holds_the_truth_about_95_times_in_100():
    """Sixty normal cases, 400 times over: the percentile interval is known to be slightly narrow for few cases."""
    rng = np.random.default_rng(11)
    draws = Resampling(each_its_own(60), draws=400)
    found = [draws.estimate(mean(rng.normal(2.0, 1.0, 60))) for _ in range(400)]
    assert 0.92 <= np.mean([each.low <= 2.0 <= each.high for each in found]) <= 0.97


def test_the_interval_is_as_wide_as_theory_says():
    values = np.random.default_rng(5).normal(0.0, 1.0, 500)
    found = Resampling(each_its_own(500), draws=4000).estimate(mean(values))
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(500), rel=0.06)
    assert found.low < found.value < found.high


def test_another_level_has_another_width(sample):
    wide = Resampling(each_its_own(40), level=0.99).estimate(mean(sample))
    narrow = Resampling(each_its_own(40), level=0.5).estimate(mean(sample))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_whole_groups_are_drawn(sample):
    """Each case three times within its group says nothing new; as cases of their own they would seem to."""
    once = Resampling(each_its_own(40)).estimate(mean(sample))
    thrice = Resampling([name for name in each_its_own(40) for _ in range(3)]).estimate(mean(np.repeat(sample, 3)))
    apart = Resampling(each_its_own(120)).estimate(mean(np.repeat(sample, 3)))
    assert (thrice.low, thrice.high) == pytest.approx((once.low, once.high))
    assert apart.high - apart.low < 0.7 * (once.high - once.low)


def test_a_ratio_weighs_groups_by_their_denominators():
    """Two groups, 1 of 1 and 0 of 3: a draw has 2/2, 1/4 or 0/6, never the mean of the two shares."""
    ratio = Ratio(np.array([1.0, 0.0]), np.array([1.0, 3.0]))
    found = Resampling(["a", "b"]).estimate(ratio)
    assert (found.value, found.low, found.high) == (1 / 4, 0, 1)


def test_draws_without_a_denominator_are_left_out():
    found = Resampling(["a", "b"]).estimate(Ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])))
    assert found == Estimate(0.5, 0.5, 0.5)


def test_one_group_is_its_own_interval():
    found = Resampling(["a", "a", "a"]).estimate(mean([0.25, 0.5, 1.5]))
    assert found == Estimate(0.75, 0.75, 0.75)


def test_nothing_has_no_estimate():
    draws = Resampling([])
    assert draws.n_groups == 0
    assert draws.estimate(mean([])) == Estimate(None, None, None)
    assert draws.gain(mean([]), mean([])) == Gain(None, None, None, None)


def test_values_for_other_cases_are_refused():
    with pytest.raises(ValueError, match="length"):
        Resampling(["a", "b"]).estimate(mean([1.0]))


def test_a_system_gains_nothing_over_itself(sample):
    assert Resampling(each_its_own(40)).gain(mean(sample), mean(sample.copy())) == Gain(0, 0, 0, 1)


def test_rounding_is_no_gain():
    """The same values in another order add up to something else in the last digit: 0.6000000000000001 and 0.6."""
    draws = Resampling(["a", "a", "a", "b", "b", "b"])
    one, other = mean([0.1, 0.2, 0.3] * 2), mean([0.3, 0.2, 0.1] * 2)
    assert (0.1 + 0.2 + 0.3) != (0.3 + 0.2 + 0.1)
    assert draws.gain(one, other) == Gain(0, 0, 0, 1)


def test_a_planted_gain_is_found(sample):
    """Half a standard deviation: too little to part the two intervals, enough for the paired difference."""
    noise = np.random.default_rng(8).normal(0, 0.02, 40)
    draws = Resampling(each_its_own(40))
    better, base = mean(sample + 0.05 + noise), mean(sample)
    found = draws.gain(better, base)
    assert found.value == pytest.approx(0.05, abs=0.01)
    assert 0 < found.low < found.value < found.high
    assert found.p == pytest.approx(2 / 1001)  # no draw of a thousand is on the other side
    worse = draws.gain(base, better)
    assert (worse.value, worse.low, worse.high) == pytest.approx((-found.value, -found.high, -found.low))
    assert worse.p == found.p


def test_a_gain_of_nothing_is_rarely_found():
    rng = np.random.default_rng(13)
    draws = Resampling(each_its_own(60), draws=400)
    found = [draws.gain(mean(rng.normal(size=60)), mean(rng.normal(size=60))).p for _ in range(300)]
    assert 0.02 <= np.mean([p <= 0.05 for p in found]) <= 0.09


def test_one_group_proves_nothing():
    assert Resampling(["a", "a"]).gain(mean([1.0, 1.0]), mean([0.0, 0.5])) == Gain(0.75, 0.75, 0.75, None)
