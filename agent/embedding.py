"""The agent as a part of somebody else's LangGraph graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Required, TypedDict

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter

from convrec.core.reply import DoneEvent, Reply, TurnEvent

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

    def turn(exchange: Exchange, *, writer: StreamWriter) -> Exchange:
        event: TurnEvent | None = None
        for event in agent.stream(
            exchange["text"], user_id=exchange.get("user_id", "guest"), thread_id=exchange.get("thread_id", "main"),
            request_id=exchange.get("request_id"),
        ):  # fmt: skip
            writer(event)
        assert isinstance(event, DoneEvent)  # the last one, always
        return {"text": exchange["text"], "reply": event.reply}

    graph = StateGraph(Exchange)
    graph.add_node("turn", turn)  # type: ignore[call-overload]  # mypy sees no TypedDict in LangGraph's protocol of one
    graph.add_edge(START, "turn")
    graph.add_edge("turn", END)
    return graph.compile(checkpointer=False, name="convrec")
