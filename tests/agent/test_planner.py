"""What a turn will do: how many items are asked for, and whether the person wants questions."""

import pytest

from convrec.agent.planner import counted, wants_quiet


@pytest.mark.parametrize(
    ("text", "count"),
    [("give me two", 2), ("just one", 1), ("show me 10", 10), ("give me eleven", None), ("two hours", None)],
)
def test_how_many_are_asked_for(text, count):
    assert counted(text) == count


@pytest.mark.parametrize(
    ("text", "before", "quiet"),
    [
        ("no more questions", False, True),
        ("don't ask me anything", False, True),
        ("please don’t keep asking", False, True),
        ("dont ask", False, True),
        ("something funny", True, True),
        ("ask me something", True, False),
        ("don't ask for money", False, False),
        ("something funny", False, False),
    ],
)
def test_who_wants_no_questions_gets_none_until_they_ask_for_one(text, before, quiet):
    assert wants_quiet(text, before) is quiet
