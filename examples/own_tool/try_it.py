"""See convrec find, fit and ask a tool that another distribution brings.

Run: pip install ./examples/own_tool
     python examples/own_tool/try_it.py

It makes a workspace of twenty plants in a folder that is gone afterwards. In a workspace of yours nothing is left to do but
`convrec fit -w my-workspace`, which lists the tool among the others.
"""

import tempfile
from pathlib import Path

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit

PLANTS = Path(__file__).with_name("plants.csv")


def main() -> None:
    """Fits all tools that there are, and asks this one alone and beside the others."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(folder)
        ingest(workspace, items=[PLANTS])
        for tool in fit(workspace).tools:
            print(f"{tool.name}: {tool.outcome} {tool.note or ''}")
        with Agent.open(workspace) as agent:
            wish = [{"role": "user", "content": "white flowers in the shade"}]
            for tools in (["word_overlap"], None):
                print("asked alone:" if tools else "asked beside the others:")
                for item in agent.recommend(messages=wish, tools=tools, k=3):
                    title = agent.toolbox.get_item(item.id).title
                    print(f"  {title}: {item.score:.3f} = {dict(item.contributions)}")


if __name__ == "__main__":
    main()
