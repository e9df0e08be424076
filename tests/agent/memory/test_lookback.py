"""Asking which items one spoke of."""

import pytest

from convrec.agent.agent import Agent


@pytest.fixture
def told(films, clock):
    """An agent that was told of three films."""
    with Agent.open(films, clock=clock) as agent:
        first, second, third = (agent.toolbox.catalogue.item(item) for item in agent.toolbox.catalogue.ids[:3])
        agent.chat(f"I loved {first.title} and {second.title}, and I hated {third.title}", thread_id="earlier")
        yield agent, (first.id, second.id), third.id


@pytest.mark.parametrize(
    "question",
    [
        "remind me which two I told you I loved",
        "which ones did I say I love?",
        "what films have I mentioned that I liked?",
    ],
)
def test_what_was_told_to_be_loved_is_named(told, question):
    agent, loved, _ = told
    assert {item.id for item in agent.chat(question).items} == set(loved)


def test_what_was_told_to_be_hated_is_named(told):
    agent, _, hated = told
    assert [item.id for item in agent.chat("which one did I tell you I hated?").items] == [hated]


def test_a_fact_that_is_asked_for_is_told_in_its_own_words(told):
    agent, *_ = told
    agent.chat("my favourite colour is green")
    reply = agent.chat("what is my favourite colour?")
    assert "green" in reply.text
    assert not reply.items
