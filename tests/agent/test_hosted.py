"""The graph that LangGraph's own server hosts."""

import asyncio

import pytest

from convrec.agent.agent import Agent
from convrec.agent.hosted import graph, hosted
from convrec.core.errors import InputError


def run(made, text, **configurable):
    config = {"configurable": {"thread_id": "t1", **configurable}}
    return asyncio.run(made.ainvoke({"messages": [{"role": "user", "content": text, "id": f"m-{text}"}]}, config))


def test_a_run_is_a_turn_of_the_agent(films):
    with Agent.open(films) as agent:
        made = hosted(agent)
        first = run(made, "a western please", user_id="ana")
        answer = first["messages"][-1]
        reply = answer.additional_kwargs["convrec"]
        assert (answer.type, answer.text) == ("ai", reply["text"])
        assert (reply["user_id"], reply["thread_id"], reply["turn"]) == ("ana", "t1", 1)
        assert reply["items"]
        assert run(made, "a comedy please", user_id="ana")["messages"][-1].additional_kwargs["convrec"]["turn"] == 2
        assert (
            run(made, "a western please", user_id="ana")["messages"][-1].text == answer.text
        )  # the same message again
        assert [turn.text for turn in agent.thread("ana", "t1")] == ["a western please", "a comedy please"]


def test_the_verified_user_comes_before_the_one_that_a_client_names(films):
    with Agent.open(films) as agent:
        run(hosted(agent), "a western please", user_id="somebody", langgraph_auth_user_id="ana")
        assert agent.thread("ana", "t1")
        assert not agent.thread("somebody", "t1")


def test_a_run_without_a_persons_message_is_refused(films):
    with Agent.open(films) as agent:
        made = hosted(agent)
        for messages in ([], [{"role": "assistant", "content": "hello"}]):
            with pytest.raises(InputError, match="not a person's"):
                asyncio.run(made.ainvoke({"messages": messages}, {"configurable": {"thread_id": "t1"}}))


def test_the_graph_opens_the_workspace_of_the_environment(films, monkeypatch):
    monkeypatch.setenv("CONVREC_WORKSPACE", str(films))
    assert asyncio.run(graph()) is asyncio.run(graph())  # one agent, however often the server asks
    assert run(asyncio.run(graph()), "a western please")["messages"][-1].text
