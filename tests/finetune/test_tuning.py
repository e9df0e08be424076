"""What training promises: the assistant's tokens alone are learned, packing changes nothing, a killed run goes on as if it had not been."""

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from convrec.agent.llm.loading import load
from convrec.core.errors import InputError, ModelError, WorkspaceError
from convrec.finetune.proof.verify import checked_card
from convrec.finetune.serving.server import Serving
from convrec.finetune.sets.rows import ChatMessage, read_rows, write_rows
from convrec.finetune.tuning import lora, state
from convrec.finetune.tuning.base import checked_base, identity, open_base
from convrec.finetune.tuning.estimate import estimate
from convrec.finetune.tuning.forward import loss_of
from convrec.finetune.tuning.lora import checked_adapter
from convrec.finetune.tuning.messages import Template
from convrec.finetune.tuning.packing import packed, shared
from convrec.finetune.tuning.preference import PairRun
from convrec.finetune.tuning.setting import CONFIGS, TrainSetting, named_setting
from convrec.finetune.tuning.train import Job, Run, train
from tests.finetune.bases import END, TEMPLATES, row, rows, task_rows, tokenizer, write_base

SETTING = TrainSetting(
    rank=4, rate=1e-2, epochs=2, row=256, rows=2, measure=2, measure_every=3, save_every=2, patience=9
)
TASKS = ("understand", "plan", "explain", "profile", "preference")
CHAT = [
    ChatMessage(role="system", content="Be brief."),
    ChatMessage(role="user", content="Any westerns?"),
    ChatMessage(role="assistant", content='{"acts": ["request"]}'),
]


def learned_text(template, chat):
    encoded = template.encode(chat)
    return template.tokenizer.decode(
        [token for token, learned in zip(encoded.ids, encoded.learned, strict=True) if learned]
    )


@pytest.mark.parametrize("style", TEMPLATES)
def test_what_the_assistant_says_is_learned_and_nothing_else(style):
    said = learned_text(Template(tokenizer(style)), CHAT)
    assert said.strip() == '{"acts": ["request"]}' + END[style]


@pytest.mark.parametrize("style", TEMPLATES)
def test_training_sees_the_prompt_that_is_served(style):
    template = Template(tokenizer(style))
    served = template.tokenizer.apply_chat_template(
        [m.model_dump() for m in CHAT[:2]], add_generation_prompt=True, return_dict=True
    )["input_ids"]
    encoded = template.encode(CHAT)
    assert list(encoded.ids[: len(served)]) == list(served)
    assert encoded.learned.index(True) >= len(served)


def test_every_answer_of_a_long_chat_is_learned():
    chat = [*CHAT, ChatMessage(role="user", content="Funnier."), ChatMessage(role="assistant", content="Done.")]
    said = learned_text(Template(tokenizer("chatml")), chat)
    assert said.split("<|im_end|>") == ['{"acts": ["request"]}', "Done.", ""]


def test_a_template_that_rewrites_answers_is_refused():
    words = tokenizer("plain")
    words.chat_template = "{% for m in messages %}{{ m['content'] | upper }}{% endfor %}"
    with pytest.raises(ModelError, match="does not write what the assistant says"):
        Template(words).encode(CHAT)


def test_packed_rows_have_the_loss_of_chats_alone(tmp_path):
    loaded, template = open_base(write_base(tmp_path / "base"), "float32")
    chats = [template.encode((*one.messages, ChatMessage(role="assistant", content=one.answer))) for one in rows(5)]
    total = sum(sum(chat.learned) for chat in chats)
    alone = sum(loss_of(loaded.model, packed([chat], 0, 512)[0], total) for chat in chats)
    beginning = shared(chats)
    assert beginning > 20
    together = packed(chats, beginning, 4096)
    assert len(together) == 1
    assert float(loss_of(loaded.model, together[0], total).detach()) == pytest.approx(float(alone.detach()), rel=1e-5)


def prepared(folder, n=40, *, task="understand", **base):
    write_base(folder / "base", **base)
    (folder / "set").mkdir(parents=True)
    write_rows(folder / "set" / "train.jsonl", task_rows(task, n))
    return Job(task, folder / "base", folder / "set", folder / "run", SETTING)


def tuned(job, valid=None):
    """Returns the run of a job on its own set, pairs learned as pairs."""
    held = task_rows(job.task, 2, "valid", 100) if valid is None else valid
    make = PairRun if job.task == "preference" else None
    return train(job, read_rows(job.rows / "train.jsonl"), held, make=make)


@pytest.mark.parametrize("task", [TASKS[0], *(pytest.param(task, marks=pytest.mark.ci) for task in TASKS[1:])])
def test_an_adapter_is_lora_alone_and_the_base_stays_as_it_was(tmp_path, task):
    job = prepared(tmp_path, task=task)
    trained = tuned(job)
    assert trained.before == trained.after
    assert all(".lora_" in name for name in load_file(trained.adapter / "adapter_model.safetensors"))
    losses = trained.standing.losses
    assert losses[-1] < losses[0]
    assert (job.out / "training.svg").read_text().startswith("<?xml")
    card = checked_card(trained.adapter, job.base, task)
    assert card["rank"] == 4


@pytest.mark.parametrize("task", [TASKS[0], *(pytest.param(task, marks=pytest.mark.ci) for task in TASKS[1:])])
def test_only_the_adapter_has_gradients_and_only_it_changes(tmp_path, task, monkeypatch):
    job = prepared(tmp_path, task=task)
    graded, weights = [], []
    step = Run._step

    def watched(self, number, units):
        if not weights:
            clip = self.accelerator.clip_grad_norm_
            monkeypatch.setattr(
                self.accelerator,
                "clip_grad_norm_",
                lambda *given: (graded.append(with_gradients(self.model)), clip(*given)),
            )
            weights.append((self.model, {name: weight.detach().clone() for name, weight in parameters(self.model)}))
        return step(self, number, units)

    monkeypatch.setattr(Run, "_step", watched)
    tuned(job, ())
    (model, before), *_ = weights
    assert all(all(".lora_" in name for name in names) for names in graded)
    assert graded[0] == {name for name in before if ".lora_" in name}
    after = dict(parameters(model))
    assert all(torch.equal(before[name], after[name]) == (".lora_" not in name) for name in before)


def parameters(model):
    return list(model.named_parameters())


def with_gradients(model):
    return {name for name, weight in parameters(model) if weight.grad is not None}


@pytest.mark.parametrize("task", [TASKS[0], *(pytest.param(task, marks=pytest.mark.ci) for task in TASKS[1:])])
def test_an_adapter_that_is_read_again_has_the_same_logits(tmp_path, task, monkeypatch):
    job = prepared(tmp_path, task=task)
    models = []
    finish = Run.finish
    monkeypatch.setattr(Run, "finish", lambda self, before: (models.append(self.loaded.model), finish(self, before)))
    adapter = tuned(job, ()).adapter
    again = load(str(job.base), str(adapter), dtype="float32")
    template = Template(again.tokenizer)
    ids = torch.tensor([template.prompt(task_rows(task, 1, "valid", 200)[0].messages)])
    with torch.inference_mode():
        ours, theirs = models[0].eval()(input_ids=ids).logits, again.model(input_ids=ids).logits
        untuned = load(str(job.base), dtype="float32").model(input_ids=ids).logits
    assert torch.equal(ours, theirs)
    assert not torch.allclose(ours, untuned, atol=1e-3)


KILLED = """
import os, signal, sys
from pathlib import Path
from convrec.finetune.tuning import train as module
from tests.finetune.test_tuning import SETTING, tuned
folder, task, at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
step = module.Run._step
def dying(self, number, units):
    if number == at:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(self, number, units)
module.Run._step = dying
tuned(module.Job(task, folder / "base", folder / "set", folder / "run", SETTING))
"""


@pytest.mark.parametrize("task", [TASKS[0], *(pytest.param(task, marks=pytest.mark.slow) for task in TASKS[1:])])
@pytest.mark.parametrize("at", [1, pytest.param(5, marks=pytest.mark.slow)])
def test_a_run_that_was_killed_goes_on_with_the_same_losses(tmp_path, task, at):
    whole, job = tuned(prepared(tmp_path / "whole", task=task)), prepared(tmp_path / "cut", task=task)
    root = Path(__file__).parents[2]
    about = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(tmp_path / "cut"), task, str(at)], env=about, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    cut = tuned(job)
    assert len(whole.standing.losses) > 5
    assert cut.standing.losses == pytest.approx(whole.standing.losses, abs=1e-6)
    ours, theirs = (load_file(run.adapter / "adapter_model.safetensors") for run in (cut, whole))
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


def test_a_folder_of_another_run_is_refused(tmp_path):
    job = prepared(tmp_path)
    train(job, rows(40), ())
    with pytest.raises(InputError, match="another setting"):
        train(Job("understand", job.base, job.rows, job.out, SETTING.model_copy(update={"rank": 8})), rows(40), ())


def test_a_full_disk_keeps_what_was_there(tmp_path, monkeypatch):
    standing = state.Standing(step=1, losses=[1.0])
    state.keep(tmp_path, standing, {"adapter": {"a": torch.ones(2)}})

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "new_file", full)
    with pytest.raises(WorkspaceError, match="full"):
        state.keep(tmp_path, state.Standing(step=2, losses=[1.0, 0.5]), {"adapter": {"a": torch.zeros(2)}})
    before, parts = state.kept(tmp_path)
    assert before == standing
    assert parts["adapter"]["a"].tolist() == [1, 1]


def test_a_full_disk_at_the_end_is_a_sentence(tmp_path, monkeypatch):
    job = prepared(tmp_path)

    def full(path):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(lora, "new_file", full)
    with pytest.raises(WorkspaceError, match="full"):
        train(job, rows(40), ())
    monkeypatch.undo()
    assert checked_adapter(train(job, rows(40), ()).adapter)["r"] == 4


# Bad input


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (rows(3), "3 training rows"),
        (
            [row(n, answer='{"acts": ["other"], "preferences": [], "references": []}') for n in range(20)],
            "the same answer",
        ),
        ([row(n, message=f"{n} " + "a b " * 25_000) for n in range(20)], "longer than 512 tokens"),
    ],
    ids=["three rows", "one class", "long turns"],
)
def test_a_set_that_teaches_nothing_is_refused(tmp_path, given, says):
    job = prepared(tmp_path)
    with pytest.raises(InputError, match=says):
        train(job, given, ())


def test_long_turns_are_left_out_and_counted(tmp_path):
    job = prepared(tmp_path)
    told = []
    trained = train(job, [*rows(20), row(99, message="x " * 50_000)], (), say=told.append)
    assert trained.left_out == 1
    assert any("longer than 512 tokens" in line for line in told)


def test_another_script_is_learned_as_any(tmp_path):
    job = prepared(tmp_path)
    chats = [row(n, message=f"Хочу вестерн номер {n} — 西部劇を{n}つ") for n in range(20)]
    assert train(job, chats, ()).standing.step > 0


def test_a_base_without_a_chat_template_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no chat template"):
        train(prepared(tmp_path, template=False), rows(20), ())


def test_a_base_without_a_pad_token_is_tuned_and_it_is_said(tmp_path):
    told = []
    job = prepared(tmp_path, pad=False)
    assert train(job, rows(20), rows(2, "valid", 50), say=told.append).standing.measured
    assert any("no pad token" in line for line in told)


def test_a_quantised_base_is_refused(tmp_path):
    with pytest.raises(ModelError, match="quantised already \\(gptq\\)"):
        train(prepared(tmp_path, quantised=True), rows(20), ())


@pytest.mark.parametrize("tied", [True, False])
def test_tied_weights_stay_tied(tmp_path, tied):
    job = prepared(tmp_path, tied=tied)
    trained = train(job, rows(20), ())
    assert trained.before == trained.after
    assert not [
        name
        for name in load_file(trained.adapter / "adapter_model.safetensors")
        if "lm_head" in name or "embed" in name
    ]


def test_no_folder_of_a_model_is_a_sentence(tmp_path):
    with pytest.raises(ModelError, match="no folder of a language model"):
        checked_base(tmp_path)


@pytest.fixture
def trained(tmp_path):
    job = prepared(tmp_path)
    return job, train(job, rows(20), ()).adapter


def test_an_adapter_of_another_base_is_refused(trained, tmp_path):
    _, adapter = trained
    with pytest.raises(ModelError, match="another base: the weights"):
        checked_card(adapter, write_base(tmp_path / "other", seed=5), "understand")


def test_an_adapter_of_another_task_or_prompt_is_refused(trained):
    job, adapter = trained
    with pytest.raises(ModelError, match="trained for understand, not for plan"):
        checked_card(adapter, job.base, "plan")
    card = json.loads((adapter / "card.json").read_text())
    (adapter / "card.json").write_text(json.dumps(card | {"prompt": "0" * 16}))
    with pytest.raises(ModelError, match="another wording of the prompt"):
        checked_card(adapter, job.base, "understand")


def test_an_adapter_of_another_rank_is_refused(trained):
    _, adapter = trained
    with pytest.raises(ModelError, match="rank 4, and rank 8 is wanted"):
        checked_adapter(adapter, rank=8)
    config = json.loads((adapter / "adapter_config.json").read_text())
    (adapter / "adapter_config.json").write_text(json.dumps(config | {"r": 16}))
    with pytest.raises(ModelError, match=r"says rank 16, and .* has rank 4"):
        checked_adapter(adapter)


def test_a_truncated_adapter_is_refused(trained):
    _, adapter = trained
    path = adapter / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ModelError, match="cut short or damaged"):
        checked_adapter(adapter)


def test_a_pickled_adapter_is_refused(trained):
    _, adapter = trained
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(ModelError, match="pickle can run any code"):
        checked_adapter(adapter)


def test_an_adapter_with_other_tensors_is_refused(trained):
    _, adapter = trained
    path = adapter / "adapter_model.safetensors"
    save_file({**load_file(path), "base_model.model.lm_head.weight": torch.zeros(2, 2)}, path)
    with pytest.raises(ModelError, match="no LoRA tensor"):
        checked_adapter(adapter)


# Settings and estimates


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_setting_file_holds_a_setting(path):
    assert named_setting(path.stem, rank=7).rank == 7


def test_a_wrong_setting_is_named():
    with pytest.raises(InputError, match="`rank` is not right"):
        named_setting("cpu", rank=0)
    with pytest.raises(InputError, match="no training setting nothing"):
        named_setting("nothing")


def test_an_estimate_counts_a_known_model(tmp_path):
    folder = write_base(tmp_path / "base", tied=False)
    loaded, _ = open_base(folder)
    found = estimate(checked_base(folder), SETTING, 1_000, per_second=1e9)
    norms = 32 * (2 * 2 + 1)
    assert found.base_parameters == sum(weight.numel() for weight in loaded.model.parameters()) - norms
    tuned = lora.adapted(loaded.model, SETTING)
    assert found.adapter_parameters == sum(weight.numel() for weight in tuned.parameters() if weight.requires_grad)
    assert found.seconds > 0


def test_an_identity_changes_with_the_weights_the_tokenizer_and_the_template(tmp_path):
    one, other = identity(write_base(tmp_path / "one")), identity(write_base(tmp_path / "other", seed=1))
    third = identity(write_base(tmp_path / "third", style="chatml"))
    assert (one.weights != other.weights, one.tokenizer == other.tokenizer, one.template == other.template) == (
        True,
        True,
        True,
    )
    assert (one.tokenizer != third.tokenizer, one.template != third.template) == (True, True)


def test_four_bits_without_a_gpu_are_a_sentence(tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here")
    job = prepared(tmp_path)
    with pytest.raises(ModelError, match="held in 4 bits by bitsandbytes on a GPU"):
        train(Job(job.task, job.base, job.rows, job.out, SETTING.model_copy(update={"quantise": "nf4"})), rows(20), ())


def test_dora_trains_and_is_refused_by_the_server(tmp_path):
    job = prepared(tmp_path)
    setting = SETTING.model_copy(update={"dora": True})
    adapter = train(Job(job.task, job.base, job.rows, job.out, setting), rows(20), ()).adapter
    with pytest.raises(ModelError, match="DoRA"):
        Serving(Path("vllm"), job.base, {"understand": adapter}).command()


def test_what_is_preferred_becomes_likelier_than_what_is_turned_down(tmp_path):
    job = prepared(tmp_path)
    pairs = [one.model_copy(update={"rejected": f"no {n}"}) for n, one in enumerate(rows(20))]
    setting = SETTING.model_copy(update={"epochs": 6, "rate": 5e-3, "beta": 0.5})
    losses = train(Job(job.task, job.base, job.rows, job.out, setting), pairs, (), make=PairRun).standing.losses
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[-1] < 0.5


def test_pairs_without_a_side_to_turn_down_are_refused(tmp_path):
    with pytest.raises(InputError, match="has nothing to turn down"):
        train(prepared(tmp_path), rows(20), (), make=PairRun)
