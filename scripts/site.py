"""What the site has beside docs/: the README as its first page, notebooks as pages, the turn's graph as a picture. A hook of mkdocs.yml."""

import html
import json
import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
ROOMS = ("core", "catalogue", "tools", "prompts", "agent", "evaluation", "finetune", "ui")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
GRAPH = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def on_startup(command: str, dirty: bool) -> None:
    """Links the rooms under their installed names, where the reference looks for their sources as soon as it is set up."""
    links = ROOT / ".typing" / "site" / "convrec"
    links.mkdir(parents=True, exist_ok=True)
    for room in ROOMS:
        if not (links / room).exists():
            (links / room).symlink_to(ROOT / room)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the README and the notebooks, which lie outside docs/."""
    files.append(File.generated(config, "index.md", content=(ROOT / "README.md").read_text(encoding="utf-8")))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{notebook.stem}.md", content=as_page(notebook)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Points links at pages of the site, names files that it does not have, and draws the graph."""
    place = ROOT if page.file.src_uri == "index.md" else DOCS / Path(page.file.src_uri).parent
    return GRAPH.sub(lambda found: drawn(found[1]), LINK.sub(lambda found: linked(*found.groups(), place), markdown))


def linked(mark: str, text: str, target: str, place: Path) -> str:
    """Returns a link, written in a folder of the repository, as the site needs it; a file that is no page is named by its path."""
    path, _, heading = target.partition("#")
    if "://" in target or not path:
        return f"{mark}[{text}]({target})"
    found = Path(os.path.normpath(place / path))
    if found.parent == ROOT / "notebooks":
        found = DOCS / "notebooks" / f"{found.stem}.md"
    if not found.is_relative_to(DOCS):
        named = found.relative_to(ROOT).as_posix()
        return text if text.strip("`") == named else f"{text} (`{named}`)"
    there = os.path.relpath(found, DOCS if place == ROOT else place)
    return f"{mark}[{text}]({there}{'#' * bool(heading)}{heading})"


def as_page(notebook: Path) -> str:
    """Returns a notebook's cells as Markdown."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts = [
        "".join(cell["source"]) if cell["cell_type"] == "markdown" else f"```python\n{''.join(cell['source'])}\n```"
        for cell in cells
    ]
    return "\n\n".join([*parts, f"*The notebook is `notebooks/{notebook.name}`; the tests run it.*"])


def drawn(graph: str) -> str:
    """Returns a flow chart as SVG: its nodes in a row, steps that skip some as arcs, conditional ones dashed."""
    nodes = re.findall(r"^\t(\w+)\(", graph, re.MULTILINE)
    middle = {name: 55 + 112 * place for place, name in enumerate(nodes)}
    parts = []
    for start, arrow, end in re.findall(r"^\t(\w+) (-->|-\.->) (\w+);", graph, re.MULTILINE):
        near = middle[end] - middle[start] == 112
        path = (
            f"M{middle[start] + 46} 60H{middle[end] - 50}"
            if near
            else f"M{middle[start]} 44C{middle[start]} 6 {middle[end]} 6 {middle[end]} 40"
        )
        dashes = ' stroke-dasharray="4 4"' if arrow == "-.->" else ""
        parts.append(f'<path d="{path}"{dashes} fill="none" stroke="currentColor" marker-end="url(#arrow)"/>')
    for name in nodes:
        label = html.escape(name.strip("_"))
        parts.append(
            f'<rect x="{middle[name] - 46}" y="44" width="92" height="32" rx="6" fill="none" stroke="currentColor"/>'
        )
        parts.append(f'<text x="{middle[name]}" y="65" text-anchor="middle" font-size="14">{label}</text>')
    marker = '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z" fill="currentColor"/></marker></defs>'
    width = 112 * len(nodes)
    return f'<svg viewBox="0 0 {width} 90" role="img" aria-label="The graph of a turn" fill="currentColor">{marker}{"".join(parts)}</svg>'
