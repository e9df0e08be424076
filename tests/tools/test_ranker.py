"""The learned ranker: parts that sum, directions that hold, an own shape a column, and nothing lost on the disk."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.tools.candidates import Column
from convrec.tools.ranker import About, Examples, Ranker, trained

COLUMNS = (Column("a/text score", "a", 1), Column("b/text score", "b", 1), Column("year", "match", 0))
CASES, EACH = 200, 20


def examples():
    """In each case the target is the candidate in which `a` and `b` together are highest; the year says nothing."""
    rng = np.random.default_rng(0)
    values = rng.random((CASES * EACH, 3)).astype(np.float32)
    cases = np.repeat(np.arange(CASES), EACH)
    best = (values[:, 0] + values[:, 1]).reshape(CASES, EACH).argmax(axis=1)
    targets = (np.arange(EACH)[None, :] == best[:, None]).astype(np.int64).ravel()
    return Examples(values, targets, cases)


def ranker(shape):
    about = About(
        shape=shape, columns=tuple(c.name for c in COLUMNS), sources=tuple(c.source for c in COLUMNS), listing=("a/text", "b/text"),
        priors=(), limit=EACH, middle=0.3, spread=2.0, slope=1.5, offset=-2.0,
    )  # fmt: skip
    return Ranker(trained(examples(), COLUMNS, shape, 0, rounds=60), about)


@pytest.fixture(scope="module", params=["additive", "lambdamart"])
def taught(request):
    return ranker(request.param)


@pytest.fixture(scope="module")
def additive():
    return ranker("additive")


def test_it_ranks_the_targets_first(taught):
    known = examples()
    scores = taught.scores(known.values).reshape(CASES, EACH)
    targets = known.targets.reshape(CASES, EACH)
    own = (scores * targets).sum(axis=1)
    assert ((scores > own[:, None]).sum(axis=1) < 2).mean() > 0.8


def test_parts_sum_to_the_score(taught):
    values = np.random.default_rng(1).random((500, 3)).astype(np.float32)
    values[::7, 1] = np.nan
    parts = taught.parts(values)
    assert set(parts) == {"base", "a", "b", "match"}
    assert np.sum(list(parts.values()), axis=0) == pytest.approx(taught.scores(values), abs=1e-6)


unit = st.floats(0, 1, width=32)


@settings(max_examples=50)
@given(a=unit, b=unit, year=unit, more=unit)
def test_more_of_what_can_only_help_never_harms(taught, a, b, year, more):
    low, high = sorted((a, more))
    values = np.array([[low, b, year], [high, b, year]], np.float32)
    scores = taught.scores(values)
    assert scores[1] >= scores[0] - 1e-9


@settings(max_examples=50)
@given(a=unit, b=unit, year=unit, other=unit)
def test_an_additive_part_depends_on_its_own_columns_alone(additive, a, b, year, other):
    parts = additive.parts(np.array([[a, b, year], [a, other, 1.0 - year]], np.float32))
    assert parts["a"][0] == pytest.approx(parts["a"][1], abs=1e-9)


def test_confidence_is_a_probability_that_rises_with_the_score(taught):
    scores = np.linspace(-5, 5, 50)
    confidence = taught.confidence(scores)
    assert (np.diff(confidence) > 0).all()
    assert ((confidence > 0) & (confidence < 1)).all()


def test_saved_and_loaded_it_scores_the_same(taught, tmp_path):
    taught.save(tmp_path, "dialogue")
    assert {path.suffix for path in tmp_path.iterdir()} == {".json"}
    loaded = Ranker.load(tmp_path, "dialogue")
    values = np.random.default_rng(2).random((50, 3)).astype(np.float32)
    assert loaded.scores(values).tolist() == taught.scores(values).tolist()
    assert loaded.about == taught.about
    assert Ranker.load(tmp_path, "history") is None


def test_the_same_seed_teaches_the_same_trees():
    assert ranker("lambdamart").model == ranker("lambdamart").model
