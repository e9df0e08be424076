"""A turn as a part of somebody else's graph."""

import asyncio
from typing import TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, StateGraph

from convrec.agent import Agent
from convrec.core.errors import UserIdError
from convrec.core.reply import Reply

ANA = {"user_id": "ana", "thread_id": "t1"}


class Outer(TypedDict, total=False):
    text: str
    user_id: str
    thread_id: str
    request_id: str
    reply: Reply


@pytest.fixture
def agent(films, clock):
    with Agent.open(films, clock=clock) as opened:
        yield opened


def around(node, checkpointer=None):
    """A graph of one node."""
    graph = StateGraph(Outer)
    graph.add_node("part", node)
    graph.add_edge(START, "part")
    return graph.compile(checkpointer=checkpointer)


def test_a_turn_in_another_graph_is_the_same_turn(agent):
    outer = around(agent.subgraph)
    replies = [outer.invoke({"text": text, **ANA})["reply"] for text in ("a comedy", "something older")]
    alone = [agent.chat(text, user_id="ben", thread_id="t1") for text in ("a comedy", "something older")]
    assert [reply.text for reply in replies] == [reply.text for reply in alone]
    assert [turn.text for turn in agent.thread("ana", "t1")] == ["a comedy", "something older"]


def test_its_events_are_streamed(agent):
    events = [
        event
        for _, event in around(agent.subgraph).stream({"text": "a comedy", **ANA}, stream_mode="custom", subgraphs=True)
    ]
    assert events[0].type == "plan"
    assert events[-1].type == "done"
    assert "".join(event.text for event in events if event.type == "token") == events[-1].reply.text


def test_it_runs_in_an_asyncio_program(agent):
    outer = around(agent.subgraph)

    async def both():
        said = ({"text": "a western", "user_id": user, "thread_id": "t1"} for user in ("ana", "ben"))
        return await asyncio.gather(*(outer.ainvoke(one) for one in said))

    assert [answer["reply"].user_id for answer in asyncio.run(both())] == ["ana", "ben"]


def test_the_same_request_is_answered_once(agent):
    outer = around(agent.subgraph)
    first, second = (outer.invoke({"text": "a comedy", **ANA, "request_id": "r1"})["reply"] for _ in range(2))
    assert first == second
    assert len(agent.thread("ana", "t1")) == 1


def test_who_says_forget_me_there_is_forgotten(agent):
    outer = around(agent.subgraph)
    for text in ("I love westerns", "forget everything about me", "yes"):
        outer.invoke({"text": text, **ANA})
    assert agent.profile("ana") == []
    assert agent.thread("ana", "t1") == []


def test_a_bad_id_is_refused_there_too(agent):
    with pytest.raises(UserIdError):
        around(agent.subgraph).invoke({"text": "a comedy", "user_id": " ", "thread_id": "t1"})


@pytest.mark.parametrize("how", ["subgraph", "call"])
def test_the_graph_around_keeps_no_checkpoint_of_what_happens_within(agent, how):
    def call(state: Outer) -> Outer:
        return {"reply": agent.chat(state["text"], **ANA)}

    saver = InMemorySaver()
    outer = around(agent.subgraph if how == "subgraph" else call, saver)
    for text in ("a comedy", "something older"):
        outer.invoke({"text": text, **ANA}, {"configurable": {"thread_id": "outer"}})
    assert {place for places in saver.storage.values() for place in places} == {""}
    state = agent.graph.get_state({"configurable": {"thread_id": "ana\x1ft1"}})
    assert state.values["dialogue"]["turn"] == 2
