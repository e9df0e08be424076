"""The measurement of words, on eight films."""

import importlib.util
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "words.py"


@pytest.fixture(scope="module")
def measure():
    spec = importlib.util.spec_from_file_location("words_benchmark", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@given(
    text=st.text(alphabet="aB3 é!", min_size=1, max_size=9).filter(lambda t: any(map(str.isalnum, t))),
    seed=st.integers(0, 99),
)
def test_a_slip_is_one_edit(measure, text, seed):
    assert OSA.distance(text, measure.slip(text, random.Random(seed))) == 1


def test_every_slip_of_every_title_is_measured(measure, films):
    table = measure.measured(films, n=8, seed=0)
    ways = {name.split("/")[0] for name in table}
    assert ways == {"bm25", "search", "recommend", "spelling"}
    # `Alien` and `Aliens` are within one slip of each other, so six titles are unique.
    assert table["bm25/unique titles"] == {"R@1": 1.0, "R@10": 1.0, "n": 6}
    for way in ("bm25", "search", "recommend"):
        assert table[f"{way}/unique titles, a slip"]["R@10"] >= 0.9
        assert 0 <= table[f"{way}/requests, a slip"]["kept"] <= 1.5


def test_shared_titles_are_asked_for_with_and_without_their_year(measure, films):
    catalogue = films.catalogue()
    dated, alone = measure.shared_titles(catalogue, 10, random.Random(0))
    assert (dated, alone) == ([], [])


def test_the_script_writes_one_document(films_folder, tmp_path):
    written = tmp_path / "words.json"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--workspace", str(films_folder), "--cases", "3", "--json", str(written)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == json.loads(written.read_text())
    assert "bm25/unique titles" in json.loads(done.stdout)
