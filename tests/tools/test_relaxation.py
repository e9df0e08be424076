"""The least that must be let go is found, whatever the demands."""

from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.relaxation import relaxations

ALL = np.ones(6, np.bool_)


def at(*rows, n=6):
    mask = np.zeros(n, np.bool_)
    mask[list(rows)] = True
    return mask


def dropped(*arguments, **named):
    return [one.dropped for one in relaxations(*arguments, **named)]


def test_one_demand_that_stands_alone_against_the_rest_is_dropped():
    (only,) = relaxations([at(0, 1, 2), at(1, 2), at(5)], ALL, [1, 2, 3])
    assert (only.dropped, only.rows.tolist()) == ((2,), [1, 2])


def test_the_latest_demand_is_kept_where_as_few_others_do():
    assert dropped([at(0, 1), at(4)], ALL, [1, 2]) == [(0,), (1,)]
    assert dropped([at(0, 1), at(4)], ALL, [2, 1]) == [(1,), (0,)]


def test_of_demands_made_at_once_the_one_that_opens_most_is_dropped():
    assert dropped([at(0), at(2, 3, 4)], ALL, [1, 1]) == [(0,), (1,)]


def test_two_are_dropped_where_one_is_not_enough():
    assert dropped([at(0), at(1), at(2)], ALL, [1, 2, 3]) == [(0, 1), (0, 2), (1, 2)]


def test_what_must_be_kept_is_kept():
    assert dropped([at(0, 1), at(4)], ALL, [1, 2], kept=(0,)) == [(1,)]
    assert dropped([at(), at(4)], ALL, [1, 2], kept=(0,)) == []


def test_nothing_is_dropped_where_something_matches_or_nothing_is_left():
    assert dropped([at(0), at(0, 1)], ALL, [1, 2]) == []
    assert dropped([at(0), at(1)], at(), [1, 2]) == []
    assert dropped([], ALL, []) == []


rows_of = st.lists(st.integers(0, 7), max_size=8).map(lambda rows: at(*rows, n=8))


@given(st.lists(rows_of, min_size=1, max_size=7), rows_of, st.data())
def test_no_smaller_set_would_do_and_none_of_the_smallest_is_missed(demands, left, data):
    stated = [data.draw(st.integers(0, 3)) for _ in demands]
    kept = tuple(place for place in range(len(demands)) if data.draw(st.booleans()))

    def opened(gone):
        return left & np.logical_and.reduce([d for place, d in enumerate(demands) if place not in gone], initial=True)

    free = [place for place in range(len(demands)) if place not in kept]
    by_size = ({gone for gone in combinations(free, size) if opened(gone).any()} for size in range(len(free) + 1))
    smallest = next((sets for sets in by_size if sets), set())
    found = relaxations(demands, left, stated, kept)
    assert {one.dropped for one in found} == smallest - {()}
    assert all(np.array_equal(at(*one.rows, n=8), opened(one.dropped)) for one in found)
