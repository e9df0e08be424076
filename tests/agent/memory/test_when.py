"""When something was, as people say it."""

from datetime import UTC, date, datetime, timedelta

import pytest

from convrec.agent.memory.when import window

NOW = datetime(2026, 11, 28, 13, tzinfo=UTC)
"""A Saturday."""


@pytest.mark.parametrize(
    ("said", "first", "last"),
    [
        ("yesterday", date(2026, 11, 27), date(2026, 11, 27)),
        ("last night", date(2026, 11, 27), date(2026, 11, 27)),
        ("this morning", date(2026, 11, 28), date(2026, 11, 28)),
        ("last Tuesday", date(2026, 11, 24), date(2026, 11, 24)),
        ("on Saturday", date(2026, 11, 21), date(2026, 11, 21)),
        ("last week", date(2026, 11, 16), date(2026, 11, 22)),
        ("last weekend", date(2026, 11, 21), date(2026, 11, 22)),
        ("last month", date(2026, 10, 1), date(2026, 10, 31)),
        ("in March", date(2026, 3, 1), date(2026, 3, 31)),
        ("in December", date(2025, 12, 1), date(2025, 12, 31)),
        ("in spring", date(2026, 3, 1), date(2026, 5, 31)),
        ("last winter", date(2025, 12, 1), date(2026, 2, 28)),
        ("in winter 2023", date(2023, 12, 1), date(2024, 2, 29)),
        ("on 3 March", date(2026, 3, 3), date(2026, 3, 3)),
        ("on December the 3rd", date(2025, 12, 3), date(2025, 12, 3)),
        ("last year", date(2025, 1, 1), date(2025, 12, 31)),
        ("in 2024", date(2024, 1, 1), date(2024, 12, 31)),
        ("two days ago", date(2026, 11, 26), date(2026, 11, 26)),
    ],
)
def test_a_stretch_has_its_first_and_last_day(said, first, last):
    found = window(f"what did you suggest {said}?", NOW)
    assert (found.start.date(), (found.end - timedelta(seconds=1)).date()) == (first, last)
    assert found.words == said.casefold()


def test_weeks_ago_give_or_take_some_days():
    found = window("two weeks ago", NOW)
    assert NOW - timedelta(days=14) in found
    assert NOW - timedelta(days=8) not in found
    assert NOW - timedelta(days=20) not in found


@pytest.mark.parametrize("said", ["something good", "the 90s", "in 1994", "next Tuesday", "on 31 February", "may be"])
def test_what_names_no_past_time_is_none(said):
    assert window(said, NOW) is None
