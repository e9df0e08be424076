"""The agent as a part of somebody else's LangGraph graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter

from convrec.core.reply import DoneEvent, Reply

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from convrec.agent.agent import Agent


class Exchange(TypedDict, total=False):
    """What the subgraph takes (`text`, and `user_id`, `thread_id`, `request_id` as `Agent.chat` does) and what it gives: `reply`."""

    text: Required[str]
    user_id: str
    thread_id: str
    request_id: str | None
    reply: Reply


def build_subgraph(agent: Agent) -> CompiledStateGraph[Exchange, Any, Any, Any]:
    """Returns a graph of one node, which runs a whole turn and streams its events as `custom`.

    The turn is committed to the agent's own ledger. The graph around keeps no checkpoint of what happens in here.
    """

    def turn(exchange: Exchange, writer: StreamWriter) -> dict[str, Reply]:
        said = {
            name: value for name in ("user_id", "thread_id", "request_id") if (value := exchange.get(name)) is not None
        }
        for event in agent.stream(exchange["text"], **said):
            writer(event)
        assert isinstance(event, DoneEvent)  # the last one, always
        return {"reply": event.reply}

    graph = StateGraph(Exchange)
    graph.add_node("turn", turn)
    graph.add_edge(START, "turn")
    graph.add_edge("turn", END)
    return graph.compile(checkpointer=False, name="convrec")
