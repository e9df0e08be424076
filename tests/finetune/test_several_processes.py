"""What training on several processes promises: the losses of one, whatever the number of rows that they share."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.catalogue.workspace import Workspace
from convrec.finetune.jobs import training
from convrec.finetune.sets.rows import write_rows
from convrec.finetune.tuning.setting import named_setting
from convrec.finetune.tuning.train import dealt
from tests.finetune.bases import task_rows, write_base

SETTING = """
rank = 4
rate = 1e-2
epochs = 1
row = 256
rows = 3
dtype = "float32"
measure = 0
"""


@given(st.integers(1, 20), st.integers(1, 9))
def test_every_unit_counts_once_and_no_process_waits_for_another(n, processes):
    dealt_out = [dealt(range(n), process, processes) for process in range(processes)]
    assert sorted(unit for units, counted in dealt_out for unit in units[:counted]) == list(range(n))
    assert len({len(units) for units, _ in dealt_out}) == 1


def steps(folder):
    return [json.loads(line)["loss"] for line in (folder / "steps.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    "task", [pytest.param("plan", marks=pytest.mark.ci), pytest.param("preference", marks=pytest.mark.slow)]
)
def test_two_processes_of_a_launcher_have_the_losses_of_one(tmp_path, task):
    workspace, base, rows = (
        Workspace.create(tmp_path / "workspace"), write_base(tmp_path / "base"), tmp_path / "set",
    )  # fmt: skip
    rows.mkdir()
    write_rows(rows / "train.jsonl", task_rows(task, 20))
    (tmp_path / "setting.toml").write_text(SETTING)
    setting = named_setting(str(tmp_path / "setting.toml"))
    training(workspace, task, base, rows, tmp_path / "one", setting)
    launch = [
        sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
        "--main_process_port", "0", "-m", "convrec.ui.cli", "finetune", "train", "-w", str(workspace.root), "--task", task, "--base", str(base), "--rows", str(rows),
        "--config", str(tmp_path / "setting.toml"), "--out", str(tmp_path / "two"),
    ]  # fmt: skip
    about = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path]),
        "OMP_NUM_THREADS": "1",
    }
    ended = subprocess.run(launch, env=about, capture_output=True, text=True, check=False, timeout=600)
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert len(steps(tmp_path / "one")) > 2
    assert steps(tmp_path / "two") == pytest.approx(steps(tmp_path / "one"), rel=1e-5)
