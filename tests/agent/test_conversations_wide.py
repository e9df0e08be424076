"""A floor under the wide conversations: a change that makes the agent listen worse over any of the four catalogues shows here."""

import pytest

from tests.agent.conversation import load, scripts
from tests.agent.wide import WIDE, held, opened

pytestmark = pytest.mark.ci
FLOOR = 0.88
"""Of the turns; `python scripts/conversations_wide.py -v` holds them all, and says what failed in which."""


@pytest.mark.parametrize("catalogue", ["films", "games", "plants", "restaurants"])
def test_turns_go_without_a_fault(catalogue, tmp_path):
    talks = [talk for talk in map(load, scripts(WIDE)) if talk.catalogue == catalogue][::3]
    agent, items = opened(catalogue, tmp_path)
    with agent:
        right = sum(held(talk, agent, items)[2] for talk in talks)
    assert right >= FLOOR * sum(len(talk.lines) for talk in talks)
