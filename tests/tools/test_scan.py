import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.tools.scan import Scan


def unit(seed, n, width=24):
    vectors = np.random.default_rng(seed).standard_normal((n, width)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 40), allowed=st.sampled_from([0.0, 0.02, 0.1, 0.5, 1.0]))
def test_the_nearest_are_those_of_a_product_in_full_precision(seed, k, allowed):
    scan, direction = Scan(unit(seed, 400)), unit(seed + 1, 1)[0]
    mask = np.random.default_rng(seed).random(400) < allowed
    exact = scan.vectors.astype(np.float64) @ direction.astype(np.float64)
    best = sorted(np.flatnonzero(mask).tolist(), key=lambda number: -exact[number])[:k]
    numbers, products = scan.nearest(direction, k, mask)
    assert set(best) <= set(numbers.tolist()) <= set(np.flatnonzero(mask).tolist())
    assert (np.diff(numbers) > 0).all()
    assert products == pytest.approx(exact[numbers], abs=1e-8)


def test_few_more_than_asked_for_are_multiplied_twice():
    scan = Scan(unit(0, 20_000))
    assert 200 <= len(scan.nearest(unit(1, 1)[0], 200)[0]) < 260


def test_vectors_closer_than_16_bits_can_tell_are_told_apart():
    """Cosines that 16-bit floats round to one number come in their true order."""
    near = np.tile(unit(3, 1, 64), (50, 1)).astype(np.float16)
    near[:, 0] += np.arange(50, dtype=np.float16) * np.float16(1e-3)
    scan, direction = Scan(near), unit(3, 1, 64)[0]
    exact = near.astype(np.float64) @ direction.astype(np.float64)
    numbers, _ = scan.nearest(direction, 3)
    assert set(np.argsort(-exact, kind="stable")[:3].tolist()) <= set(numbers.tolist())


def test_equal_vectors_tie_wherever_they_stand():
    scan = Scan(np.tile(unit(5, 1, 384), (9001, 1)))
    assert len(set(scan.nearest(unit(6, 1, 384)[0], 9001)[1].tolist())) == 1
    assert len(set(scan.every(unit(6, 1, 384)[0]).tolist())) == 1


def test_all_products_agree_with_single_ones():
    scan, direction = Scan(unit(7, 5000)), unit(8, 1)[0]
    assert scan.every(direction) == pytest.approx(scan.products(direction, np.arange(5000)), abs=2e-6)
