"""A conversation that somebody else leads is heard message by message, each once, and as if from the beginning."""

import pytest

from convrec.agent.engine import Follower
from convrec.core.errors import InputError

TALK = [
    {"role": "user", "content": "any westerns?"},
    {"role": "assistant", "content": "How about Unforgiven?"},
    {"role": "user", "content": "seen it. nothing with John Wayne"},
]


class Counting:
    """An engine that notes what it is asked to understand."""

    def __init__(self, engine):
        self._engine, self.asked = engine, []

    def understand(self, text, state):
        self.asked.append(text)
        return self._engine.understand(text, state)

    def link_titles(self, text):
        return self._engine.link_titles(text)


@pytest.fixture
def counting(on_films):
    return Counting(on_films.understander)


def test_only_what_is_new_is_understood(on_films, counting):
    follow = Follower(counting, on_films.catalogue)
    for length in (1, 2, 3):
        follow(TALK[:length])
    assert counting.asked == [TALK[0]["content"], TALK[2]["content"]]


def test_it_comes_to_the_same_as_hearing_everything_anew(on_films, counting):
    follow = Follower(counting, on_films.catalogue)
    for length in (1, 2):
        follow(TALK[:length])
    assert follow(TALK) == Follower(counting, on_films.catalogue)(TALK)
    other = [*TALK[:1], {"role": "user", "content": "a comedy, then"}]
    assert follow(other) == Follower(counting, on_films.catalogue)(other)


def test_what_is_forgotten_is_understood_again(on_films, counting):
    follow = Follower(counting, on_films.catalogue)
    first = follow(TALK)
    follow.forget()
    counting.asked.clear()
    assert follow(TALK) == first
    assert len(counting.asked) == 2


def test_an_unknown_role_is_refused(on_films, counting):
    with pytest.raises(InputError, match="'critic'"):
        Follower(counting, on_films.catalogue)([{"role": "critic", "content": "bad"}])
