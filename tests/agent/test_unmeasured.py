"""A bound that no field of the catalogue can hold is owned up to, and one that a field holds is not remarked on."""

import pytest

from convrec.agent.compact.unmeasured import unmeasured
from convrec.catalogue.schema import TITLE, Field, Schema

BARE = Schema()
FULL = Schema(fields=(TITLE, Field(name="runtime", type="number"), Field(name="price", type="number")))


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a sci fi film under two hours", "length"),
        ("max 90 minutes please", "length"),
        ("not to long tho", "length"),
        ("a cheap one", "price"),
        ("a game for 20 euros", "price"),
        ("something under £10", "price"),
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
