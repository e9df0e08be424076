"""Choruses: made-up people who choose one item along with the same few others are heard as few, and everybody else as ever."""

import numpy as np
import pytest

from convrec.catalogue.interactions import Interactions
from convrec.tools.choruses import chorus
from convrec.tools.contract import Events
from convrec.tools.training import choices_of

N_ITEMS, N_PEOPLE, TARGET = 300, 500, 299


def people(seed=0):
    """Returns the choices of people who like ten items each, some items more often than others."""
    rng = np.random.default_rng(seed)
    worth = 1.0 / (10.0 + np.arange(N_ITEMS))
    rows = [rng.choice(N_ITEMS, 10, replace=False, p=worth / worth.sum()) for _ in range(N_PEOPLE)]
    return Events(np.repeat(np.arange(N_PEOPLE), 10), np.concatenate(rows), np.arange(N_PEOPLE * 10, dtype=float))


def joined(events, n, others):
    """Returns the events with those of `n` made-up people after them, who like the target and, each, what `others` gives."""
    rows = [[TARGET, *others(number)] for number in range(n)]
    users = np.repeat(np.arange(n), len(rows[0])) + N_PEOPLE
    late = np.full(len(users), events.time.max() + 1)
    return Events(np.r_[events.user, users], np.r_[events.row, np.concatenate(rows)], np.r_[events.time, late])


def test_people_with_tastes_of_their_own_are_all_heard():
    assert not chorus(people(), N_PEOPLE, N_ITEMS).any()


@pytest.mark.parametrize("pool", [4, 12])
def test_of_made_up_people_five_are_heard_for_the_item_that_they_push_and_nobody_else_is_lost(pool):
    rng = np.random.default_rng(1)
    events = joined(people(), 60, lambda number: rng.choice(pool, 4, replace=False))
    crowd = chorus(events, N_PEOPLE + 60, N_ITEMS)
    made_up = events.user >= N_PEOPLE
    assert (made_up & (events.row == TARGET) & ~crowd).sum() == 5
    assert not crowd[~made_up].any()


def test_those_who_came_first_are_the_ones_heard():
    events = joined(people(), 60, lambda number: range(4))
    crowd = chorus(events, N_PEOPLE + 60, N_ITEMS)
    heard = events.user[(events.row == TARGET) & ~crowd]
    assert heard.tolist() == [
        *events.user[(events.row == TARGET) & (events.user < N_PEOPLE)],
        *range(N_PEOPLE, N_PEOPLE + 5),
    ]


def test_sets_that_are_bought_whole_all_over_a_catalogue_are_no_chorus():
    rng = np.random.default_rng(2)
    sets = rng.integers(0, N_ITEMS // 5, N_PEOPLE)
    events = Events(
        np.repeat(np.arange(N_PEOPLE), 5), (5 * sets[:, None] + np.arange(5)).ravel(), np.zeros(N_PEOPLE * 5)
    )
    assert not chorus(events, N_PEOPLE, N_ITEMS).any()


def test_too_few_items_or_nobody_show_nothing_unusual():
    few = Events(np.repeat(np.arange(50), 2), np.tile([0, 1], 50), np.zeros(100))
    assert not chorus(few, 50, 2).any()
    assert len(chorus(Events.none(), 0, 0)) == 0


def test_what_a_chorus_chose_is_learned_from_by_no_tool_and_its_ratings_are_not_counted():
    events = joined(people(), 60, lambda number: range(4))
    n = len(events)
    brought = Interactions(
        [str(user) for user in range(N_PEOPLE + 60)], events.user, events.row, np.full(n, 5.0), np.full(n, "rating"), events.time, 0
    )  # fmt: skip
    found = choices_of(brought, N_ITEMS)
    target = (found.events.user >= N_PEOPLE) & (found.events.row == TARGET)
    assert target.sum() == 5
    assert len(found.ratings) == len(found.events)
