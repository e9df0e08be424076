"""The load benchmark at a small size: nobody gets an error, whoever is sent away comes back."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARK = Path(__file__).parents[3] / "benchmarks" / "load.py"


def test_people_who_talk_get_answers(fitted_films):
    few = ["--people", "3", "--seconds", "4", "--crowd", "9", "--crowd-seconds", "2", "--turns", "8"]
    done = subprocess.run(
        [sys.executable, str(BENCHMARK), "--workspace", str(fitted_films), *few],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert set(found["people"]["statuses"]) == {"200"}
    assert set(found["crowd"]["statuses"]) <= {"200", "429"}
    assert found["one_person"]["p50"] > 0 < found["bare_fastapi"]["p50"]
