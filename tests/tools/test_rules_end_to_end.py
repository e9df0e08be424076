"""Rules through the whole toolbox: move to tests/tools once the toolbox applies them (fixture `films` of tests/tools/conftest.py)."""

import pytest

from convrec.core.predicate import Comparison, Not
from convrec.core.settings import Rule
from convrec.tools.rules import Rules
from convrec.tools.toolbox import Request, Toolbox, Wish

COMEDY = Comparison(field="genres", op="contains", value="Comedy")
HORROR = Comparison(field="genres", op="contains", value="Horror")


@pytest.fixture
def ruled(films):
    box = Toolbox.open(films)

    def open_(*rules):
        box.rules = Rules.open(rules, box.catalogue)
        box._remembered.clear()
        return box

    return open_


def found(box, **asked):
    result = box.recommend(Request(**{"text": "a heist goes wrong", "k": 50, **asked}))
    for item in result.items:
        assert sum(item.contributions.values()) == pytest.approx(item.score, abs=1e-6)
    return [item.id for item in result.items]


def test_pins_first_but_after_named_and_never_against_a_demand(ruled):
    box = ruled(Rule(pin=("notebook", "alien")))
    assert found(box)[:2] == ["notebook", "alien"]
    assert found(box, named=("airplane",))[:3] == ["airplane", "notebook", "alien"]
    assert found(box, filter=Not(arg=HORROR))[0] == "notebook"
    assert "alien" not in found(box, filter=Not(arg=HORROR))
    assert "notebook" not in found(box, exclude=frozenset({"notebook"}))
    assert found(box, diversity=1.0)[:2] == ["notebook", "alien"]


def test_filter_is_always_on(ruled):
    box = ruled(Rule(filter=Not(arg=HORROR)))
    assert not {"alien", "aliens"} & set(found(box))
    assert not {"alien", "aliens"} & set(found(box, named=("alien",)))
    assert not {"alien", "aliens"} & {i.id for i in box.search("a creature in space", k=50).items}


def test_boost_bury_and_when(ruled):
    assert found(ruled(Rule(boost=COMEDY, amount=1.0)), diversity=0.0)[0] in {
        "airplane",
        "hangover",
        "amelie",
        "heat",
        "ronin",
    }
    plain, buried = found(ruled(), diversity=0.0), found(ruled(Rule(bury=("heat",), amount=1.0)), diversity=0.0)
    assert buried.index("heat") > plain.index("heat")
    box = ruled(Rule(pin=("aliens",), when=HORROR))
    assert found(box, filter=HORROR)[0] == "aliens"
    assert found(box, diversity=0.0)[0] != "aliens"
    assert found(box, wishes=(Wish("h", HORROR, 1.0),))[0] == "aliens"
