"""The pages build as a site, strictly, and reading it asks nothing of other servers."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

pytestmark = pytest.mark.ci

ROOT = Path(__file__).parents[1]
LOADING = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Loaded(HTMLParser):
    """What a browser would load for a page."""

    def __init__(self):
        super().__init__()
        self.addresses = set()

    def handle_starttag(self, tag, attrs):
        self.addresses.add(dict(attrs).get(LOADING.get(tag, ""), "") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    order = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(order, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_there(site):
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    built = {path.relative_to(site) for path in site.rglob("*.html")}
    assert pages <= built
    assert "A conversational recommender that you install" in (site / "index.html").read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(site):
    for page in site.rglob("*.html"):
        found = Loaded()
        found.feed(page.read_text(encoding="utf-8"))
        assert [each for each in found.addresses if re.match(r"(https?:)?//", each)] == [], page
        assert 'class="mermaid"' not in page.read_text(encoding="utf-8")  # which the theme would fetch a script for
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet


def test_the_graph_of_a_turn_is_drawn(site):
    drawn = (site / "architecture.html").read_text(encoding="utf-8")
    assert all(f">{node}</text>" in drawn for node in ("recall", "understand", "decide", "act", "ground", "respond"))


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("agent", "convrec.agent.agent.Agent.astream"),
        ("reply", "convrec.core.reply.TokenEvent"),
        ("predicates", "convrec.core.predicate.Comparison"),
        ("catalogue", "convrec.catalogue.live.put_items"),
        ("tools", "convrec.tools.contract.Tool.scores"),
        ("errors", "convrec.core.errors.BusyError"),
    ],
)
def test_the_reference_has_the_public_names(site, page, name):
    assert f'id="{name}"' in (site / "api" / f"{page}.html").read_text(encoding="utf-8")
