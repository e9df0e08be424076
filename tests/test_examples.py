"""Every example runs as its own words say, and every block of the page on embedding too, without leaving this machine."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.pages import OFFLINE

pytestmark = pytest.mark.ci

pytest.importorskip("mcp")

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
SCRIPTS = sorted(path.name for path in EXAMPLES.glob("*.py"))
SHOWN = {
    "talking.py": ["comedy items", "[plan] ", "verified=True"],
    "talking_async.py": ["ana: something older", "ben: others?"],
    "tools_on_another_agent.py": ["search_items (call-1)", "How about "],
    "subgraph.py": ["We are open from nine to five.", "comedy items", "Your video shop", "[plan] ", "[done] "],
    "mcp_client.py": ["forget_user: ", "comedy items", "True There is no item 'no such item'", "'verified': True"],
}


@pytest.fixture
def run(tmp_path):
    """Runs Python in a process that can reach nothing but this machine, and returns what it printed."""
    (tmp_path / "sitecustomize.py").write_text(OFFLINE)

    def run(*command, path=(), cwd=tmp_path):
        places = (str(tmp_path), *map(str, path), os.environ.get("PYTHONPATH", ""))
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, places)),
            "PYTHONWARNINGS": "error::DeprecationWarning:__main__",
        }
        done = subprocess.run(
            [sys.executable, *map(str, command)],
            check=False,
            capture_output=True,
            text=True,
            cwd=cwd,
            env=environment,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def test_every_example_is_tried():
    assert set(SCRIPTS) == SHOWN.keys()


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_example_runs(run, films, script):
    printed = run(EXAMPLES / script, films)
    for words in SHOWN[script]:
        assert words in printed


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder in which the example's distribution is installed as pip installs it."""
    folder = tmp_path_factory.mktemp("own")
    source = shutil.copytree(EXAMPLES / "own_tool", folder / "source")
    order = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--target",
        folder / "site",
        source,
    ]
    done = subprocess.run(list(map(str, order)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_a_tool_that_a_distribution_announces_is_fitted_and_fused(run, installed):
    printed = run(EXAMPLES / "own_tool" / "try_it.py", path=[installed])
    assert "word_overlap: fitted" in printed
    alone, beside = printed.split("asked beside the others:")
    assert re.search(r"Christmas Rose: [\d.]+ = {'word_overlap': 1.0, ", alone)
    assert "'bm25'" in beside
    assert "'word_overlap'" in beside


def test_the_tool_keeps_the_contract(run, installed, tmp_path):
    tried = tmp_path / "test_word_overlap.py"
    tried.write_text(
        "from convrec.tools.conformance import ToolConformance\n"
        "from word_overlap import WordOverlap\n\n\n"
        "class TestWordOverlap(ToolConformance):\n"
        "    tool = WordOverlap\n"
    )
    assert re.search(r"\d+ passed", run("-m", "pytest", "-p", "no:cacheprovider", tried, path=[installed]))


def blocks(language):
    return re.findall(
        rf"^```{language}\n(.*?)^```", (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8"), re.M | re.S
    )


def test_the_page_on_embedding_runs_from_top_to_bottom(run, films, tmp_path):
    shutil.copytree(films, tmp_path / "my-shop")
    page = tmp_path / "page.py"
    page.write_text("\n".join(blocks("python")))
    printed = run(page)
    assert "comedy items" in printed
    assert "There is no item 'no such item'" in printed
    assert len(blocks("python")) >= 8


def test_the_page_announces_the_tool_as_the_example_does():
    (block,) = blocks("toml")
    announced = tomllib.loads((EXAMPLES / "own_tool" / "pyproject.toml").read_text())
    assert tomllib.loads(block)["project"]["entry-points"] == announced["project"]["entry-points"]
