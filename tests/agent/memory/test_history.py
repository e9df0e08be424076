"""A long history of events tells tastes: traceable, apart by horizon, undisturbed by single gifts."""

from datetime import UTC, datetime

import numpy as np
import pytest

from convrec.agent.memory.history import Choice, tastes
from tests.agent.shop import over

NOW = datetime(2026, 1, 5, tzinfo=UTC)
DAY = 86_400.0


@pytest.fixture
def catalogue(shop):
    return shop.toolbox.catalogue


def told(catalogue, choices, horizon="long"):
    return {(t.facet, t.value, t.polarity): t for t in tastes(choices, catalogue) if t.horizon == horizon}


def ago(item, days, polarity=1):
    return Choice(item, polarity, NOW.timestamp() - days * DAY)


WESTERNS = ("w1", "w2", "w3", "w4")


def test_what_sets_a_person_apart_is_told_with_the_events_that_show_it(catalogue):
    choices = [ago(item, days) for days, item in enumerate(WESTERNS * 5)]
    found = told(catalogue, choices)["genres", "Western", 1]
    assert found.weight == 1.0
    assert found.share > 3 * found.usual
    assert found.n_events == 20
    assert {item for item, _ in found.evidence} <= {*WESTERNS}
    assert all((item, time) in {(c.item_id, c.time) for c in choices} for item, time in found.evidence)


def test_what_is_refused_is_told_apart_from_what_is_liked(catalogue):
    found = told(catalogue, [*(ago(item, 5) for item in WESTERNS), *(ago(item, 5, -1) for item in ("h1", "h2", "h3"))])
    assert ("genres", "Western", 1) in found
    assert ("genres", "Crime", -1) in found
    assert ("genres", "Crime", 1) not in found


def test_one_gift_is_no_taste(catalogue):
    choices = [ago(item, days) for days, item in enumerate(WESTERNS * 5)]
    assert not any(value == "Crime" for _, value, _ in told(catalogue, [*choices, ago("h2", 1)]))


def test_what_is_new_lately_stands_apart_from_what_is_lasting(catalogue):
    choices = [ago(item, 100 + days) for days, item in enumerate(WESTERNS * 20)] + [
        ago(item, days) for days, item in enumerate(("h1", "h2", "h3") * 7)
    ]
    assert ("genres", "Crime", 1) in told(catalogue, choices, "short")
    assert ("genres", "Western", 1) not in told(catalogue, choices, "short")
    assert max(told(catalogue, choices).items(), key=lambda one: one[1].weight)[0] == ("genres", "Western", 1)


def test_ten_thousand_events_stay_within_the_budget(catalogue):
    rng = np.random.default_rng(0)
    choices = [
        ago(str(item), float(days))
        for item, days in zip(rng.choice(WESTERNS, 10_000), rng.uniform(0, 900, 10_000), strict=True)
    ]
    found = tastes(choices, catalogue, most=5)
    assert 0 < len(found) <= 10
    assert all(len(taste.evidence) <= 5 for taste in found)


def test_nothing_tells_nothing(catalogue):
    assert tastes([], catalogue) == []
    assert tastes([ago("gone", 1)], catalogue) == []


def test_events_of_the_workspace_and_clicks_are_one_history(shop, tmp_path):
    with over(shop, tmp_path / "state.sqlite") as agent:
        assert any(taste.value == "Western" and taste.polarity > 0 for taste in agent.tastes("u01"))
        assert agent.tastes("nobody") == []
        for item in ("h1", "h2", "h3", "h4"):
            agent.feedback(user_id="ana", item_id=item, event="like")
        assert any(taste.value == "Crime" for taste in agent.tastes("ana"))
