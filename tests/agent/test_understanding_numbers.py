"""Years, decades, prices, players: in words or figures, alone or against an item."""

from datetime import UTC, datetime

import pytest

from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.clock import FixedClock
from convrec.evaluation.understanding.workspaces import cached
from tests.agent.understood import Listener

YEARS = [
    ("90s", "1990..1999"),
    ("from the nineties", "1990..1999"),
    ("the 1960's", "1960..1969"),
    ("early seventies", "1970..1974"),
    ("before 1980", "..1979"),
    ("not before 1980", "1980.."),
    ("nothing older than 2000", "2000.."),
    ("until 1970", "..1970"),
    ("1970 or earlier", "..1970"),
    ("after 2010", "2011.."),
    ("after the 90s", "2000.."),
    ("since 2000", "2000.."),
    ("2000 or later", "2000.."),
    ("between 1985 and 1995", "1985..1995"),
    ("1985-1995", "1985..1995"),
    ("from 1985 to 1995", "1985..1995"),
    ("made in 1994", "1994..1994"),
    ("the last five years", "2021.."),
    ("the 70s instead of the 50s", "1970..1979"),
    ("older than Jaws", "..1974"),
    ("newer than jurassic park", "1994.."),
    ("newer then 2000", "2001.."),
    ("older then 1990", "..1989"),
]


@pytest.mark.parametrize(("text", "value"), YEARS)
def test_years(on_films, text, value):
    assert on_films.wishes(text) == {"+year": {value}}


@pytest.mark.parametrize(
    "text",
    [
        "I'm in my 30s",
        "for a 6 year old",
        "2 please",
        "give me 5 of them",
        "a film like 2001 dollars",
        "I have 100 euros",
    ],
)
def test_other_numbers_are_no_years(on_films, text):
    assert "+year" not in on_films.wishes(text)


SHOWN = ("Jaws", "Heat (1995)", "Inception", "Alien")


@pytest.mark.parametrize(
    ("text", "focus", "value"),
    [
        ("something older", (), "..1974"),
        ("anything newer?", (), "2011.."),
        ("older", ("Heat (1995)",), "..1994"),
        ("older than that one", ("Inception",), "..2009"),
        ("newer than the first one", (), "1976.."),
        ("like Heat but older", (), "..1994"),
    ],
)
def test_older_and_newer_are_relative_to_the_film_meant_else_to_those_shown(on_films, text, focus, value):
    assert on_films.wishes(text, on_films.state(SHOWN, focus))["+year"] == {value}


def test_a_range_given_beside_it_settles_older(on_films):
    assert on_films.wishes("something older, from the seventies", on_films.state(SHOWN)) == {"+year": {"1970..1979"}}


def test_old_is_a_soft_wish(on_films):
    heard = on_films.hear("old westerns")
    assert heard.filter is not None
    (old,) = (p for p in heard.preferences if p.facet == "year")
    assert old.strength == "soft"


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("italian under 30 euros", {"Trattoria Luna"}),
        ("a curry for under 20", {"Bombay Garden"}),
        ("between 15 and 18 euros", {"Golden Dragon", "Bombay Garden", "El Camino"}),
        ("rated at least 4.7", {"Sakura", "Chez Marcel"}),
        ("over $40", {"Chez Marcel", "Steak & Stories"}),
        ("no more than 16 euros", {"Golden Dragon", "El Camino"}),
        ("opened before 1990", {"Golden Dragon", "Chez Marcel"}),
    ],
)
def test_prices_and_ratings_of_restaurants(on_restaurants, text, titles):
    assert {on_restaurants.catalogue.titles[row] for row in on_restaurants.kept(text)} == titles


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("for 5 players", {"Rally 99", "Couch Heroes"}),
        ("a strategy game for two players", {"Ember Tactics", "Go"}),
        ("under 15 dollars", {"Puzzle Cellar", "Go"}),
        ("at least 6 players", {"Rally 99", "Couch Heroes"}),
        ("cheaper than Gravity Bakery", {"Puzzle Cellar", "Go"}),
        ("newer than Star Harvest 2", {"Knights of Ember", "Gravity Bakery"}),
    ],
)
def test_players_and_prices_of_games(on_games, text, titles):
    assert {on_games.catalogue.titles[row] for row in on_games.kept(text)} == titles


def test_cheaper_is_relative_to_those_shown(on_games):
    state = on_games.state(("Rally 99", "Night Shift"))
    assert all(on_games.catalogue.item(row).facts["price"] < 35 for row in on_games.kept("something cheaper", state))


def of_numbers(folder, numbers):
    """Understands messages about forty things with these numbers, each told from the thing's place."""
    fields = tuple(Field(name=name, type="number") for name in numbers)
    rows = [{"id": str(n), "title": f"Thing {n}", **{name: of(n) for name, of in numbers.items()}} for n in range(40)]
    clock = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC))
    return Listener(cached(folder, folder.name, rows, Schema(fields=(TITLE, *fields)), clock))


@pytest.fixture(scope="module")
def on_timed(tmp_path_factory):
    """Understands messages about games that take one of four times and have a price."""
    numbers = {"Playing time (min)": lambda n: (15, 30, 45, 60)[n % 4], "Price": lambda n: 5 + n}
    return of_numbers(tmp_path_factory.mktemp("timed"), numbers)


@pytest.fixture(scope="module")
def on_reels(tmp_path_factory):
    """Understands messages about films with a year, a length in minutes and a price."""
    numbers = {"year": lambda n: 1980 + n, "runtime": lambda n: 60 + n, "price": lambda n: n}
    return of_numbers(tmp_path_factory.mktemp("reels"), numbers)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("half an hour at most", {"+Playing time (min)": {"..30"}}),
        ("under 45 minutes", {"+Playing time (min)": {"..45"}}),
        ("under 30", {"+Price": {"..30"}}),
        ("under 30 euros", {"+Price": {"..30"}}),
    ],
)
def test_a_time_is_a_length_and_a_bare_number_a_price_though_lengths_are_few(on_timed, text, wishes):
    assert on_timed.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("under eighty minutes", {"+runtime": {"..80"}}),
        ("at most seventy minutes", {"+runtime": {"..70"}}),
        ("for seventeen euros", {"+price": {"..17"}}),
        ("the last twelve years", {"+year": {"2014.."}}),
        ("from the last 5 years", {"+year": {"2021.."}}),
        ("from the nineties, under ninety minutes", {"+year": {"1990..1999"}, "+runtime": {"..90"}}),
    ],
)
def test_numbers_in_words_are_of_one_field(on_reels, text, wishes):
    assert on_reels.wishes(text) == wishes
