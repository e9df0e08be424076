"""What can be known of Dockerfile, compose.yaml and langgraph.json without Docker: linters, the specifications' own parsers, and that they name what there is."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = str(Path(sys.executable).parent)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
PINNED = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)


def test_the_dockerfile_pleases_its_linter():
    found = subprocess.run([shutil.which("hadolint", path=BIN), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)  # fmt: skip
    assert (found.returncode, found.stdout) == (0, "")


def test_the_image_holds_every_package_and_runs_as_nobody_special():
    copied = set(re.findall(r"^COPY (\w+) \w+$", DOCKERFILE, re.MULTILINE))
    assert copied == {PROJECT["tool"]["setuptools"]["package-dir"][name] for name in PROJECT["tool"]["setuptools"]["package-dir"]}  # fmt: skip
    let_in = set((ROOT / ".dockerignore").read_text().replace("!", "").split())
    single = set(re.findall(r"^COPY ((?:[\w.]+ )+)\./$", DOCKERFILE, re.MULTILINE)[0].split())
    assert copied | single <= let_in
    assert all((ROOT / name).exists() for name in copied | single)
    stages = DOCKERFILE.split("\nFROM ")
    for stage in stages[2:4]:
        assert re.search(r"^USER 10001$", stage, re.MULTILINE)
        assert "HEALTHCHECK" in stage
    assert stages[-1].strip() == "server"  # what `docker build .` makes


def test_the_image_takes_extras_that_there_are():
    extras = re.search(r"'\.\[([\w,]+)\]'", DOCKERFILE)[1].split(",")
    assert set(extras) <= set(PROJECT["project"]["optional-dependencies"])
    assert {"serve", "postgres", "telemetry"} <= set(extras)


def test_the_compose_file_is_one_of_the_compose_specification():
    from compose_spec import PyCompose

    filled = re.sub(
        r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda found: found[1] or "x", (ROOT / "compose.yaml").read_text()
    )
    assert "$" not in filled
    assert set(PyCompose.from_yaml(filled).service_names()) == {"fit", "server", "postgres", "chroma", "vllm"}
    with pytest.raises(Exception, match="imagine"):  # so the parser would have said so
        PyCompose.from_yaml("services: {server: {image: x, imagine: y}}")


def test_the_services_are_started_with_commands_and_settings_that_there_are():
    from typer.main import get_command

    from convrec.core.settings import Settings
    from convrec.ui.cli.app import app

    commands = get_command(app).commands
    for name in ("server", "fit"):
        service = COMPOSE["services"][name]
        command, *options = service["command"]
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known
        for variable in service["environment"]:
            section, _, key = variable.removeprefix("CONVREC_").partition("_")
            if variable.startswith("CONVREC_") and variable not in ("CONVREC_API_KEYS", "CONVREC_SECRET"):
                assert key.lower() in Settings.model_fields[section.lower()].annotation.model_fields, variable
    cmd = json.loads(re.search(r'^CMD (\["serve".*)$', DOCKERFILE, re.MULTILINE)[1])
    assert cmd[0] in commands


def test_secrets_come_from_outside_and_nothing_but_the_api_is_open_on_this_machine_alone():
    text = (ROOT / "compose.yaml").read_text()
    for secret in ("POSTGRES_PASSWORD", "CONVREC_API_KEYS", "CONVREC_SECRET"):
        assert f"${{{secret}:?" in text
    assert {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service} == {"server": ["127.0.0.1:8000:8000"]}  # fmt: skip
    assert COMPOSE["services"]["chroma"]["image"] == f"chromadb/chroma:{PINNED['chromadb']}"
    for service in COMPOSE["services"].values():
        assert "image" not in service or ":" in service["image"]


def test_langgraphs_own_check_passes_and_the_graph_is_where_it_says():
    found = subprocess.run([shutil.which("langgraph", path=BIN), "validate", "-c", str(ROOT / "langgraph.json")], capture_output=True, text=True, check=False)  # fmt: skip
    assert found.returncode == 0, found.stderr
    module, _, name = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["convrec"].partition(":")
    import importlib

    assert callable(getattr(importlib.import_module(module), name))
