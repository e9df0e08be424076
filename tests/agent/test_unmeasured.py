"""A bound that no field of the catalogue can hold is owned up to, and one that a field holds is not remarked on."""

import pytest

from convrec.agent.compact.unmeasured import unfiltered, unmeasured
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import FixedClock
from convrec.evaluation.understanding.workspaces import cached
from tests.agent.shop import NOON

BARE = Schema()
FULL = Schema(fields=(TITLE, *(Field(name=name, type="number") for name in ("runtime", "price", "rating"))))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a sci fi film under two hours", "length"),
        ("max 90 minutes please", "length"),
        ("not to long tho", "length"),
        ("a cheap one", "price"),
        ("a game for 20 euros", "price"),
        ("something under £10", "price"),
        ("the shortest western", "length"),
        ("the most expensive you have", "price"),
        ("the best rated comedy", "rating"),
        ("something with the highest score", "rating"),
        ("a comedy from not too long ago", ""),
        ("a film about two hours in a lift", ""),
        ("a long journey home", ""),
    ],
)
def test_what_nothing_measures_is_found(text, what):
    assert unmeasured(text, BARE) == what
    assert unmeasured(text, FULL) == ""


def test_the_reply_owns_up_to_it(agent):
    reply = agent.chat("a comedy under two hours", user_id="unmeasured", thread_id="t")
    assert "how long they are" in reply.text.casefold()
    assert reply.items
    assert "how long they are" not in agent.chat("another one", user_id="unmeasured", thread_id="t").text.casefold()


@pytest.fixture(scope="module")
def told_in_words(tmp_path_factory):
    """Games whose players and pages are told in words, and whose age is a number."""
    ways = ("2 to 4, best with 3", "solo or 2", "a crowd of 8")
    rows = [
        {"id": str(n), "title": f"Thing {n}", "Players": f"{ways[n % 3]} ({n})", "Mood": "cosy", "Age": n % 9}
        for n in range(40)
    ]
    fields = (
        TITLE,
        Field(name="Players", type="text"),
        Field(name="Mood", type="category"),
        Field(name="Age", type="number"),
    )
    folder = tmp_path_factory.mktemp("words")
    return cached(folder, "words", rows, Schema(fields=fields), FixedClock(NOON))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("a game for 4 players", "Players"),
        ("something for four people", "Players"),
        ("players at least 5", "Players"),
        ("age 7", None),
        ("3 moods", None),
        ("give me 3", None),
        ("a game with many players", None),
    ],
)
def test_a_number_of_what_is_told_in_words_is_found(told_in_words, text, field):
    found = unfiltered(text, told_in_words)
    assert (found.name if found else None) == field
