"""From what a thread and a profile hold to what is searched for."""

from datetime import UTC, datetime, timedelta

import pytest

from convrec.agent.request import wanted
from convrec.agent.state import DialogueState, HeldWish
from convrec.core.profile import ProfileEntry
from convrec.core.understanding import Preference
from tests.agent.linked_catalogues import film_catalogue

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return film_catalogue(tmp_path_factory.mktemp("films"))


def taste(value, **facts):
    known = {"facet": "text", "polarity": 1, "scope": "lasting", "created": NOW, "updated": NOW} | facts
    return ProfileEntry(id=value, value=value, **known)


def searched_for(catalogue, profile, *said):
    held = tuple(HeldWish(preference=Preference(facet="text", value=words), turn=1) for words in said)
    return wanted(DialogueState(turn=1, held=held), profile, catalogue, NOW).request.text


def test_lasting_likes_in_free_words_are_searched_for_where_the_thread_says_nothing(films):
    profile = (taste("heist stories"), taste("slow burn", updated=NOW - timedelta(days=9)))
    assert searched_for(films, profile) == "slow burn heist stories"


def test_words_of_the_thread_go_before_lasting_likes(films):
    assert searched_for(films, (taste("heist stories"),), "robots in space") == "robots in space"


def test_dislikes_wishes_of_a_day_and_values_of_fields_are_not_searched_for(films):
    profile = (taste("gore", polarity=-1), taste("short ones", scope="session"), taste("Western", facet="genres"))
    assert searched_for(films, profile) == ""
