"""Talk to the agent from Python: whole replies, and a turn's events as they happen.

Run: python examples/talking.py                on the demo films, which are indexed at the first run (about a minute)
     python examples/talking.py my-workspace   on your own
"""

import sys

from convrec.agent import Agent


def main(workspace: str | None = None) -> None:
    """Holds a short conversation."""
    with Agent.open(workspace) if workspace else Agent.demo() as agent:
        reply = agent.chat("a comedy, please", user_id="ana", thread_id="example")
        print(reply.text)
        for item in reply.items:
            print(f"- {item.title}: {'; '.join(reason.text for reason in item.reasons if reason.text)}")

        for event in agent.stream("something older", user_id="ana", thread_id="example"):
            match event.type:
                case "plan" | "tool" | "candidates":
                    print(f"[{event.type}]", end=" ")
                case "token":
                    print(event.text, end="")
        print()

        for item in agent.recommend(history=[reply.items[0].id], k=3):  # no turn is stored
            print(item.id, round(item.score, 3), dict(item.contributions))

        print(agent.forget("ana"))  # the receipt


if __name__ == "__main__":
    main(*sys.argv[1:])
