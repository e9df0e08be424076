"""docs/finetuning.md, every command of it, on a small shop's CSV and a base that the tests make."""

import csv
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from convrec.finetune.proof import verify as proof
from convrec.finetune.tuning import train as training
from convrec.ui.cli.app import app
from tests.finetune.bases import write_base

PAGE = Path(__file__).parents[2] / "docs" / "finetuning.md"
ELSEWHERE = (
    "accelerate launch",
    "make ",
    "python ",
    "pip ",
)  # several processes, the demo, benchmarks: their own tests
TINY = "rank = 4\nepochs = 0.1\nrow = 4096\nrows = 2\nmeasure = 1\nmeasure_every = 50\n"
SMALLER = {"build --task understand": ["--messages", "60"], "evaluate --task understand": ["--limit", "3"]}
COLOURS = ("crimson", "turquoise", "beige", "violet", "olive", "amber", "indigo", "ivory")


def commands():
    """Returns the page's commands in their order, each as words."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]
    lines = [re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line) for line in lines]
    return [shlex.split(line) for line in lines if not line.startswith(ELSEWHERE)]


def shop(folder):
    """Writes a shop's `items.csv` and `events.csv`."""
    rng = np.random.default_rng(0)
    with (folder / "items.csv").open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow(("id", "title", "category", "colour", "price"))
        written.writerows((f"i{n}", f"{COLOURS[n % 8].title()} Lamp No. {n}", ("lamps", "lanterns")[n % 2], COLOURS[n % 8], 10 + n) for n in range(160))  # fmt: skip
    with (folder / "events.csv").open("w", newline="") as file:
        written = csv.writer(file)
        written.writerow(("user_id", "item_id", "event"))
        for person in range(60):
            liked = rng.choice(np.arange(person % 8, 160, 8), 10, replace=False).tolist()
            written.writerows((f"u{person}", f"i{n}", "purchase") for n in liked)


def smaller(words):
    """Returns a command at tiny size: fewer messages and rows, and a setting of a few steps on this CPU."""
    words = list(words)
    if "--config" in words and "--dry-run" not in words:
        words[words.index("--config") + 1] = "tiny.toml"
    task = words[words.index("--task") + 1] if "--task" in words else ""
    return words + SMALLER.get(f"{words[1]} --task {task}", [])


@pytest.mark.ci
def test_every_command_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    monkeypatch.setenv("CONVREC_VLLM", "")
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(proof, "PROMPTS", 2)
    monkeypatch.setattr(training, "answer_tokens", lambda task: 8)
    monkeypatch.setattr(proof, "answer_tokens", lambda task: 8)
    shop(tmp_path)
    (tmp_path / "tiny.toml").write_text(TINY)
    write_base(tmp_path / "models" / "qwen3-4b", context=16_384)
    ran = []
    for words in commands():
        done = CliRunner().invoke(app, smaller(words[1:]) if words[0] == "convrec" else words)
        assert done.exit_code == 0, (words, done.output, done.exception)
        ran.append(" ".join(words[1:3]))
    assert {f"finetune {verb}" for verb in ("build", "train", "evaluate", "verify", "serve")} <= set(ran)
