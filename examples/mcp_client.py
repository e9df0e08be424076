"""Ask the recommender over the Model Context Protocol, as an assistant's program would: it starts the server and calls its tools.

Needs: pip install 'convrec[mcp]'
Run: python examples/mcp_client.py                on the demo films, which `convrec fit` has indexed
     python examples/mcp_client.py my-workspace   on your own
"""

import asyncio
import os
import sys

from mcp import Client, StdioServerParameters


async def main(*workspace: str) -> None:
    """Lists the tools, searches, chats, and is forgotten."""
    options = [f"--workspace={folder}" for folder in workspace]
    command = [
        sys.executable,
        "-c",
        "from convrec.ui.cli import main; main()",
    ]  # the same as `convrec`, wherever that is
    server = StdioServerParameters(command=command[0], args=[*command[1:], "mcp", *options], env=dict(os.environ))
    async with Client(server) as client:
        for tool in (await client.list_tools()).tools:
            print(f"{tool.name}: {tool.description}")
        found = await client.call_tool("search_items", {"query": "a funny western", "k": 3})
        for item in found.structured_content["items"]:
            print(item["id"], item["title"], item["facts"])
        reply = await client.call_tool("chat", {"text": "a comedy, please", "user_id": "ana", "thread_id": "example"})
        print(reply.content[0].text)
        wrong = await client.call_tool("get_item", {"item_id": "no such item"})
        print(wrong.is_error, wrong.content[0].text)
        receipt = await client.call_tool("forget_user", {"user_id": "ana"})
        print(receipt.structured_content)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
