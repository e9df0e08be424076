"""A like and a dislike move what is like them, at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.critiquing import few_shot, nearness

AXES = np.eye(4, dtype=np.float32)
NONE = np.empty((0, 4), np.float32)


def test_what_is_near_the_rejected_falls_and_what_is_near_the_liked_rises():
    parts = few_shot(AXES, AXES[:1], AXES[2:3], 0.5, 0.25)
    assert parts["liked"].tolist() == [0.5, 0, 0, 0]
    assert parts["disliked"].tolist() == [0, 0, -0.25, 0]


def test_without_feedback_nothing_moves():
    assert few_shot(AXES, NONE, NONE, 1.0, 1.0) == {}


def test_nearness_is_the_mean_of_the_closest():
    marked = np.stack([AXES[0], AXES[0], -AXES[0], AXES[1]])
    assert nearness(AXES, marked, closest=2).tolist() == [1.0, 0.5, 0.0, 0.0]
    assert nearness(NONE, marked).tolist() == []


@given(st.integers(0, 10_000), st.floats(0.01, 2.0))
def test_the_rejected_itself_never_falls_less_than_another(seed, push):
    rng = np.random.default_rng(seed)
    vectors = rng.standard_normal((20, 8))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    parts = few_shot(vectors, np.empty((0, 8), np.float32), vectors[3:4], 1.0, push)
    assert parts["disliked"].argmin() == 3
    assert (parts["disliked"] <= 0).all()
