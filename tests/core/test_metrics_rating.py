"""Errors of predicted ratings, and the baselines without a model of taste."""

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.core.metrics.rating import DampedMeans, mae, mean_baseline, rmse

RATINGS = st.lists(st.floats(0.5, 5), min_size=1, max_size=20)
errors = pytest.mark.parametrize("error", [rmse, mae], ids=lambda error: error.__name__)


def test_errors_worked_out_by_hand():
    # errors 1, -2, 0, 1
    predicted, actual = [4, 1, 3, 5], [3, 3, 3, 4]
    assert rmse(predicted, actual) == pytest.approx(math.sqrt((1 + 4 + 0 + 1) / 4))
    assert mae(predicted, actual) == pytest.approx((1 + 2 + 0 + 1) / 4)


@errors
@given(ratings=RATINGS)
def test_an_oracle_makes_no_error(error, ratings):
    assert error(ratings, ratings) == 0


@given(ratings=RATINGS, shift=st.floats(-2, 2))
def test_the_mean_absolute_error_never_exceeds_the_root_mean_square(ratings, shift):
    predicted = [rating + shift * (number % 3) for number, rating in enumerate(ratings)]
    assert mae(predicted, ratings) <= rmse(predicted, ratings) + 1e-12


@errors
@pytest.mark.parametrize(
    ("predicted", "actual"), [([math.nan], [3]), ([3], [math.nan]), ([], []), ([1, 2], [1]), ([1], [[1]])], ids=str
)
def test_what_has_no_prediction_is_refused_not_filled_in(error, predicted, actual):
    with pytest.raises(ValueError, match=r"NaN|shape"):
        error(predicted, actual)


def test_the_mean_baseline_is_the_mean_of_training():
    assert mean_baseline([5, 3, 1]) == 3
    for values in ([], [1, math.nan]):
        with pytest.raises(ValueError, match="NaN"):
            mean_baseline(values)


def test_damped_means_worked_out_by_hand():
    # The mean is 3. Residuals of x: 1, 1; of y: -2. With a damping of 2: b_x = 2 / 4, b_y = -2 / 3.
    # What is left: u1 has 0.5 (x) and -4/3 (y), u2 has 0.5 (x). With a damping of 1: b_u1 = (-5/6) / 3, b_u2 = 0.5 / 2.
    fitted = DampedMeans.fit(["u1", "u2", "u1"], ["x", "x", "y"], [4, 4, 1], item_damping=2, user_damping=1)
    assert fitted.mean == 3
    assert fitted.item_bias == pytest.approx({"x": 1 / 2, "y": -2 / 3})
    assert fitted.user_bias == pytest.approx({"u1": -5 / 18, "u2": 1 / 4})
    assert fitted.predict(["u2", "u1"], ["y", "x"]) == pytest.approx([3 - 2 / 3 + 1 / 4, 3 + 1 / 2 - 5 / 18])


def test_a_stranger_gets_what_is_known():
    fitted = DampedMeans.fit(["u", "v"], ["x", "y"], [5, 1], item_damping=0, user_damping=0)
    assert fitted.predict(["new", "new", "u"], ["new", "x", "new"]) == pytest.approx([3, 5, 3])
    assert fitted.predict([], []).shape == (0,)


def test_without_damping_planted_biases_are_found():
    users, items = ["u", "u", "v", "v"], ["x", "y", "x", "y"]
    ratings = [3 + 1 + 0.5, 3 + 1 - 0.5, 3 - 1 + 0.5, 3 - 1 - 0.5]
    fitted = DampedMeans.fit(users, items, ratings, item_damping=0, user_damping=0)
    assert fitted.user_bias == pytest.approx({"u": 1, "v": -1})
    assert fitted.item_bias == pytest.approx({"x": 0.5, "y": -0.5})
    assert rmse(fitted.predict(users, items), ratings) == pytest.approx(0)


@given(damping=st.floats(0, 100))
def test_damping_draws_towards_the_mean(damping):
    data = (["u", "v"], ["x", "y"], [5, 1])
    little = DampedMeans.fit(*data, item_damping=damping, user_damping=5)
    more = DampedMeans.fit(*data, item_damping=damping + 1, user_damping=5)
    assert 0 < more.item_bias["x"] < little.item_bias["x"]


@pytest.mark.parametrize(
    ("users", "items", "ratings", "reason"),
    [
        ([], [], [], "at least one"),
        (["u"], ["x"], [math.nan], "NaN"),
        (["u"], ["x", "y"], [1, 2], "belong together"),
        (["u", "v"], ["x", "y"], [1], "belong together"),
    ],
)
def test_ratings_that_cannot_be_fitted_are_refused(users, items, ratings, reason):
    with pytest.raises(ValueError, match=reason):
        DampedMeans.fit(users, items, ratings)


def test_a_negative_damping_is_refused():
    with pytest.raises(ValueError, match="damping"):
        DampedMeans.fit(["u"], ["x"], [1], item_damping=-1)


def test_pairs_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        DampedMeans(3.0, {}, {}).predict(["u"], ["x", "y"])


def test_a_fitted_baseline_stays_as_it_is():
    fitted = DampedMeans.fit(["u"], ["x"], np.array([4.0]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted.mean = 1.0
