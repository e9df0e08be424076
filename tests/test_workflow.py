"""What `make` promises to someone who has just cloned."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")


def make(*words):
    return subprocess.run(["make", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def test_plain_make_lists_every_target():
    listed = make().stdout
    declared = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    assert {"install", "chat", "test", "check", "bench", "verify", "format", "docs"} <= set(declared)
    assert [name for name in declared if not re.search(rf"^  make {name} +\S", listed, re.MULTILINE)] == []


def test_without_a_fitting_python_make_says_so(tmp_path):
    done = make("chat", "PYTHON=", f"VENV={tmp_path / 'venv'}")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("target", ["install", "chat", "test", "check"])
def test_a_target_makes_its_own_environment(target, tmp_path):
    planned = make("-n", target, f"VENV={tmp_path / 'venv'}").stdout
    assert "-m venv" in planned
    assert "-c constraints.txt" in planned


def test_serving_has_an_environment_of_its_own_and_is_no_part_of_the_tests(tmp_path):
    planned = make("-n", "test-serving", f"VENV={tmp_path / 'venv'}", f"VLLM={tmp_path / 'vllm'}").stdout
    assert f"scripts/vllm_environment.sh {tmp_path / 'vllm'}" in planned
    assert f"CONVREC_VLLM={tmp_path / 'vllm'}/bin/vllm" in planned
    assert "not serving" in make("-n", "test").stdout
    pins = (ROOT / "scripts/vllm-requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"#.*|[A-Za-z0-9_.-]+(\[\w+\])?==[A-Za-z0-9.]+", pin) for pin in pins)


def test_torch_may_come_from_an_index_of_its_own(tmp_path):
    index = "https://example.org/cpu"
    planned = make("-n", "install", f"VENV={tmp_path / 'venv'}", f"TORCH_INDEX={index}").stdout
    assert f"--extra-index-url {index}" in planned


def test_every_dependency_is_pinned_and_every_pin_is_exact():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    stated = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    wanted = {_name(requirement) for requirement in stated} - {"convrec"}
    pins = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][A-Za-z0-9.]*", pin) for pin in pins)
    assert wanted - {_name(pin) for pin in pins} == set()
    assert "torch==2.13.0" in pins


def _name(requirement):
    return re.match(r"[A-Za-z0-9_.-]+", requirement)[0].lower().replace("_", "-")
