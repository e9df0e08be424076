"""What a message does, several things at once; and which facts a question asks for."""

import pytest

from convrec.agent.compact.asked import asked_fields
from convrec.agent.compact.language import language_of
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.core.reply import Question

SHOWN = ("Jaws", "Heat (1995)", "Inception", "Alien")
ACTS = [
    ("hi", {"greet"}),
    ("hello, some comedies please", {"greet", "request"}),
    ("thanks!", {"thank"}),
    ("perfect, thanks, bye", {"accept", "thank", "bye"}),
    ("a western from the 60s", {"request"}),
    ("do you have Fargo?", {"request"}),
    ("more", {"request"}),
    ("what else?", {"request"}),
    ("I love westerns", {"state_preference"}),
    ("I hated Saw", {"state_preference", "reject"}),
    ("like Jaws but funnier", {"request", "critique"}),
    ("something older", {"request", "critique"}),
    ("less scary", {"critique"}),
    ("no horror", {"request", "critique"}),
    ("who directed the second one?", {"ask_item"}),
    ("whos in it", {"ask_item"}),
    ("what's Fargo about?", {"ask_item"}),
    ("is it funny?", {"ask_item"}),
    ("tell me more about the last one", {"ask_item"}),
    ("why the second?", {"ask_why"}),
    ("compare the first two", {"compare"}),
    ("first vs third", {"compare"}),
    ("what's the difference between Heat and Casino?", {"compare"}),
    ("I'll take the second", {"accept"}),
    ("we shall try the first one", {"accept"}),
    ("second it is thx", {"accept", "thank"}),
    ("we'll away and put the first one on", {"accept"}),
    ("sounds good", {"accept"}),
    ("the third one please", {"accept"}),
    ("I mean the second one", {"request"}),
    ("That'll do nicely. Thank you!", {"accept", "thank"}),
    ("Splendid, Jaws it shall be.", {"accept"}),
    ("Good, we go there. Thank you very much and goodbye", {"accept", "thank", "bye"}),
    ("yesss we'll watch that one, tysm!!", {"accept", "thank"}),
    ("I'll take the second one then, ty", {"accept", "thank"}),
    ("It is ok for me, I take it. Many thanks", {"accept", "thank"}),
    ("right, we'll go there. thanks!", {"accept", "thank"}),
    ("ok fine we'll get that one, took you long enough", {"accept"}),
    ("why Heat? what's the rating of it?", {"ask_why", "ask_item"}),
    ("is it long", {"ask_item"}),
    ("that one sounds nice how long is it", {"ask_item"}),
    ("which is longer, Heat or the Godfather?", {"compare"}),
    ("which lasts longer, Jaws or Heat?", {"compare"}),
    ("did I say I liked westerns?", {"edit_profile"}),
    ("not that one", {"reject"}),
    ("no thanks", {"reject"}),
    ("none of these", {"reject"}),
    ("the first one, no", {"reject"}),
    ("not the first one. what else?", {"reject", "request"}),
    ("seen it", {"already_seen"}),
    ("already saw the second. more", {"already_seen", "request"}),
    ("I've seen Fargo", {"already_seen"}),
    ("what do you know about me?", {"edit_profile"}),
    ("remember that I hate musicals", {"edit_profile"}),
    ("forget that I like westerns", {"edit_profile", "forget"}),
    ("forget everything about me", {"forget"}),
    ("delete my data", {"forget"}),
    ("asdf qwer", {"request"}),
    ("I clean offices for a living", {"other"}),
    ("I have no disability", {"other"}),
    ("I could do with a western", {"request"}),
    ("👍", {"other"}),
    ("", {"other"}),
]


@pytest.mark.parametrize(("text", "acts"), ACTS)
def test_acts(on_films, text, acts):
    assert set(on_films.hear(text, on_films.state(SHOWN)).acts) == acts


@pytest.mark.parametrize("text", ["comedy", "the 80s", "I don't care", "either", "no preference"])
def test_a_short_message_answers_an_open_question(on_films, text):
    state = on_films.state(SHOWN, question=Question(facet="genres", text="What kind?", options=("Comedy", "Drama")))
    assert "answer" in on_films.hear(text, state).acts


def test_what_is_to_be_forgotten_is_no_demand(on_films):
    heard = on_films.hear("forget that I like westerns")
    assert heard.filter is None
    assert [(p.facet, p.value, p.polarity, p.scope) for p in heard.preferences] == [("genres", "Western", 1, "lasting")]


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("who directed it?", {"director"}),
        ("whos in the second", {"cast"}),
        ("who else is in The Searchers?", {"cast"}),
        ("what year is that", {"year"}),
        ("when did the first one come out?", {"year"}),
        ("who made it? I mean the director", {"director"}),
        ("what's the first one about, and who's in it?", {"description", "cast"}),
        ("2nd one director", {"director"}),
        ("is it funny?", {"genres"}),
        ("do you have Jaws?", set()),
        ("a western from the 60s", set()),
    ],
)
def test_the_facts_that_a_question_asks_for(on_films, text, fields):
    assert set(asked_fields(text, on_films.catalogue.schema)) == fields


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("who developed it?", {"developer"}),
        ("how much is the first one?", {"price"}),
        ("which platform is it on", {"platforms"}),
        ("when was it released", {"release_year"}),
    ],
)
def test_the_facts_of_a_game(on_games, text, fields):
    assert set(asked_fields(text, on_games.catalogue.schema)) == fields


@pytest.mark.parametrize("text", ["who wrote the second one?", "who's the author of it?", "who is it written by"])
def test_who_wrote_a_book_asks_for_its_author(text):
    fields = [TITLE, Field(name="author", type="category"), Field(name="publisher", type="category")]
    assert asked_fields(text, Schema(fields=tuple(fields))) == ("author",)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("something funny for tonight", "en"),
        ("je cherche une comédie avec Tom Hanks", "fr"),
        ("ich möchte einen lustigen Film", "de"),
        ("quiero una película de terror", "es"),
        ("Хочу комедию", "ru"),
        ("面白い映画はありますか", "ja"),
        ("heat", "unknown"),
        ("👍", "unknown"),
        ("la la land", "unknown"),
    ],
)
def test_the_language_is_told_where_its_words_tell_it(text, language):
    assert language_of(text) == language


@pytest.mark.parametrize("text", ["and the second?", "what about the last one?", "and Alien?"])
def test_what_was_asked_of_one_is_asked_of_the_next(on_films, text):
    told = on_films.state(("Jaws", "Heat (1995)", "Alien"), focus=("Jaws",)).model_copy(update={"told": ("director",)})
    assert on_films.hear(text, told).acts == ("ask_item",)


def test_the_words_of_a_title_ask_for_nothing(agent):
    agent.chat("Star Wars", user_id="titled")
    reply = agent.chat("has Star Wars any subtitles?", user_id="titled")
    assert reply.understanding.acts == ("ask_item",)
    assert "is science fiction" not in reply.text


@pytest.mark.parametrize(
    "text",
    [
        "wait no did I say nineties I meant the eighties",
        "did I say the nineties? I meant the eighties",
        "did I say nineties? Sorry, the eighties",
        "have I said nineties? make that the eighties",
    ],
)
def test_what_is_put_right_asks_for_no_memory(on_films, text):
    heard = on_films.hear(text, on_films.state(SHOWN, demands=[("genres", "Comedy")]))
    assert set(heard.acts) <= {"request", "critique"}
    assert {p.value for p in heard.preferences if p.facet == "year"} == {"1980..1989"}


def test_what_is_taken_is_not_said_to_be_liked(on_films):
    heard = on_films.hear("It is great, I take it", on_films.state(SHOWN, focus=["Jaws"]))
    assert heard.acts == ("accept",)


@pytest.mark.parametrize(
    "text",
    [
        "a comedy please, my brother had a bad day and he is still not over it",
        "no westerns, she had that three nights in a row",
        "a thriller, and he reckons he would love it now",
        "I forgot it was Sunday, a comedy with a dog in it",
    ],
)
def test_it_in_a_story_asks_nothing_of_an_item(on_films, text):
    acts = on_films.hear(text, on_films.state(SHOWN, focus=["Heat (1995)"])).acts
    assert "request" in acts
    assert "ask_item" not in acts


def test_money_asked_for_is_the_price(on_games):
    for text in ("what kind of money are we talking for the first one?", "how much will the first one set me back?"):
        assert asked_fields(text, on_games.catalogue.schema) == ("price",)
