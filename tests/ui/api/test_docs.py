"""Every block of docs/http-api.md is run against a server, in order."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from convrec.agent.agent import Agent
from tests.ui.api.conftest import KEYS
from tests.ui.api.served import serving

pytestmark = pytest.mark.ci

PAGE = Path(__file__).parents[3] / "docs" / "http-api.md"
BLOCKS = re.findall(r"^```(bash|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def environment(fitted_films, tmp_path_factory):
    folder = shutil.copytree(fitted_films, tmp_path_factory.mktemp("docs") / "films")
    with Agent.open(Path(folder)) as agent, serving(agent, json.dumps(KEYS)) as url:
        yield {**os.environ, "CONVREC_URL": url, "CONVREC_KEY": "key-of-admin"}


@pytest.mark.parametrize(("language", "block"), BLOCKS, ids=lambda value: value if value in ("bash", "python") else "")
def test_a_block_runs(environment, language, block):
    if language == "bash" and not shutil.which("curl"):
        pytest.skip("there is no curl")
    command = ["bash", "-euo", "pipefail", "-c", block] if language == "bash" else [sys.executable, "-c", block]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout
    assert '"status":4' not in done.stdout


def test_the_page_has_blocks():
    assert len(BLOCKS) >= 8
