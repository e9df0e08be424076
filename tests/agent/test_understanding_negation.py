"""What is wanted, what is not, how firmly and for how long."""

import pytest

SIGNS = [
    ("no horror", {"-genres": {"Horror"}}),
    ("nothing with Tom Cruise", {"-cast": {"Tom Cruise"}}),
    ("a thriller, anything but Nolan", {"+genres": {"Thriller"}, "-director": {"Christopher Nolan"}}),
    ("actually not a thriller, a comedy", {"-genres": {"Thriller"}, "+genres": {"Comedy"}}),
    ("not sports, biographies", {"-genres": {"Sports"}, "+genres": {"Biography"}}),
    ("a comedy instead of a drama", {"+genres": {"Comedy"}, "-genres": {"Drama"}}),
    ("no horror, slasher or war movies", {"-genres": {"Horror", "Slasher", "War"}}),
    ("no horror but westerns are fine", {"-genres": {"Horror"}, "+genres": {"Western"}}),
    ("no horror but Alien is fine", {"-genres": {"Horror"}, "+item": {"Alien (1979)"}}),
    ("sports movies that aren't comedies", {"+genres": {"Sports"}, "-genres": {"Comedy"}}),
    ("I don't mind horror", {"+genres": {"Horror"}}),
    ("I wouldn't say no to a western", {"+genres": {"Western"}}),
    ("I'd never say no to a musical", {"+genres": {"Musical"}}),
    ("she can't stand Tom Hanks", {"-cast": {"Tom Hanks"}}),
    ("no, a western", {"+genres": {"Western"}}),
    ("not only westerns", {"+genres": {"Western"}}),
    ("I don't want a drama, I want a comedy", {"-genres": {"Drama"}, "+genres": {"Comedy"}}),
    ("not with Schwarzenegger or Stallone", {"-cast": {"Arnold Schwarzenegger", "Sylvester Stallone"}}),
    (
        "crime without any romance, from the 90s",
        {"+genres": {"Crime"}, "-genres": {"Romance"}, "+year": {"1990..1999"}},
    ),
    ("never mind, a western", {"+genres": {"Western"}}),
    ("not too scary", {"-genres": {"Horror"}}),
    ("he gets scared easily", {"-genres": {"Horror"}}),
    ("I'm easily frightened", {"-genres": {"Horror"}}),
    ("I want to be scared", {"+genres": {"Horror"}}),
    ("I get nightmares from horror, so none please", {"-genres": {"Horror"}}),
    ("loved Heat, hated Caddyshack", {"+item": {"Heat (1995)"}, "-item": {"Caddyshack (1980)"}}),
    ("like Alien but without Sigourney Weaver", {"+item": {"Alien (1979)"}, "-cast": {"Sigourney Weaver"}}),
    ("horror, but not Dawn of the Dead (2004)", {"+genres": {"Horror"}, "-item": {"Dawn of the Dead (2004)"}}),
    ("I've seen Heat", {}),
    ("newer than Jaws", {"+year": {"1976.."}}),
    ("no westerns please, dad saw two westerns last week", {"-genres": {"Western"}}),
    ("not a musical, they sat through a musical on Friday", {"-genres": {"Musical"}}),
    ("no westerns. Well, maybe a western if it's short", {"+genres": {"Western"}}),
    ("no horror, actually horror would do", {"+genres": {"Horror"}}),
    ("no horror please. Unless it's Alien", {"-genres": {"Horror"}, "+item": {"Alien (1979)"}}),
    ("no horror, except Alien", {"-genres": {"Horror"}, "+item": {"Alien (1979)"}}),
    ("nothing with Tom Cruise, unless it's a comedy", {"-cast": {"Tom Cruise"}, "+genres": {"Comedy"}}),
    ("I don't like long ones, anything except Alien", {"-item": {"Alien (1979)"}}),
    ("a western unless it's with John Wayne", {"+genres": {"Western"}, "-cast": {"John Wayne"}}),
    ("she cannot abide Tom Cruise", {"-cast": {"Tom Cruise"}}),
    ("a comedy with absolutely zero romance", {"+genres": {"Comedy"}, "-genres": {"Romance"}}),
    ("the last thing I need is robots", {"-text": {"robots"}}),
    ("a western with zero gravity", {"+genres": {"Western"}, "+text": {"gravity"}}),
    ("after such a day the last thing she wants to sit through is a thriller", {"-genres": {"Thriller"}}),
    ("the last thing I saw was a western, more westerns please", {"+genres": {"Western"}}),
]


@pytest.mark.parametrize(("text", "wishes"), SIGNS)
def test_what_is_wanted_and_what_is_not(on_films, text, wishes):
    assert on_films.wishes(text) == wishes


@pytest.mark.parametrize(
    ("text", "strength", "scope"),
    [
        ("a western", "hard", "session"),
        ("something funny", "soft", "session"),
        ("it must be funny", "hard", "session"),
        ("preferably a comedy", "soft", "session"),
        ("a comedy, if possible", "soft", "session"),
        ("maybe a western", "soft", "session"),
        ("no horror", "hard", "session"),
        ("not too scary", "soft", "session"),
        ("less romance", "soft", "session"),
        ("more action", "soft", "session"),
        ("more westerns", "hard", "session"),
        ("I love westerns", "soft", "lasting"),
        ("I prefer westerns please", "soft", "session"),
        ("I never watch horror", "hard", "lasting"),
        ("I hate musicals", "hard", "lasting"),
        ("I'd love a western", "hard", "session"),
        ("I'd like a thriller tonight", "hard", "session"),
        ("he likes John Wayne", "soft", "session"),
    ],
)
def test_how_firmly_and_for_how_long(on_films, text, strength, scope):
    (wish,) = on_films.hear(text).preferences
    assert (wish.strength, wish.scope) == (strength, scope)


@pytest.mark.parametrize(
    "text",
    [
        "strike horror from everything you ever suggest to me",
        "please keep horror away from me from now on",
        "under no circumstances show me anything with horror",
        "consider horror banned in this house",
        "horror is a closed door for me, permanently",
        "whatever I ask for, horror is out",
        "leave horror out, now and in future",
        "not any horror, not today and not in ten years",
    ],
)
def test_what_is_ruled_out_for_good_is_heard_in_many_words(on_films, text):
    heard = on_films.hear(text)
    found = [(p.value, p.polarity, p.strength, p.scope) for p in heard.preferences]
    assert found == [("Horror", -1, "hard", "lasting")]
    assert heard.filter is not None or "edit_profile" in heard.acts


@pytest.mark.parametrize(
    "text",
    [
        "horror leaves me cold",
        "when it comes to horror I lose interest",
        "meh on horror, as a rule",
        "you can put horror near the bottom of my list",
    ],
)
def test_what_bores_someone_is_no_wish_for_it(on_films, text):
    (wish,) = on_films.hear(text).preferences
    assert (wish.value, wish.polarity) == ("Horror", -1)


def test_who_cannot_decide_wants_both(on_films):
    assert [(p.value, p.polarity) for p in on_films.hear("we can't decide: a western or a comedy?").preferences] == [
        ("Western", 1),
        ("Comedy", 1),
    ]


def rows(listener, test):
    return {row for row in range(len(listener.catalogue)) if test(listener.catalogue.item(row).facts)}


@pytest.mark.parametrize(
    ("text", "test"),
    [
        ("a western or a comedy", lambda f: {"Western", "Comedy"} & set(f["genres"])),
        ("westerns and comedies", lambda f: {"Western", "Comedy"} & set(f["genres"])),
        ("a romantic comedy", lambda f: {"Romance", "Comedy"} <= set(f["genres"])),
        ("comedy and romance", lambda f: {"Romance", "Comedy"} <= set(f["genres"])),
        (
            "comedies, dramas or westerns from the 90s",
            lambda f: {"Comedy", "Drama", "Western"} & set(f["genres"]) and 1990 <= f["year"] <= 1999,
        ),
        ("with al pacino or robert de niro", lambda f: {"Al Pacino", "Robert De Niro"} & set(f["cast"])),
        ("with Tom Hanks and Meg Ryan", lambda f: {"Tom Hanks", "Meg Ryan"} <= set(f["cast"])),
        ("no horror and no war", lambda f: not {"Horror", "War"} & set(f["genres"])),
        ("a western, not with John Wayne", lambda f: "Western" in f["genres"] and "John Wayne" not in f["cast"]),
        ("westerns from the 50s or 60s", lambda f: "Western" in f["genres"] and 1950 <= f["year"] <= 1969),
        ("noir, but not from the 50s", lambda f: "Noir" in f["genres"] and not 1950 <= f["year"] <= 1959),
        ("I love westerns", lambda f: True),
    ],
)
def test_the_filter_leaves_what_was_asked_for(on_films, text, test):
    assert on_films.kept(text) == rows(on_films, test)


@pytest.mark.parametrize(
    ("text", "wanted", "less"),
    [
        ("I'd rather have Billy Wilder than Hitchcock", ("Billy Wilder", "hard"), "Alfred Hitchcock"),
        ("My wife would rather see comedies than dramas", ("Comedy", "hard"), "Drama"),
        ("I'd prefer a comedy to a drama", ("Comedy", "hard"), "Drama"),
        ("I prefer comedies to dramas", ("Comedy", "soft"), "Drama"),
        ("Tom Hanks over Tom Cruise any day", ("Tom Hanks", "hard"), "Tom Cruise"),
    ],
)
def test_what_another_is_preferred_to_is_wished_less(on_films, text, wanted, less):
    found = [(p.value, p.polarity, p.strength) for p in on_films.hear(text).preferences]
    assert found == [(wanted[0], 1, wanted[1]), (less, -1, "soft")]


def test_him_means_the_one_preferred(on_films):
    heard = on_films.hear("I'd rather have Billy Wilder than Hitchcock. What have you got by him?")
    assert {(p.value, p.polarity) for p in heard.preferences} == {("Billy Wilder", 1), ("Alfred Hitchcock", -1)}


def test_who_would_rather_not_see_something_does_not_want_it(on_films):
    assert on_films.wishes("I'd rather not see horror") == {"-genres": {"Horror"}}


@pytest.mark.parametrize(
    "text", ["maybe a western no actually scratch that a comedy", "a western perhaps, no, forget that, a comedy"]
)
def test_what_takes_something_back_hedges_and_turns_down_nothing_behind_it(on_films, text):
    comedy = [(p.polarity, p.strength) for p in on_films.hear(text).preferences if p.value == "Comedy"]
    assert comedy == [(1, "hard")]


@pytest.mark.parametrize(
    "text",
    [
        "a western, we never finish anything else",
        "a western. I can't concentrate these days",
        "a western. We've a shed, not a cinema",
        "a western, not a minute longer than Heat",
        "a western, I'm not picky",
        "a western, I couldn't be bothered last time",
        "no western nonsense",
        "a western. not queueing any longer for this",
    ],
)
def test_what_somebody_does_not_do_or_is_not_turns_nothing_down(on_films, text):
    assert not [p for p in on_films.hear(text).preferences if p.facet == "text" and p.polarity < 0]


@pytest.mark.parametrize(
    "text",
    ["I don't want zombies", "no zombies", "without zombies", "she doesn't like zombies", "nothing with zombies"],
)
def test_a_thing_that_is_not_wanted_is_turned_down_in_words(on_films, text):
    assert on_films.wishes(text).get("-text") == {"zombies"}
