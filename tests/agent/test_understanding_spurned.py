"""What is turned down by name, however short or roundabout, is rejected: never asked for, never wished for."""

import pytest

TURNED_DOWN = [
    ("Pulp Fiction: not into crime", "Pulp Fiction (1994)"),
    ("Heat no, not into crime", "Heat (1995)"),
    ("Heat no", "Heat (1995)"),
    ("Heat, no.", "Heat (1995)"),
    ("Heat – nothing with guns", "Heat (1995)"),
    ("No comedy for me, so Jaws is off the list", "Jaws (1975)"),
    ("Jaws is out, crime isn't my thing", "Jaws (1975)"),
    ("Heat won't do, I don't want crime", "Heat (1995)"),
    ("Jaws is not for me", "Jaws (1975)"),
    ("I'm not a fan of crime, which rules out Heat", "Heat (1995)"),
    ("Let's leave Heat, I don't want one from the 90s", "Heat (1995)"),
    ("I'd rather not have anything from the 90s, so not Heat", "Heat (1995)"),
    ("The Silence of the Lambs is ruled out", "The Silence of the Lambs (1991)"),
    ("Schindler's List: not into historical stuff", "Schindler's List (1993)"),
]


@pytest.mark.parametrize(("text", "title"), TURNED_DOWN)
def test_a_title_turned_down_is_rejected(on_films, text, title):
    state = on_films.state(("Jaws", "Heat (1995)", "Pulp Fiction", "Alien"))
    heard = on_films.hear(text, state)
    assert "reject" in heard.acts
    assert on_films.wishes(text, state)["-item"] == {title}
    assert "+item" not in on_films.wishes(text, state)


@pytest.mark.parametrize(
    ("text", "wishes"),
    [
        ("Romance is out too", {"-genres": {"Romance"}}),
        ("no westerns, comedies are out as well", {"-genres": {"Western", "Comedy"}}),
        ("westerns and musicals are out", {"-genres": {"Western", "Musical"}}),
        ("crime is off the table", {"-genres": {"Crime"}}),
        ("no songs please, musicals bore him", {"-genres": {"Musical"}}),
        ("westerns leave my wife cold", {"-genres": {"Western"}}),
        ("romance is wasted on me", {"-genres": {"Romance"}}),
        ("science fiction goes right over my head", {"-genres": {"Science Fiction"}}),
        ("everyone adores musicals but I can't see the fuss", {"-genres": {"Musical"}}),
        ("crime isn't my thing", {"-genres": {"Crime"}}),
        ("crime does nothing for me", {"-genres": {"Crime"}}),
        ("I rule out horror", {"-genres": {"Horror"}}),
        ("romance isn't quite what I feel like", {"-genres": {"Romance"}}),
        ("not so keen on romance", {"-genres": {"Romance"}}),
        ("rather not something from before 1970", {"+year": {"1970.."}}),
        ("not so keen on things from before 1970", {"+year": {"1970.."}}),
        ("I'd rather not have anything from the 90s", {"-year": {"1990..1999"}}),
        ("rather not something with Tom Hanks", {"-cast": {"Tom Hanks"}}),
        ("something from before 1970", {"+year": {"..1969"}}),
    ],
)
def test_a_value_turned_down_is_no_wish(on_films, text, wishes):
    assert on_films.wishes(text) == wishes


@pytest.mark.parametrize(
    "text", ["something like Heat, no musicals", "like Heat: not too long", "loved Heat, no question"]
)
def test_an_example_is_not_turned_down_by_what_is_said_of_others(on_films, text):
    assert on_films.wishes(text)["+item"] == {"Heat (1995)"}


@pytest.mark.parametrize("text", ["Is Heat out on DVD?", "When did Heat come out?", "what else is out there?", "Alien is out of this world"])  # fmt: skip
def test_out_is_not_always_out(on_films, text):
    assert not any(key.startswith("-") for key in on_films.wishes(text))


@pytest.mark.parametrize("turned_down", ["{title}: not into crime", "{title} no", "{title} is off the list", "No crime for me, so {title} is off the list"])  # fmt: skip
def test_a_film_turned_down_by_name_is_not_offered_again(agent, turned_down):
    user = f"turned down {turned_down}"
    shown = agent.chat("gangster films from the 90s", user_id=user).items[0]
    after = agent.chat(turned_down.format(title=shown.title), user_id=user)
    again = agent.chat("what else?", user_id=user)
    assert shown.id not in {item.id for reply in (after, again) for item in reply.items}


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [("no robots", "robots"), ("hmm no. no aliens either", "aliens"), ("nope, no ghosts please", "ghosts")],
)
def test_what_is_turned_down_beside_a_slate_is_not_lost(on_films, text, unwanted):
    heard = on_films.hear(text, on_films.state(("Jaws", "Heat (1995)", "Alien")))
    assert [(p.value, p.polarity, p.strength) for p in heard.preferences] == [(unwanted, -1, "hard")]


@pytest.mark.parametrize("text", ["no, nothing there grabs me", "no thanks, nothing for me", "no. none of those"])
def test_turning_down_all_of_a_slate_wishes_for_nothing(on_films, text):
    heard = on_films.hear(text, on_films.state(("Jaws", "Heat (1995)", "Alien")))
    assert "reject" in heard.acts
    assert all(p.facet == "item" for p in heard.preferences)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("horror isn't really our cup of tea btw", "Horror"),
        ("Westerns aren't his thing", "Western"),
        ("musicals are not their cup of tea tbh", "Musical"),
    ],
)
def test_what_is_nobodys_cup_of_tea_is_turned_down(on_films, text, value):
    assert on_films.wishes(text) == {"-genres": {value}}


@pytest.mark.parametrize("text", ["Italian food isn't really my cup of tea tbh", "Italian is not their cup of tea"])
def test_a_cup_of_tea_is_no_dish(on_restaurants, text):
    assert on_restaurants.wishes(text) == {"-cuisine": {"Italian"}}


@pytest.mark.parametrize(
    "text",
    [
        "Arrival he found dull, I'm afraid",
        "Arrival we both found too long",
        "Arrival I hated",
        "Arrival they couldn't get into at all",
        "Arrival she didn't like and Jaws I loved",
    ],
)
def test_a_title_is_judged_by_what_follows(on_films, text):
    assert on_films.wishes(text)["-item"] == {"Arrival (2016)"}


def test_a_title_after_which_another_is_judged_is_not(on_films):
    assert on_films.wishes("I loved Inception, I hated Arrival") == {
        "+item": {"Inception (2010)"},
        "-item": {"Arrival (2016)"},
    }
    assert "-item" not in on_films.wishes("After Jaws I hated water")


@pytest.mark.parametrize(
    "text",
    [
        "Adam Sandler my wife she cannot support him, without him please",
        "Adam Sandler my wife cannot stand him",
        "Adam Sandler I can't stand",
        "Adam Sandler she doesn't like at all",
    ],
)
def test_who_is_named_before_it_is_said_that_nobody_likes_them_is_unwanted(on_films, text):
    found = [(p.facet, p.value, p.polarity) for p in on_films.hear(text).preferences]
    assert found == [("cast", "Adam Sandler", -1)]


@pytest.mark.parametrize("text", ["musicals I don't hate", "Tom Hanks my wife loves", "a comedy I can take home"])
def test_who_is_liked_is_not_unwanted(on_films, text):
    assert all(p.polarity > 0 for p in on_films.hear(text).preferences)
