"""What is told, judged or asked about is a wish at most; what is asked for is a demand. Everyday words are nobody's name."""

import pytest


def firmness(listener, text):
    return {p.strength for p in listener.hear(text).preferences if p.facet != "item"}


@pytest.mark.parametrize(
    "text",
    [
        "rom coms are good",
        "is that with Al Pacino?",
        "there was a lot of crime in Heat",
        "I also liked that western",
        "comedy is great fun",
        "you like science fiction?",
    ],
)
def test_what_is_only_told_is_soft(on_films, text):
    assert firmness(on_films, text) == {"soft"}


@pytest.mark.parametrize(
    "text", ["comedies with Al Pacino", "a crime film", "westerns please", "any horror from the 90s?"]
)
def test_what_is_asked_for_is_firm(on_films, text):
    assert firmness(on_films, text) == {"hard"}


@pytest.mark.parametrize(
    "text", ["a good zombie movie", "take your time, no rush", "comes to mind", "new horror movies", "something sadder"]
)
def test_everyday_words_are_nobodys_name(on_films, text):
    assert {p.facet for p in on_films.hear(text).preferences} <= {"text", "genres"}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hitchcock films", "Alfred Hitchcock"),
        ("nolan movies", "Christopher Nolan"),
        ("a film with pacino", "Al Pacino"),
    ],
)
def test_well_known_surnames_are_names_in_small_letters_too(on_films, text, name):
    assert [p.value for p in on_films.hear(text).preferences] == [name]


@pytest.mark.parametrize(
    "text", ["Coco (2017) It was lovely", "Coco (2017) it is great", "I saw Coco (2017). LOVED IT"]
)
def test_a_year_in_parentheses_ends_the_title_before_it(on_films, text):
    assert on_films.named(text) == ["Coco (2017)"]


def test_a_title_in_capitals_is_named_by_itself(on_films):
    assert on_films.named("have you seen It (2017)?") == ["It (2017)"]


@pytest.mark.parametrize(
    ("text", "value", "polarity"),
    [
        ("a thriller, but my girlfriend hates blood", "blood", -1),
        ("my mum can't stand swearing", "swearing", -1),
        ("my dad loves trains, find me something", "trains", 1),
    ],
)
def test_what_others_love_and_hate_in_words_of_their_own_is_heard(on_films, text, value, polarity):
    assert (value, polarity) in [(p.value, p.polarity) for p in on_films.hear(text).preferences if p.facet == "text"]
