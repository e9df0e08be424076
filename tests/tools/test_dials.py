"""The dials of a list, in the lists themselves: exploration and the balance of several tastes."""

import numpy as np
import pytest

from convrec.tools.conformance import N_ITEMS, tribal_data, two_tribes
from convrec.tools.dense import Dense
from convrec.tools.popularity import Popularity
from convrec.tools.toolbox import Request, Toolbox


@pytest.fixture(scope="module")
def tribes(tmp_path_factory):
    """Two kinds of items, by turns; nothing but popularity and cards."""
    catalogue = two_tribes(tmp_path_factory.mktemp("dials") / "workspace").catalogue()
    data, tools = tribal_data(catalogue), {"popularity": Popularity(), "dense": Dense()}
    for tool in tools.values():
        tool.fit(data)
    tools["popularity"]._counts = np.arange(
        N_ITEMS, dtype=float
    )  # every item is known to one person more than the one before
    return Toolbox(catalogue, tools)


def listed(box, **asked):
    return box.recommend(Request(diversity=0.0, **asked)).items


def test_more_exploration_never_shows_better_known_items(tribes):
    """The mean place of the list's items in the order of popularity falls as the dial is turned up."""
    known = [np.mean([item.row for item in listed(tribes, k=6, exploration=dial)]) for dial in (0.0, 0.25, 0.5, 1.0)]
    assert known == sorted(known, reverse=True)
    assert known[-1] < known[0]


def test_exploration_is_a_part_of_the_score_and_the_same_request_explores_alike(tribes):
    asked = {"text": "submarine", "k": 8, "exploration": 0.7}
    items = listed(tribes, **asked)
    assert any(item.contributions.get("exploration", 0.0) > 0 for item in items)
    assert all(sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-6) for item in items)
    assert [item.id for item in listed(tribes, **asked)] == [item.id for item in items]


def test_at_rest_nothing_is_explored(tribes):
    assert all("exploration" not in item.contributions for item in listed(tribes, text="submarine", k=8))


def test_a_balanced_list_keeps_the_proportions_of_two_tastes(tribes):
    """Who liked two submarines and one orchard gets both kinds, two to one; by score alone the list is one-sided."""
    history = {"i0": 1.0, "i2": 1.0, "i1": 1.0}
    kinds = [item.row % 2 for item in listed(tribes, history=history, k=6, balance=0.9)]
    assert kinds.count(0) == 4
    assert kinds.count(1) == 2
    assert [item.row % 2 for item in listed(tribes, history=history, k=6)] != kinds
