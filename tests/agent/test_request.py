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


def test_a_kind_that_no_item_is_of_is_searched_for_in_words(films):
    kinds = ("zombie", "Western")
    held = tuple(HeldWish(preference=Preference(facet="genres", value=kind), turn=1) for kind in kinds)
    assert wanted(DialogueState(turn=1, held=held), (), films, NOW).request.text == "zombie"


def leanings(catalogue, *wishes, **state):
    held = tuple(HeldWish(preference=Preference(**wish), turn=turn) for turn, wish in wishes)
    found = wanted(DialogueState(turn=2, held=held, **state), (), catalogue, NOW).request.leanings
    return {one.phrase: one for one in found}


def test_words_that_link_to_nothing_order_items_by_what_they_mean(films):
    up, down = {"facet": "text", "value": "uplifting"}, {"facet": "text", "value": "gory", "polarity": -1}
    found = leanings(films, (2, up), (2, down))
    assert found["uplifting"].weight > 0 > found["gory"].weight


def test_a_critique_is_measured_from_the_item_that_it_names_else_from_those_on_the_table(films):
    wish, like = {"facet": "text", "value": "darker"}, {"facet": "item", "value": "", "item_id": films.ids[0]}
    shown = (films.ids[1], films.ids[2])
    assert leanings(films, (2, wish), (2, like), slates=(shown,))["darker"].than == (films.ids[0],)
    assert leanings(films, (2, wish), slates=(shown,))["darker"].than == shown
    assert leanings(films, (1, wish), slates=(shown,))["darker"].than == ()


def test_a_leaning_fades_as_turns_go_by(films):
    wish = {"facet": "text", "value": "darker"}
    assert leanings(films, (2, wish))["darker"].weight > leanings(films, (1, wish))["darker"].weight > 0


def test_kinds_lean_too_but_people_do_not(films):
    kind, person = {"facet": "genres", "value": "Comedy"}, {"facet": "director", "value": "Alfred Hitchcock"}
    assert set(leanings(films, (2, kind), (2, person))) == {"Comedy"}


def test_comparatives_are_no_words_to_search_for(films):
    assert searched_for(films, (), "darker") == ""
    assert searched_for(films, (), "darker", "robots") == "robots"
