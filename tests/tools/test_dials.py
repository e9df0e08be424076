"""The dials do what they say: turned up, a list is more diverse, or less known."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.exploring import explored, novelty
from convrec.tools.mmr import diversified

DIAL = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)


def unit(rng, n, width=12):
    vectors = rng.standard_normal((n, width)) + 2.0 * np.eye(width)[rng.integers(0, 4, n)]
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def likeness(vectors):
    """The mean cosine of a list's pairs."""
    cosines = vectors @ vectors.T
    return float(cosines[np.triu_indices(len(vectors), 1)].mean())


def test_more_diversity_lowers_the_mean_likeness_of_a_slate():
    """In the mean over 150 lists; each list alone may rise by what the greedy choice misses."""
    rng = np.random.default_rng(0)
    lists = [(rng.random(60), unit(rng, 60)) for _ in range(150)]
    means = [np.mean([likeness(v[diversified(s, v, dial, 8)]) for s, v in lists]) for dial in DIAL]
    assert all(later <= earlier + 0.002 for earlier, later in pairwise(means))
    assert means[-1] < means[0] - 0.1


def listed(scores, unknown, dial, seed, k=10):
    return np.argsort(-(scores + explored(scores, unknown, dial, seed)), kind="stable")[:k]


@given(st.integers(0, 100_000), st.integers(12, 80))
def test_more_exploration_never_shows_better_known_items(seed, n):
    """What exploration adds to a list in all never falls as the dial goes up: true of every list, not in the mean alone."""
    rng = np.random.default_rng(seed)
    scores, unknown = rng.standard_normal(n), novelty(rng.pareto(1.0, n) * 10)
    reach = explored(scores, unknown, 1.0, seed)
    sums = [reach[listed(scores, unknown, dial, seed)].sum() for dial in DIAL]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(sums))


def test_more_exploration_raises_novelty_and_lowers_popularity_in_the_mean():
    rng = np.random.default_rng(1)
    cases = [(rng.pareto(1.0, 80) * 20, rng.standard_normal(80)) for _ in range(100)]
    cases = [(counts, noise + np.log1p(counts)) for counts, noise in cases]  # what is known scores high, as it does
    new, known = [], []
    for dial in DIAL:
        lists = [(counts, listed(scores, novelty(counts), dial, seed)) for seed, (counts, scores) in enumerate(cases)]
        new.append(np.mean([novelty(counts)[chosen].mean() for counts, chosen in lists]))
        known.append(np.mean([np.log1p(counts[chosen]).mean() for counts, chosen in lists]))
    assert new == sorted(new)
    assert known == sorted(known, reverse=True)
    assert new[-1] > new[0] + 0.1


def test_a_seed_draws_the_same_chances_and_another_seed_others():
    scores, unknown = np.linspace(0, 1, 30), np.linspace(1, 0, 30)
    assert np.array_equal(explored(scores, unknown, 0.5, 7), explored(scores, unknown, 0.5, 7))
    assert not np.array_equal(explored(scores, unknown, 0.5, 7), explored(scores, unknown, 0.5, 8))
    assert not explored(scores, unknown, 0.0, 7).any()


def test_novelty_runs_from_the_best_known_to_the_unknown():
    assert novelty(np.array([0.0, 9.0, np.nan])).tolist() == [1.0, 0.0, 1.0]
    assert novelty(np.zeros(2)).tolist() == [1.0, 1.0]
    assert novelty(np.empty(0)).tolist() == []
