"""Genres, people, cuisines, platforms: linked to the catalogue's own values, in the field that is meant."""

import pytest

FILMS = [
    ("westerns", {"+genres": {"Western"}}),
    ("a sci-fi comedy", {"+genres": {"Science Fiction", "Comedy"}}),
    ("scifi please", {"+genres": {"Science Fiction"}}),
    ("commedies", {"+genres": {"Comedy"}}),
    ("a romcom", {"+genres": {"Romance", "Comedy"}}),
    ("something animated", {"+genres": {"Animation"}}),
    ("cartoons", {"+genres": {"Animation"}}),
    ("biopics", {"+genres": {"Biography"}}),
    ("funnier", {"+genres": {"Comedy"}}),
    ("any spielburg films?", {"+director": {"Steven Spielberg"}}),
    ("zombie moveis", {"+text": {"zombie"}}),
    ("nothing with tom hank", {"-cast": {"Tom Hanks"}}),
    ("films with tom hats", {"+text": {"tom hats"}}),
    ("nolan movies", {"+director": {"Christopher Nolan"}}),
    ("chris nolan movies", {"+director": {"Christopher Nolan"}}),
    ("with tom hanks", {"+cast": {"Tom Hanks"}}),
    ("samuel jackson movies", {"+cast": {"Samuel L. Jackson"}}),
    ("al paccino", {"+cast": {"Al Pacino"}}),
    ("with De Niro", {"+cast": {"Robert De Niro"}}),
    ("movies directed by Clint Eastwood", {"+director": {"Clint Eastwood"}}),
    ("movies with Clint Eastwood", {"+cast": {"Clint Eastwood"}}),
    ("Spielberg's films", {"+director": {"Steven Spielberg"}}),
    ("the ones dennis dugan directed", {"+director": {"Dennis Dugan"}}),
    ("Keanu films", {"+cast": {"Keanu Reeves"}}),
    ("something with Denzel", {"+cast": {"Denzel Washington"}}),
    ("not the Arnold", {"-cast": {"Arnold Schwarzenegger"}}),
    ("Keane films", {"+text": {"Keane"}}),
    ("a mark film", {"+text": {"mark"}}),  # of many Marks none is far ahead
    ("a movie night with my family", {}),
    ("do you have something for my kids", {"+genres": {"Family"}}),
    ("family films", {"+genres": {"Family"}}),
    ("What a rotten week. The boiler broke. I need something to cheer me up tonight.", {"+genres": {"Comedy"}}),
    ("that should cheer us up", {"+genres": {"Comedy"}}),
    ("cheers, keep it up", {}),
]


@pytest.mark.parametrize(("text", "wishes"), FILMS)
def test_values_of_films(on_films, text, wishes):
    assert on_films.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("an rpg for the ps5", {"+genres": {"Role-Playing"}, "+platforms": {"PlayStation 5"}}),
        ("coop on switch", {"+genres": {"Co-op"}, "+platforms": {"Switch"}}),
        ("something by lindqvist", {"+developer": {"Ida Lindqvist"}}),
        ("anything from Moonbeam Works", {"+developer": {"Moonbeam Works"}}),
        ("stratgey games", {"+genres": {"Strategy"}}),
        ("no horror", {"-genres": {"Horror"}}),
    ],
)
def test_values_of_games(on_games, text, wishes):
    assert on_games.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("sushi near the station", {"+cuisine": {"Japanese"}, "+area": {"Station"}}),
        ("an italien place", {"+cuisine": {"Italian"}}),
        ("a curry in the old town", {"+cuisine": {"Indian"}, "+area": {"Old Town"}}),
        ("with outdoor seating, not in the harbour", {"+offers": {"Outdoor Seating"}, "-area": {"Harbour"}}),
        ("veggie", {"+offers": {"Vegetarian"}}),
    ],
)
def test_values_of_restaurants(on_restaurants, text, wishes):
    assert on_restaurants.wishes(text) == wishes


def test_words_that_link_to_nothing_stay_text_and_are_searched_for(on_films):
    heard = on_films.hear("something uplifting about dogs")
    assert {p.value for p in heard.preferences if p.facet == "text"} == {"uplifting", "dogs"}
    assert "uplifting" in heard.query
    assert heard.filter is None


def test_the_query_leaves_out_what_is_not_wanted(on_films):
    assert "horror" not in on_films.hear("a western, no horror please").query.casefold()


class Meaning:
    """An encoder in which words about water are one direction and all others another."""

    revision = "water"

    def encode(self, texts):
        import numpy as np

        wet = {"swimming", "sports", "diving"}
        return np.array([[1.0, 0.0] if text.casefold() in wet else [0.0, 0.1] for text in texts], np.float32)


def test_a_word_near_in_meaning_becomes_a_soft_wish(on_films):
    from convrec.agent.compact.understander import Understander
    from convrec.agent.state import DialogueState
    from convrec.core.clock import SystemClock

    (wish,) = (
        Understander(on_films.catalogue, SystemClock(), Meaning())
        .understand("something with diving", DialogueState())
        .preferences
    )
    assert (wish.facet, wish.value, wish.strength) == ("genres", "Sports", "soft")


@pytest.mark.parametrize(
    "text",
    [
        "movie night with my 7 year old",
        "my kid is 6, what can we watch",
        "our youngest is four. something for tonight?",
        "something for six-year-olds",
        "for a 9yo",
        "something for my kids",
        "wat shud i watch w my kids tonite",
    ],
)
def test_a_childs_age_is_a_wish_for_what_is_for_children(on_films, text):
    assert on_films.wishes(text) == {"+genres": {"Family"}}


def test_the_age_of_something_else_is_none(on_films):
    assert "+genres" not in on_films.wishes("a 40 year old film")
    assert on_films.wishes("a thriller about a woman with kids")["+genres"] == {"Thriller"}
