"""Years, decades, prices, players: in words or figures, alone or against an item."""

from datetime import UTC, datetime

import pytest

from convrec.agent.compact.asked import asked_fields
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
    ("1980-1985", "1980..1985"),
    ("1980–1985", "1980..1985"),
    ("until 1970", "..1970"),
    ("1970 or earlier", "..1970"),
    ("after 2010", "2011.."),
    ("after the 90s", "2000.."),
    ("since 2000", "2000.."),
    ("from 2000 or more new", "2000.."),
    ("from 2000 or more recent", "2000.."),
    ("something from 1999", "1999..1999"),
    ("2000 or later", "2000.."),
    ("from 2000 or more new", "2000.."),
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


def of_numbers(folder, numbers, kind="number"):
    """Understands messages about forty things with these numbers, each told from the thing's place."""
    fields = tuple(Field(name=name, type=kind) for name in numbers)
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
    "text",
    [
        "I'm on the train twenty minutes each way",
        "it's half an hour's drive",
        "we've been looking for the last ten minutes",
        "I have an hour a day",
        "we set off 30 minutes ago",
    ],
)
def test_a_time_that_something_else_takes_bounds_nothing(on_timed, text):
    assert on_timed.wishes(text) == {}


def test_a_time_on_the_way_is_a_length(on_timed):
    assert on_timed.wishes("something of 20 minutes for the train") == {"+Playing time (min)": {"..20"}}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("under eighty minutes", {"+runtime": {"..80"}}),
        ("90-95 minutes", {"+runtime": {"90..95"}}),
        ("$5-$10", {"+price": {"5..10"}}),
        ("at most seventy minutes", {"+runtime": {"..70"}}),
        ("for seventeen euros", {"+price": {"..17"}}),
        ("the last twelve years", {"+year": {"2014.."}}),
        ("from the last 5 years", {"+year": {"2021.."}}),
        ("from the nineties, under ninety minutes", {"+year": {"1990..1999"}, "+runtime": {"..90"}}),
    ],
)
def test_numbers_in_words_are_of_one_field(on_reels, text, wishes):
    assert on_reels.wishes(text) == wishes


@pytest.fixture(scope="module")
def on_tables(tmp_path_factory):
    """Understands messages about games for 1 to 4, 2 to 5, … players and more than that."""
    players = {"Players": lambda n: f"{n % 6 + 1}-{n % 6 + 4}" if n else "7+"}
    return of_numbers(tmp_path_factory.mktemp("tables"), players, "range")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("for 4 players", "4..4"),
        ("a game for five", "5..5"),
        ("at least 8 players", "8.."),
        ("there are six of us", "6..6"),
        ("2 to 3 players", "2..3"),
        ("for 3 to 5 players", "3..5"),
        ("for 3-5 players", "3..5"),
        ("3–5 players", "3..5"),
        ("between 2 and 4 of us", "2..4"),
    ],
)
def test_a_number_of_people_is_looked_for_within_ranges(on_tables, text, value):
    assert on_tables.wishes(text) == {"+Players": {value}}
    low, _, high = value.partition("..")
    ends = [on_tables.catalogue.ends("Players")[place] for place in (0, 1)]
    kept = on_tables.kept(text)
    assert kept
    assert kept == {row for row in range(40) if ends[0][row] <= float(low) and ends[1][row] >= float(high or low)}


def test_a_span_of_people_is_looked_for_between_the_least_and_the_most(on_games):
    wishes = {"+min_players": {"..2"}, "+max_players": {"4.."}}
    assert on_games.wishes("something for 2 to 4 players") == wishes
    assert {on_games.catalogue.titles[row] for row in on_games.kept("for 2 to 4 players")} == {
        "Star Harvest", "Star Harvest 2", "Rally 99", "Night Shift", "Couch Heroes",
    }  # fmt: skip


def order(listener, text, state=None):
    """What a message asks to order by: `-price` is the most first."""
    found = listener.hear(text, state).order
    return None if found is None else f"{'-' if found.descending else ''}{found.facet}"


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("the cheapest puzzle game", "price"),
        ("what's your most expensive game?", "-price"),
        ("newest strategy games", "-release_year"),
        ("the oldest ones please", "release_year"),
        ("games with the lowest price", "price"),
        ("fewest min players", "min_players"),
        ("something with the most max players", "-max_players"),
        ("not the cheapest", None),
        ("it need not be the newest", None),
        ("for my oldest son", None),
        ("by Friday at the latest", None),
        ("most players like it", None),
        ("that's the newest one", None),
        ("the newest action game out now is Go", None),
        ("I didn't like the newest one as much", None),
        ("the newest one was so good for adults!", None),
        ("the oldest one I have played", None),
        ("have you seen the latest racing game?", None),
        ("which puzzle game is the cheapest?", "price"),
        ("I'd like the cheapest one you have", "price"),
        ("something like Go, but the newest please", "-release_year"),
        ("the longest game", None),
        ("a cheap game", None),
    ],
)
def test_a_superlative_orders_by_its_field(on_games, text, by):
    assert order(on_games, text) == by


def test_a_superlative_is_a_request_and_over_any_number_of_the_schema(on_timed, on_tables):
    assert order(on_timed, "the shortest") == "Playing time (min)"
    assert order(on_timed, "highest playing time") == "-Playing time (min)"
    assert order(on_tables, "most players") is None
    assert order(on_tables, "the most players") == "-Players"
    assert "request" in on_timed.hear("lowest playing time").acts


def test_the_cheapest_of_those_shown_is_pointed_at(on_games):
    state = on_games.state(("Rally 99", "Night Shift", "Go"))
    assert on_games.pointed("the cheapest of them", state) == ["Go"]
    assert order(on_games, "the cheapest of them", state) is None
    assert order(on_games, "the cheapest puzzle games", state) == "price"


@pytest.mark.parametrize(
    ("text", "title", "field"),
    [
        ("the best rated of those", "Sakura", "rating"),
        ("best rated of those", "Sakura", "rating"),
        ("and the top rated of them?", "Sakura", "rating"),
        ("which of these is the best rated?", "Sakura", "rating"),
        ("what's the best reviewed of them?", "Sakura", "rating"),
        ("which is the cheapest?", "Golden Dragon", "price"),
        ("show me the cheapest of these please", "Golden Dragon", "price"),
        ("which one is the newest?", "Sakura", "opened"),
        ("which of them has the best rating?", "Sakura", "rating"),
        ("which one has the lowest price?", "Golden Dragon", "price"),
    ],
)
def test_which_of_those_shown_is_the_most_is_a_question_for_what_tells_it(on_restaurants, text, title, field):
    catalogue, state = on_restaurants.catalogue, on_restaurants.state(("Home", "Golden Dragon", "Sakura"))
    heard = on_restaurants.hear(text, state)
    assert (heard.acts, heard.order) == (("ask_item",), None)
    assert [i for r in heard.references for i in r.item_ids] == [on_restaurants.id(title)]
    assert asked_fields(text, catalogue.schema, catalogue) == (field,)


def test_the_most_of_a_kind_is_looked_for_among_all(on_restaurants):
    state = on_restaurants.state(("Home", "Golden Dragon", "Sakura"))
    text = "which vegan place is the cheapest?"
    assert order(on_restaurants, text, state) == "price"
    assert on_restaurants.pointed(text, state) == []
    assert {on_restaurants.catalogue.titles[row] for row in on_restaurants.kept(text, state)} == {"Bombay Garden", "Green Fork"}  # fmt: skip


def test_who_has_the_best_rating_or_price_comes_first(on_restaurants):
    state = on_restaurants.state(("Home", "Golden Dragon", "Sakura"))
    assert order(on_restaurants, "somewhere with the best reviews", state) == "-rating"
    assert order(on_restaurants, "restaurants with the worst rating") == "rating"
    assert order(on_restaurants, "the best price, please") == "price"
    assert order(on_restaurants, "that one has the best rating", state) is None


def test_of_ranges_the_one_that_reaches_farthest_is_the_most(tmp_path):
    times = ("30-60", "15-90", "45", "20-30")
    shown = of_numbers(tmp_path, {"Playing time (min)": lambda n: times[n % 4]}, "range")
    state = shown.state(tuple(f"Thing {n}" for n in range(4)))
    assert shown.pointed("the longest of those", state) == shown.pointed("the shortest of those", state) == ["Thing 1"]


def test_taking_or_turning_down_the_most_of_those_shown_asks_for_nothing(on_restaurants):
    state = on_restaurants.state(("Home", "Golden Dragon", "Sakura"))
    assert on_restaurants.hear("I'll take the cheapest of those", state).acts == ("accept",)
    assert on_restaurants.hear("not the cheapest of those", state).acts == ("reject",)


@pytest.mark.parametrize(
    "text",
    [
        "Ideally under 15 euros. If there's nothing under 15 I could go up to 40",
        "if there's nothing under 15 then up to 40 is ok",
        "up to 40 euros if you don't have anything under 15",
        "under 15 euros if there is anything, else up to 40",
        "under 15 euros if possible, otherwise up to 40",
    ],
)
def test_the_closer_of_two_bounds_is_a_wish_and_the_wider_the_demand(on_games, text):
    found = {(p.value, p.polarity, p.strength) for p in on_games.hear(text).preferences if p.facet == "price"}
    assert found == {("..15", 1, "soft"), ("..40", 1, "hard")}


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("between 15 and 40 euros", {"+price": {"15..40"}}),
        ("nothing under 15 euros, up to 40", {"+price": {"15..", "..40"}}),
        ("no up to 40 euros is ok", {"+price": {"..40"}}),
    ],
)
def test_two_bounds_without_an_if_hold_both(on_games, text, wishes):
    assert on_games.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("we saw Heat last year", None),
        ("my parents got married in 1987", None),
        ("I was born in 1987", None),
        ("a film from last year", {"2025..2025"}),
        ("something made in 1987", {"1987..1987"}),
        ("we watched all the ones from 1987", {"1987..1987"}),
    ],
)
def test_when_something_befell_somebody_is_no_year_of_a_film(on_films, text, years):
    assert on_films.wishes(text).get("+year") == years
