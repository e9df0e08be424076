"""The benchmark of filters at scale runs, and finds nothing wrong, at a size of seconds."""

import json
import subprocess
import sys
from pathlib import Path

SCALE = Path(__file__).parents[1] / "benchmarks" / "scale.py"


def test_filters_are_exact_and_never_empty_while_items_match(tmp_path):
    tools = "popularity,bm25,item_knn,dense"
    command = [sys.executable, SCALE, "--items", "400", "--events", "800", "--queries", "80", "--tools", tools]
    run = subprocess.run([*command, "--out", tmp_path / "scale.json"], capture_output=True, text=True, timeout=600, check=False)  # fmt: skip
    assert run.returncode == 0, run.stderr
    table = json.loads((tmp_path / "scale.json").read_text())
    assert table == json.loads(run.stdout)
    assert table["check"]["answers"] == 80
    assert 0 < table["check"]["empty"] < 40
    assert table["check"]["violations"] == table["check"]["needless_empty"] == 0
    assert table["serve"]["dense_agreement"] >= 0.99
