"""Pointing words: at shown items, at items talked about, at people and facts of earlier turns."""

import pytest

SHOWN = ("Jaws", "Heat (1995)", "Inception", "Alien")


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("why the second?", ["Heat (1995)"]),
        ("the last one, please", ["Alien (1979)"]),
        ("compare the first two", ["Jaws (1975)", "Heat (1995)"]),
        ("compare the first and the third", ["Jaws (1975)", "Inception (2010)"]),
        ("the last two", ["Inception (2010)", "Alien (1979)"]),
        ("#3", ["Inception (2010)"]),
        ("number two", ["Heat (1995)"]),
        ("2", ["Heat (1995)"]),
        ("compare 1 and 4", ["Jaws (1975)", "Alien (1979)"]),
        ("2nd one director", ["Heat (1995)"]),
        ("none of these", ["Jaws (1975)", "Heat (1995)", "Inception (2010)", "Alien (1979)"]),
        ("who directed it?", ["Jaws (1975)"]),
        ("not that one", ["Jaws (1975)"]),
        ("the horror one", ["Jaws (1975)"]),
        ("the one with Al Pacino", ["Heat (1995)"]),
        ("the 1979 one", ["Alien (1979)"]),
        ("the newest one", ["Inception (2010)"]),
        ("the last five years", []),
        ("I saw it the first time last year", ["Jaws (1975)"]),
        ("it should be a western", []),
        ("speed it up", []),
        ("that's it", []),
    ],
)
def test_pointing_at_what_was_shown(on_films, text, titles):
    genre = on_films.catalogue.item(on_films.id("Jaws")).facts["genres"]
    if "horror" in text and "Horror" not in genre:
        titles = ["Alien (1979)"]
    assert on_films.pointed(text, on_films.state(SHOWN)) == titles


@pytest.mark.parametrize("text", ["who directed it?", "seen it", "who's in that one?", "loved that"])
def test_pronouns_mean_what_was_last_talked_about(on_films, text):
    assert on_films.pointed(text, on_films.state(SHOWN, focus=("Inception",))) == ["Inception (2010)"]


def test_it_means_the_title_named_before_it(on_films):
    assert on_films.pointed("I loved Alien. More like it", on_films.state(SHOWN)) == ["Alien (1979)"]


def test_both_means_the_two_last_talked_about(on_films):
    assert on_films.pointed("seen them both", on_films.state(SHOWN, focus=("Heat (1995)", "Alien"))) == [
        "Heat (1995)",
        "Alien (1979)",
    ]


@pytest.mark.parametrize(
    ("text", "title"), [("who directed the older one?", "Jaws (1975)"), ("how long is the newer one", "Casino (1995)")]
)
def test_what_is_asked_of_the_older_one_is_asked_of_one_of_the_two(on_films, text, title):
    compared = on_films.state(focus=("Casino", "Jaws"))
    assert on_films.pointed(text, compared) == [title]
    assert on_films.wishes(text, compared) == {}


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("which of them has Al Pacino?", ["Heat (1995)"]),
        ("which of those were made after 1980?", ["Heat (1995)", "Casino (1995)"]),
        ("which ones are science fiction", ["Alien (1979)"]),
    ],
)
def test_which_of_those_shown_have_something_is_asked_of_them(on_films, text, titles):
    state = on_films.state(("Jaws", "Heat (1995)", "Alien", "Casino"))
    assert on_films.pointed(text, state) == titles
    assert "ask_item" in on_films.hear(text, state).acts
    assert on_films.hear(text, state).filter is None


def test_which_of_those_shown_are_safe_is_told_of_each(on_plants):
    state = on_plants.state(("Sage", "Basil", "Lavender 'Hidcote'"))
    assert on_plants.pointed("which of these are pet safe?", state) == ["Sage", "Basil"]


def test_what_none_of_those_shown_has_is_wished_for(on_films):
    heard = on_films.hear("which of them has Jim Carrey?", on_films.state(("Jaws", "Heat (1995)", "Alien")))
    assert heard.filter is not None


def test_an_older_one_is_a_wish(on_films):
    assert "+year" in on_films.wishes("an older one, please", on_films.state(SHOWN, focus=("Casino", "Jaws")))


@pytest.mark.parametrize("text", ["the Casino people, my mum swears by hers", "my sister swears by hers"])
def test_whose_something_is_says_nothing_of_who_made_it(on_films, text):
    assert "+director" not in on_films.wishes(text, on_films.state(SHOWN, focus=("Jaws",)))


def test_nothing_to_point_at_gives_no_reference(on_films):
    assert on_films.hear("why the second one?").references == ()


@pytest.mark.parametrize(
    ("text", "demands", "focus", "wishes"),
    [
        ("more by that director", [], ("Jaws",), {"+director": {"Steven Spielberg"}}),
        ("not by that director", [], ("Jaws",), {"-director": {"Steven Spielberg"}}),
        ("by the same director as Heat", [], (), {"+director": {"Michael Mann"}}),
        ("like Alien but not by that director", [], (), {"+item": {"Alien (1979)"}, "-director": {"Ridley Scott"}}),
        ("the same without him", [("cast", "Robin Williams")], (), {"-cast": {"Robin Williams"}}),
        (
            "crime, not by him",
            [("director", "Quentin Tarantino")],
            (),
            {"+genres": {"Crime"}, "-director": {"Quentin Tarantino"}},
        ),
        (
            "his newer ones, after 2000",
            [("director", "Steven Spielberg")],
            (),
            {"+director": {"Steven Spielberg"}, "+year": {"2001.."}},
        ),
        ("by other directors", [("director", "Alfred Hitchcock")], (), {"-director": {"Alfred Hitchcock"}}),
        (
            "a comedy by anyone else",
            [("director", "Alfred Hitchcock")],
            (),
            {"+genres": {"Comedy"}, "-director": {"Alfred Hitchcock"}},
        ),
        (
            "comedies from the same decade",
            [("year", [1980, 1989])],
            (),
            {"+genres": {"Comedy"}, "+year": {"1980..1989"}},
        ),
        ("Tom Hanks is great, something with him", [], (), {"+cast": {"Tom Hanks"}}),
        ("something else of his", [("cast", "Tom Hanks")], ("Big",), {"+cast": {"Tom Hanks"}}),
        ("something else of his", [], ("Jaws",), {"+director": {"Steven Spielberg"}}),
        (
            "I have seen Jaws, so something else of his",
            [("cast", "Tom Hanks")],
            (),
            {"+director": {"Steven Spielberg"}},
        ),
        ("do they have other films?", [], ("Jaws",), {}),
    ],
)
def test_people_and_facts_of_earlier_turns(on_films, text, demands, focus, wishes):
    assert on_films.wishes(text, on_films.state(SHOWN, focus, demands)) == wishes


def test_the_same_developer(on_games):
    assert on_games.wishes("more by that developer", on_games.state(("Puzzle Cellar", "Go"))) == {
        "+developer": {"Ida Lindqvist"}
    }


@pytest.mark.parametrize(
    "text",
    [
        "Do they have other games?",
        "do they have any more games",
        "have they made other games?",
        "Do they have other games? It doesn't need to be cheap",
    ],
)
def test_other_games_of_who_was_just_named(on_games, text):
    state = on_games.state((), focus=("Puzzle Cellar",)).model_copy(
        update={"reply": "Puzzle Cellar is by Ida Lindqvist."}
    )
    assert on_games.wishes(text, state)["+developer"] == {"Ida Lindqvist"}
