"""The agent as a graph for LangGraph's own server, which `langgraph.json` names: messages in, messages out, one node a turn."""

import asyncio
from functools import cache
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph

from convrec.agent.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError

Hosted = CompiledStateGraph[MessagesState, None, MessagesState, MessagesState]


async def graph() -> Hosted:
    """Returns the graph over the workspace that `CONVREC_WORKSPACE` names, which is opened once, in a thread: the server asks for its graph at every run.

    Raises:
        What `Agent.open` raises.
    """
    return await asyncio.to_thread(_opened)


@cache
def _opened() -> Hosted:
    return hosted(Agent.open(Workspace.resolve(None)))


def hosted(agent: Agent) -> Hosted:
    """Returns a graph whose one node answers the last message by the agent, which keeps the conversation.

    The user is the one whom the server has verified (`langgraph_auth_user_id`), else `user_id` of the run's configuration. The whole Reply is
    in the answer's `additional_kwargs`, under `convrec`. The same message again gets the stored reply.
    """

    async def turn(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        said = state["messages"][-1] if state["messages"] else None
        if not isinstance(said, HumanMessage):
            raise InputError("The last message is not a person's.", "Send a message of the type `human`.")
        given = config["configurable"]
        user_id = given.get("langgraph_auth_user_id") or given.get("user_id") or "guest"
        reply = await asyncio.to_thread(
            agent.chat, said.text, user_id=str(user_id), thread_id=str(given["thread_id"]), request_id=said.id
        )
        return {"messages": [AIMessage(reply.text, additional_kwargs={"convrec": reply.model_dump(mode="json")})]}

    made = StateGraph(MessagesState)
    made.add_node("turn", turn)
    made.add_edge(START, "turn")
    made.add_edge("turn", END)
    return made.compile()
