"""Hang the recommender's tools on an agent of your own: a LangGraph loop of a chat model and its tools.

The model here follows a script, so that the example needs no key. In its place goes any chat model of LangChain:
`init_chat_model("openai:gpt-5-mini").bind_tools(agent.tools)`.

Run: python examples/tools_on_another_agent.py                on the demo films
     python examples/tools_on_another_agent.py my-workspace   on your own
"""

import json
import sys
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

from convrec.agent import Agent


class ScriptedModel(BaseChatModel):
    """Searches for what the person says, then names what was found."""

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            titles = ", ".join(item["title"] for item in json.loads(last.text))
            answer = AIMessage(f"How about {titles}?")
        else:
            call = {"name": "search_items", "args": {"query": last.text, "k": 3}, "id": "call-1"}
            answer = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])

    @property
    def _llm_type(self) -> str:
        return "scripted"


def main(workspace: str | None = None) -> None:
    """Asks the agent one question."""
    with Agent.open(workspace) if workspace else Agent.demo() as agent:
        model = ScriptedModel()

        def think(state: MessagesState) -> dict[str, list[BaseMessage]]:
            return {"messages": [model.invoke(state["messages"])]}

        graph = StateGraph(MessagesState)
        graph.add_node("think", think)
        graph.add_node(
            "tools", ToolNode(agent.tools)
        )  # search_items, recommend, similar_items, get_item, compare_items
        graph.add_edge(START, "think")
        graph.add_conditional_edges("think", tools_condition)
        graph.add_edge("tools", "think")

        for message in graph.compile().invoke({"messages": ["a funny western"]})["messages"]:
            message.pretty_print()


if __name__ == "__main__":
    main(*sys.argv[1:])
