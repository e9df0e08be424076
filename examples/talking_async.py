"""Talk to the agent in an asyncio program: two people at once, each in a conversation of their own.

Run: python examples/talking_async.py                on the demo films
     python examples/talking_async.py my-workspace   on your own
"""

import asyncio
import sys

from convrec.agent import Agent


async def talk(agent: Agent, user_id: str, *messages: str) -> None:
    """Says one message after another; each turn runs in a thread, so that the loop stays free for others."""
    for text in messages:
        async for event in agent.astream(text, user_id=user_id, thread_id="example"):
            if event.type == "done":
                print(f"{user_id}: {text}\n{event.reply.text}\n")


async def main(workspace: str | None = None) -> None:
    """Lets two people talk side by side."""
    with Agent.open(workspace) if workspace else Agent.demo() as agent:
        await asyncio.gather(
            talk(agent, "ana", "a comedy, please", "something older"),
            talk(agent, "ben", "a western", "others?"),
        )
        for user_id in ("ana", "ben"):
            agent.forget(user_id)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
