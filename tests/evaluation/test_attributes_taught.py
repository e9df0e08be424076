"""The protocol of attributes that nobody taught, and of critiques: what their figures stand on."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from convrec.evaluation.critiques import Moved, summary
from convrec.evaluation.understanding.soft_attributes import SoftCase
from convrec.evaluation.understanding.taught import neighbourly, standings

CASES = (
    SoftCase("1", "r1", "gory", "M", less=("A",), same=("B",), more=("C", "D")),
    SoftCase("2", "r2", "gory", "M", less=("A", "B"), same=(), more=("C",)),
    SoftCase("3", "r2", "funny", "M", less=("C",), same=(), more=("A",)),
)


def test_a_film_stands_by_how_often_it_was_sorted_as_more_and_as_less_so():
    found = standings(CASES, ("funny", "gory"), ("A", "B", "C"))
    assert found[1].tolist() == pytest.approx([-2 / 3, -1 / 3, 2 / 3])
    assert found[0].tolist() == pytest.approx([1 / 2, 0.0, -1 / 2])


def test_neighbours_draw_a_film_half_way_and_a_film_without_any_stays():
    places = np.array([[0.0], [2.0], [4.0]])
    near = csr_array(np.array([[0.0, 1.0, 1.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]]))
    assert neighbourly(places, near).ravel().tolist() == [1.5, 2.0, 2.0]


def test_a_critique_counts_as_moved_only_beyond_the_slate_without_it():
    moved = [Moved(("x",), "up", gain, 0.4, 0.3) for gain in (0.2, 0.0, -0.1, 0.5)]
    (line,) = summary(moved)
    assert "n    4  moved 0.500" in line
    assert "near 1.000" in line
