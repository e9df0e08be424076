"""The demo, at a size that proves nothing but that its parts fit: the whole one is `make finetune-demo`."""

import json

from safetensors.torch import load_file

from convrec.finetune.demo.run import DemoOptions, run
from convrec.finetune.demo.tiny import TinySetting
from convrec.finetune.proof import verify as proof
from convrec.finetune.tuning import train as training
from convrec.finetune.tuning.setting import named_setting

KEYS = {
    "seconds", "f1_before", "f1_after", "valid_before", "valid_after", "heldout_wording_f1", "token_agreement", "served_by", "base_hash_before", "base_hash_after", "adapter",
}  # fmt: skip


def test_the_demo_writes_its_summary(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVREC_ALLOW_MODEL_REQUESTS", "1")
    monkeypatch.setattr(proof, "PROMPTS", 2)
    monkeypatch.setattr(training, "answer_tokens", lambda task: 12)
    monkeypatch.setattr(proof, "answer_tokens", lambda task: 12)
    tiny = TinySetting(width=32, inner=64, layers=2, heads=2, shared_heads=1, steps=3, vocabulary=600)
    setting = named_setting("demo", epochs=0.2, measure=0)
    summary = run(tmp_path / "demo", None, DemoOptions(tiny, 40, 0.0, setting, 2), root=tmp_path)
    assert summary.keys() >= KEYS
    assert json.loads((tmp_path / "demo/summary.json").read_text()) == summary
    assert summary["served_by"] == "transformers"
    assert summary["base_hash_before"] == summary["base_hash_after"]
    assert all(0 <= summary[name] <= 1 for name in KEYS if name.startswith(("f1", "valid", "held", "token")))
    assert all(".lora_" in name for name in load_file(tmp_path / summary["adapter"] / "adapter_model.safetensors"))
