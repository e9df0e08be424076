"""An adapter that was trained here is served by a real vLLM as it was trained, registered, and found by the agent's settings."""

from pathlib import Path

import pytest

from convrec.agent.llm.budget import Budget
from convrec.agent.llm.connect import connect
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ModelError
from convrec.finetune.jobs import verifying
from convrec.finetune.serving.serve import offered, point_at
from convrec.finetune.serving.server import Server, free_port
from convrec.finetune.sets.rows import write_rows
from convrec.finetune.tuning.train import Job, train
from convrec.prompts.understand.answer import Understood
from tests.finetune.bases import rows, write_base
from tests.finetune.test_tuning import SETTING
from tests.serving.conftest import VLLM


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    write_base(folder / "base", width=128, context=2048)
    (folder / "set").mkdir()
    for part, some in (("train", rows(40)), ("valid", rows(8, "valid", 100))):
        write_rows(folder / "set" / f"{part}.jsonl", some)
    job = Job("understand", folder / "base", folder / "set", folder / "run", SETTING)
    adapter = train(job, rows(40), ()).adapter
    return Workspace.create(folder / "workspace"), job, adapter


def test_what_vllm_serves_is_what_was_trained_and_the_agent_finds_it(trained, monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    workspace, job, adapter = trained
    proof = verifying(workspace, "understand", job.base, job.rows, adapter, vllm=Path(VLLM).absolute())
    assert proof.holds
    assert proof.served_by == "vLLM"
    offer = offered(workspace, "understand", Path(VLLM).absolute(), port=free_port(), dtype="float32")
    with Server(offer.serving, workspace.root / "finetune" / "vllm.log") as server:
        point_at(workspace, offer)
        llm = Workspace.open(workspace.root).settings.llm
        assert (llm.base_url, llm.adapter, llm.steps) == (offer.serving.base_url, "understand", ("understand",))
        assert server.is_well()
        asked = [(message.role, message.content) for message in rows(1)[0].messages]
        assert isinstance(connect(llm).ask(asked, Understood, Budget(llm), max_tokens=400), Understood)
        with pytest.raises(ModelError, match="does not serve"):
            verifying(
                workspace,
                "understand",
                job.base,
                job.rows,
                adapter,
                vllm=None,
                base_url=offer.serving.base_url.replace("/v1", "/v2"),
            )
