"""The LangGraph graph of a turn."""

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore

from convrec.agent import nodes
from convrec.agent.state import TurnState
from convrec.agent.turn import Turn

_ORDER = (nodes.recall, nodes.understand, nodes.decide, nodes.act, nodes.ground, nodes.respond, nodes.remember)


def build_graph(
    checkpointer: BaseCheckpointSaver[Any] | None = None, store: BaseStore | None = None
) -> CompiledStateGraph[TurnState, Turn, Any, Any]:
    """Returns the compiled graph: recall, understand, decide, then act and ground where the plan needs items, respond, remember."""
    graph = StateGraph(TurnState, context_schema=Turn)
    for node in _ORDER:
        graph.add_node(node.__name__, node)
    graph.add_edge(START, "recall")
    graph.add_edge("recall", "understand")
    graph.add_edge("understand", "decide")
    graph.add_conditional_edges("decide", _after_decide, {"act": "act", "ground": "ground"})
    graph.add_edge("act", "ground")
    graph.add_edge("ground", "respond")
    graph.add_edge("respond", "remember")
    graph.add_edge("remember", END)
    return graph.compile(checkpointer=checkpointer, store=store)


def _after_decide(state: TurnState) -> str:
    return "act" if nodes.searches(state["plan"]) else "ground"
