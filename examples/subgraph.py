"""Make the recommender a part of a LangGraph graph of your own: here of a shop's assistant, which answers some questions itself.

Run: python examples/subgraph.py                on the demo films
     python examples/subgraph.py my-workspace   on your own
"""

import sys
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

from convrec.agent import Agent
from convrec.core.reply import Reply


class Conversation(TypedDict, total=False):
    """The assistant's state. What the recommender takes and gives has the same names in it."""

    text: str
    user_id: str
    thread_id: str
    reply: Reply
    answer: str


def topic(state: Conversation) -> str:
    """Says who answers."""
    return "hours" if "open" in state["text"] else "recommender"


def hours(_: Conversation) -> Conversation:
    """Answers what is no matter of taste."""
    return {"answer": "We are open from nine to five."}


def sign(state: Conversation) -> Conversation:
    """Goes on with the recommender's reply: its text, its items, its question, the reasons."""
    return {"answer": f"{state['reply'].text}\n\nYour video shop"}


def main(workspace: str | None = None) -> None:
    """Asks the assistant three things."""
    with Agent.open(workspace) if workspace else Agent.demo() as agent:
        graph = StateGraph(Conversation)
        graph.add_node("recommender", agent.subgraph)
        graph.add_node("hours", hours)
        graph.add_node("sign", sign)
        graph.add_conditional_edges(START, topic, ["recommender", "hours"])
        graph.add_edge("recommender", "sign")
        graph.add_edge("sign", END)
        graph.add_edge("hours", END)
        assistant = graph.compile()

        for text in ("When are you open?", "a comedy, please", "something older"):
            said = {"text": text, "user_id": "ana", "thread_id": "example"}
            print(f"> {text}\n{assistant.invoke(said)['answer']}\n")

        said = {"text": "others?", "user_id": "ana", "thread_id": "example"}
        for _, event in assistant.stream(said, stream_mode="custom", subgraphs=True):
            print(f"[{event.type}]", end=" ")  # the turn's events, as `agent.stream` yields them
        print()
        agent.forget("ana")


if __name__ == "__main__":
    main(*sys.argv[1:])
