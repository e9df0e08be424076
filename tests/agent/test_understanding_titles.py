"""Titles in messages: found when they are meant, however they are spelt, and left alone when they are just words."""

import pytest

MEANT = [
    ("do you have Jaws?", ["Jaws (1975)"]),
    ("I loved heat, something like that", ["Heat (1995)"]),
    ('have you got "Up"?', ["Up (2009)"]),
    ("and It (2017)?", ["It (2017)"]),
    ("do you have It from 2017", ["It (2017)"]),
    ("have you got the shawshank redemtion", ["The Shawshank Redemption (1994)"]),
    ("shawshank redemption please", ["The Shawshank Redemption (1994)"]),
    ("something like goodfelas", ["Goodfellas (1990)"]),
    ("toy story 2", ["Toy Story 2 (1999)"]),
    ("is toy story any good?", ["Toy Story (1995)"]),
    ("i liked the toy story films", ["Toy Story (1995)"]),
    ("the godfather part 2", ["The Godfather Part II (1974)"]),
    ("fly, the (1958)", ["The Fly (1958)"]),
    ("the 1958 The Fly", ["The Fly (1958)"]),
    ("The Fly (1986)", ["The Fly (1986)"]),
    ("The Fly 1986", ["The Fly (1986)"]),
    ("spiderman homecoming", ["Spider-Man: Homecoming (2017)"]),
    ("have you seen wall e", ["WALL-E (2008)"]),
    ("like Heat, Casino and Ronin", ["Heat (1995)", "Casino (1995)", "Ronin (1998)"]),
    ("older than the shining", ["The Shining (1980)"]),
    ("do you have date night?", ["Date Night (2010)"]),
    ("i hated saw", ["Saw (2004)"]),
    ("Whats Speed about?", ["Speed (1994)"]),
    ("I loved No Country for Old Men", ["No Country for Old Men (2007)"]),
]
NOT_MEANT = [
    "is it scary?",
    "cheer me up, something big and loud",
    "speed it up please",
    "I saw it yesterday",
    "the others look better",
    "a western for her and them",
    "something with a big heart",
    "what should I watch on date night",
    "a romantic film for date night",
    "something for our game night",
    "nothing with Will Smith",
    "give me the other one",
    "drive me home",
    "do you have Toy Story 5?",
    "a love story from the sixties",
    "superhero movies",
    "I want to get out of here",
]


@pytest.mark.parametrize(("text", "titles"), MEANT)
def test_a_title_that_is_meant_is_found(on_films, text, titles):
    assert on_films.named(text) == titles


@pytest.mark.parametrize("text", NOT_MEANT)
def test_everyday_words_are_no_titles(on_films, text):
    assert on_films.named(text) == []


def test_all_bearers_of_a_title_are_meant_the_one_of_the_year_first(on_films):
    both = on_films.understander.link_titles("The Fly")[0]
    assert {on_films.title(i) for i in both.item_ids} == {"The Fly (1958)", "The Fly (1986)"}
    assert on_films.title(on_films.understander.link_titles("the fly from 1986")[0].item_ids[0]) == "The Fly (1986)"


def test_a_title_of_another_year_is_another_film(on_films):
    assert on_films.named("The Fly (1931)") == []


def test_the_span_is_the_title_as_it_was_written(on_films):
    text = "I loved  The   Shawshank Redemtion (1994), honestly"
    (mention,) = on_films.understander.link_titles(text)
    assert text[slice(*mention.span)] == "The   Shawshank Redemtion (1994)"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("do you have Star Harvest?", ["Star Harvest"]),
        ("star harvest 2", ["Star Harvest 2"]),
        ("star harvest two please", ["Star Harvest 2"]),
        ("knigths of ember", ["Knights of Ember"]),
        ("I already played Night Shift", ["Night Shift"]),
        ("go on then", []),
        ('is "Go" any good?', ["Go"]),
    ],
)
def test_titles_of_games(on_games, text, titles):
    assert on_games.named(text) == titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("is there a table at Chez Marcel", ["Chez Marcel"]),
        ("I want to eat at home", []),
        ("the olive tree", ["The Olive Tree"]),
        ("olive tree", ["The Olive Tree"]),
    ],
)
def test_titles_of_restaurants(on_restaurants, text, titles):
    assert on_restaurants.named(text) == titles


@pytest.mark.parametrize("text", ["less like {}", "Less like {}, please", "something unlike {}", "a bit less like {} and newer", "nothing like {}"])  # fmt: skip
@pytest.mark.parametrize("title", ["Heat", "Tank Girl", "Legally Blonde"])
def test_what_is_to_be_less_like_a_title_is_not_to_be_like_it(on_films, text, title):
    wishes = on_films.wishes(text.format(title))
    assert "+item" not in wishes
    assert [name.rpartition(" (")[0] for name in wishes["-item"]] == [title]


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("we've all seen get out and a quiet place already", ["Get Out (2017)", "A Quiet Place (2018)"]),
        ("I have watched a quiet place and get out twice", ["A Quiet Place (2018)", "Get Out (2017)"]),
        ("already seen about a boy", ["About a Boy (2002)"]),
        ("seen it all", []),
        ("I've seen enough of that", []),
        ("we've seen the others already", []),
        ("I have seen the game", []),
        ("get out of here", []),
    ],
)
def test_what_was_seen_is_a_title_in_small_letters_too(on_films, text, titles):
    assert on_films.named(text) == titles


def test_what_runs_an_item_down_right_behind_it_is_heard_whatever_is_asked_next(on_films):
    assert on_films.wishes("Jaws looks rubbish. how long is Heat?") == {"-item": {"Jaws (1975)"}}
