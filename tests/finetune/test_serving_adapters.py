"""The register of adapters, the server's command, and what `[llm]` is made to say; the commands from end to end."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import InputError, ModelError
from convrec.finetune.proof import verify as proof
from convrec.finetune.proof.verify import Verified
from convrec.finetune.serving.register import register, registered
from convrec.finetune.serving.serve import offered, point_at
from convrec.finetune.serving.server import Serving, found_vllm
from convrec.finetune.tuning import train as training
from convrec.finetune.tuning.train import train
from convrec.ui.cli.app import app
from tests.finetune.bases import rows, write_base
from tests.finetune.test_sets import shop  # noqa: F401  (a fixture)
from tests.finetune.test_tuning import prepared

HOLDS = Verified(50, 900, 1.0, 1.0, 0.0001, "vLLM")


@pytest.fixture
def trained(tmp_path):
    job = prepared(tmp_path)
    return Workspace.create(tmp_path / "workspace"), job, train(job, rows(20), ()).adapter


def test_an_adapter_that_is_not_served_as_trained_is_not_registered(trained):
    workspace, job, adapter = trained
    with pytest.raises(ModelError, match=r"97\.0% of the tokens are the same"):
        register(workspace, "understand", adapter, job.base, Verified(50, 900, 0.97, 0.8, 0.01, "vLLM"))
    assert registered(workspace) == {}


def test_a_registered_adapter_is_served_by_its_tasks_name(trained):
    workspace, job, adapter = trained
    register(workspace, "understand", adapter, job.base, HOLDS)
    assert (workspace.root / "adapters/understand/adapter_model.safetensors").is_file()
    offer = offered(workspace, "understand", Path("/opt/vllm"), port=8123)
    command = offer.serving.command()
    assert command[:3] == ["/opt/vllm", "serve", str(job.base.resolve())]
    assert command[command.index("--max-lora-rank") + 1] == "8"
    assert command[-1] == f"understand={workspace.root / 'adapters/understand'}"
    (workspace.root / "convrec.toml").write_text("# ours\n[policy]\nmax_rounds = 2\n")
    point_at(workspace, offer)
    text = (workspace.root / "convrec.toml").read_text()
    assert text.startswith("# ours")
    assert tomllib.loads(text)["llm"] == {
        "base_url": "http://127.0.0.1:8123/v1",
        "model": "base",
        "adapter": "understand",
        "steps": ["understand"],
    }


def test_without_vllm_the_agent_loads_the_adapter_itself(trained):
    workspace, job, adapter = trained
    register(workspace, "understand", adapter, job.base, HOLDS)
    offer = offered(workspace, "understand", None, port=0)
    assert offer.serving is None
    assert offer.settings["model"] == str(job.base.resolve())
    assert offer.settings["adapter"] == str(workspace.root / "adapters/understand")


def test_what_is_not_registered_is_not_served(trained):
    workspace, _, _ = trained
    with pytest.raises(InputError, match="No adapter for plan is registered"):
        offered(workspace, "plan", None, port=0)


def test_a_packed_base_is_not_given_to_vllm(tmp_path):
    base = write_base(tmp_path / "base")
    (base / "model.safetensors").rename(base / "packed-1-of-1.safetensors")
    with pytest.raises(ModelError, match="packed in 8 bits"):
        Serving(Path("vllm"), base, {}).command()


def test_a_named_vllm_that_is_no_program_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="CONVREC_VLLM names"):
        found_vllm({"CONVREC_VLLM": str(tmp_path / "none")})


def test_the_five_commands_lead_from_a_shop_to_a_served_adapter(shop, tmp_path, monkeypatch):  # noqa: F811  (the fixture)
    monkeypatch.delenv("CONVREC_VLLM", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(proof, "PROMPTS", 2)
    monkeypatch.setattr(training, "answer_tokens", lambda task: 12)
    monkeypatch.setattr(proof, "answer_tokens", lambda task: 12)
    base = write_base(tmp_path / "base", context=8192)
    setting = tmp_path / "quick.toml"
    setting.write_text(
        'rank = 4\nepochs = 0.1\nrow = 4096\nrows = 1\nmeasure = 0\nmeasure_every = 50\ndtype = "float32"\n'
    )
    about = ["-w", str(shop.root), "--task", "understand", "--json"]

    def done(command, *more):
        result = CliRunner().invoke(app, ["finetune", command, *about, *more], catch_exceptions=False)
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    assert done("build", "--messages", "60")["rows"]["train"] > 20
    assert done("train", "--base", str(base), "--config", str(setting), "--dry-run")["memory_bytes"] > 0
    trained_here = done("train", "--base", str(base), "--config", str(setting))
    assert trained_here["base_hash_before"] == trained_here["base_hash_after"]
    figures = done("evaluate", "--base", str(base), "--limit", "2")["figures"]["valid"]
    assert set(figures) == {"base", "tuned", "compact", "table", "nearest"}
    assert done("verify", "--base", str(base))["served_by"] == "transformers"
    assert done("serve")["llm"]["steps"] == ["understand"]


def test_a_missing_base_is_a_sentence(shop):  # noqa: F811  (the fixture)
    result = CliRunner().invoke(app, ["finetune", "train", "-w", str(shop.root), "--task", "understand"])
    assert result.exit_code == 2
    assert "--base is missing" in result.stderr
