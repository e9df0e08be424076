"""The measure of listening counts what it should, and only that."""

import pytest

from tests.agent.listening import Score, bounds_of, listened, same


def wish(facet, value, polarity=1):
    return {"facet": facet, "value": value, "polarity": polarity}


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (wish("cuisine", "Thai"), wish("cuisine", "thai")),
        (wish("price", {"le": 15}), wish("price", "..15")),
        (wish("year", "1990..1999"), wish("year", "1990..1999")),
        (wish("players", 4), wish("players", "4..4")),
        (wish("price", "low"), wish("price", "..20")),
        (wish("year", {"lt": 2019}), wish("year", "..2018")),
        (wish("item", "Heat (1995)"), wish("item", "Heat")),
        (wish("text", "cosy"), wish("text", "cosy and warm")),
    ],
)
def test_wishes_that_are_the_same(said, heard):
    assert same(said, heard)


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        (wish("cuisine", "Thai"), wish("cuisine", "Thai", -1)),
        (wish("cuisine", "Thai"), wish("text", "Thai")),
        (wish("price", {"le": 15}), wish("price", "15..")),
        (wish("price", "low"), wish("price", "20..")),
        (wish("year", "1990..1999"), wish("year", "1990..2000")),
        (wish("text", "cosy"), wish("text", "loud")),
    ],
)
def test_wishes_that_are_not(said, heard):
    assert not same(said, heard)


def test_a_wish_is_heard_once():
    assert listened([wish("area", "Old Town")], [wish("area", "Old Town")] * 2) == Score(1, 2, 1)
    assert listened([], []).f1 == 1.0
    assert listened([wish("area", "Old Town")], []).f1 == 0.0


def test_what_is_no_number_has_no_bounds():
    assert bounds_of("Thai") is None
    assert bounds_of(True) is None
