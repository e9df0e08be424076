"""Tastes are told in a thousand ways: what the reader is sure is told of oneself for good lasts, what is asked for is a wish of today."""

import pytest

from convrec.agent.compact.tagger.reader import Reader
from convrec.tools.encoder import TextEncoder
from tests.agent.understood import Listener


@pytest.fixture(scope="module")
def read(on_films, on_games, on_restaurants):
    """What a message wishes for, read by rules and reader: `(value, sign, strength, scope)`."""
    listeners = {}
    for name, plain in (("films", on_films), ("games", on_games), ("restaurants", on_restaurants)):
        listeners[name] = Listener(plain.catalogue)
        listeners[name].understander._reader = Reader(plain.catalogue, TextEncoder.open())

    def hear(name, text):
        heard = listeners[name].hear(text)
        return heard.acts, [(p.value, p.polarity, p.strength, p.scope) for p in heard.preferences if p.facet != "text"]

    return hear


@pytest.mark.parametrize(
    ("on", "text", "value"),
    [
        ("films", "westerns are my guilty pleasure", "Western"),
        ("films", "give me a western any day", "Western"),
        ("films", "I live for horror", "Horror"),
        ("films", "comedies cheer me up", "Comedy"),
        ("films", "crime films never fail to please me", "Crime"),
        ("films", "I never tire of comedies", "Comedy"),
        ("films", "I can watch Tom Hanks all day", "Tom Hanks"),
        ("games", "strategy games are my comfort food", "Strategy"),
        ("restaurants", "I could eat Mexican every day", "Mexican"),
    ],
)
def test_a_like_told_of_oneself_lasts_and_demands_nothing(read, on, text, value):
    assert read(on, text) == (("state_preference",), [(value, 1, "soft", "lasting")])


@pytest.mark.parametrize(
    ("on", "text", "value"),
    [
        ("films", "musicals bore me to tears", "Musical"),
        ("films", "sports films have never done it for me", "Sports"),
        ("films", "I'm not much of a horror person", "Horror"),
        ("films", "war films wear me out", "War"),
        ("games", "racing games leave me cold", "Racing"),
        ("restaurants", "French food does nothing for me", "French"),
    ],
)
def test_a_dislike_told_of_oneself_lasts(read, on, text, value):
    assert read(on, text) == (("state_preference",), [(value, -1, "hard", "lasting")])


@pytest.mark.parametrize(
    ("on", "text", "value"),
    [
        ("films", "a western please", "Western"),
        ("films", "what I want is a war film", "War"),
        ("films", "war films, please, they calm me", "War"),
        ("games", "got any racing games?", "Racing"),
        ("films", "I'm a man. a western please", "Western"),
        ("restaurants", "we're in the mood for Italian", "Italian"),
    ],
)
def test_what_is_asked_for_is_of_today(read, on, text, value):
    acts, wishes = read(on, text)
    assert "request" in acts
    assert wishes == [(value, 1, "hard", "session")]


@pytest.mark.parametrize("text", ["my mother adores musicals", "comedies are fine tonight"])
def test_what_others_like_and_what_suits_today_is_no_taste_of_ones_own(read, text):
    _, wishes = read("films", text)
    assert {scope for *_, scope in wishes} == {"session"}


@pytest.mark.parametrize(
    ("text", "taste"),
    [
        ("war films wear me out. got something light?", ("War", -1, "hard", "lasting")),
        ("I live for horror. any good ones from the 80s?", ("Horror", 1, "soft", "lasting")),
        ("romance does nothing for me. show me a thriller", ("Romance", -1, "hard", "lasting")),
    ],
)
def test_a_taste_lasts_beside_a_sentence_that_asks(read, text, taste):
    acts, wishes = read("films", text)
    assert "request" in acts
    assert taste in wishes


@pytest.mark.parametrize(
    ("on", "text", "wished"),
    [
        ("films", "stag do tonight, seven idiots and a projector. stupid comedy, 2000s or 2010s", ("Comedy", 1)),
        ("films", "my grandad is visiting and he only watches war films", ("War", 1)),
        ("games", "ok ok puzzles are fine too, only still on switch and any year", ("Switch", 1)),
        ("games", "it needs to run on my pc, thats all i have", ("PC", 1)),
        ("games", "I only ever play on Switch", ("Switch", 1)),
        ("games", "racing games are sick tho", ("Racing", 1)),
        ("restaurants", "anything but italian, old town or harbour", ("Old Town", 1)),
        ("restaurants", "any american or mexican places then as well, for the boss", ("American", 1)),
    ],
)
def test_what_is_asked_for_is_no_dislike_whatever_the_reader_says(read, on, text, wished):
    assert wished in [(value, polarity) for value, polarity, *_ in read(on, text)[1]]


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("a western please. or a war film. no horror", 1),
        ("I live for horror. a crime or war film please", 2),
    ],
)
def test_only_a_sentence_that_tells_of_oneself_is_read_again_and_once(read, monkeypatch, text, times):
    seen = []
    plain = Reader.read
    monkeypatch.setattr(Reader, "read", lambda self, said, *more: (seen.append(said), plain(self, said, *more))[1])
    read("films", text)
    assert len(seen) == times


@pytest.mark.parametrize("text", ["I'm a Christian.", "I am a Muslim", "we're Norwegian"])
def test_what_somebody_is_is_no_taste(read, text):
    assert read("films", text)[1] == []
