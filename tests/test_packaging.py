"""What an installation carries, what it refuses, and what it does not load."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("core", "catalogue", "tools", "prompts", "agent", "evaluation", "finetune", "ui")
HEAVY = (
    "torch",
    "transformers",
    "chromadb",
    "gradio",
    "implicit",
    "bm25s",
    "langgraph",
    "pyarrow",
    "duckdb",
    "scipy",
    "numpy",
    "rich.progress",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The names in the sdist and in the wheel that is built from it."""
    out = tmp_path_factory.mktemp("dist")
    order = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(order, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with zipfile.ZipFile(next(out.glob("*.whl"))) as wheel:
        in_wheel = set(wheel.namelist())
    with tarfile.open(next(out.glob("*.tar.gz"))) as sdist:
        in_sdist = {name.partition("/")[2] for name in sdist.getnames()}
    return in_wheel, in_sdist


def tracked(room):
    """The files of a room that are under version control, as they lie in the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", room], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\n")
    return {name for name in listed if name and (ROOT / name).exists()}


@pytest.mark.parametrize("room", ROOMS)
def test_wheel_and_sdist_carry_every_file_of_every_room(built, room):
    in_wheel, in_sdist = built
    files = tracked(room)
    assert f"{room}/py.typed" in files
    assert {name for name in files if f"convrec/{name}" not in in_wheel} == set()
    assert files - in_sdist == set()


def test_the_wheel_carries_nothing_but_the_rooms(built):
    in_wheel, _ = built
    strangers = {
        name
        for name in in_wheel
        if not name.startswith(tuple(f"convrec/{room}/" for room in ROOMS)) and ".dist-info/" not in name
    }
    assert strangers == set()
    assert any(name.endswith("licenses/LICENSE") for name in in_wheel)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_refuses_its_bare_name(room):
    done = subprocess.run(
        [sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert f"import it as `convrec.{room}`" in done.stderr


@pytest.mark.parametrize("room", ROOMS)
def test_importing_a_room_loads_nothing_heavy(room):
    assert not loaded_by(f"import convrec.{room}") & {
        "torch",
        "transformers",
        "chromadb",
        "gradio",
        "implicit",
        "bm25s",
    }


def test_help_loads_nothing_heavy():
    assert not loaded_by("from convrec.ui.cli.app import app; app(['--help'], standalone_mode=False)") & set(HEAVY)


def loaded_by(statement):
    """The names of the modules that are loaded after a statement, in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint('\\nLOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.rsplit("LOADED", 1)[1].split())


def test_rooms_import_only_rooms_below():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
