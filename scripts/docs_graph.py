"""Draws the agent's graph into docs/architecture.md; with --check, says whether the drawing is fresh."""

import re
import sys
from pathlib import Path

from generated import put

from convrec.agent.graph import build_graph

PAGE = Path(__file__).parents[1] / "docs" / "architecture.md"
PLACE = re.compile(r"(<!-- the graph, written by `make docs` -->\n).*?(<!-- end of the graph -->)", re.DOTALL)


def page() -> str:
    """Returns the page with the graph as it is now."""
    drawing = f"```mermaid\n{build_graph().get_graph().draw_mermaid().strip()}\n```\n"
    fresh, places = PLACE.subn(lambda found: found[1] + drawing + found[2], PAGE.read_text(encoding="utf-8"))
    if places != 1:
        raise SystemExit(f"{PAGE.name} has {places} places for the graph; it needs one.")
    return fresh


if __name__ == "__main__":
    sys.exit(put(PAGE, page()))
