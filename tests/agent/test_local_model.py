"""A language model in this process: real transformers on a tiny Llama that is made here."""

import json
import shutil
import subprocess
import sys
import threading
import time

import jsonschema
import pytest
import torch
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from convrec.agent.llm.conformance import ChatModelTests
from convrec.agent.llm.generation import settled
from convrec.agent.llm.local import LocalChatModel
from convrec.core.errors import ContextError, InputError, ModelError, ModelTimeoutError
from convrec.core.extras import to_get
from convrec.core.understanding import Understanding
from convrec.finetune.pretraining.quantised import pack, unpack
from tests.serving.tiny import CONTEXT, write_adapter, write_tiny

FILM = {
    "type": "object",
    "properties": {
        "year": {"type": "integer", "minimum": 1900, "maximum": 2030},
        "genres": {"type": "array", "items": {"enum": ["Drama", "Western"]}, "maxItems": 2},
        "why": {"type": "string", "maxLength": 12},
    },
    "required": ["year", "genres", "why"],
    "additionalProperties": False,
}


def as_json(schema):
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}


ENDLESS = as_json({"type": "string", "minLength": 20_000})


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    return write_tiny(tmp_path_factory.mktemp("tiny") / "model")


@pytest.fixture(scope="session")
def adapter(tiny, tmp_path_factory):
    return write_adapter(tiny, tmp_path_factory.mktemp("tiny") / "adapter", seed=1)


@pytest.fixture(scope="session")
def model(tiny):
    return LocalChatModel(model=str(tiny), max_tokens=24)


class TestConformance(ChatModelTests):
    """What the agent asks of any chat model."""

    @pytest.fixture
    def chat_model(self, model):
        return model


def generated(folder, text, n, adapter=None):
    """What transformers and peft answer by themselves, greedily."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForCausalLM.from_pretrained(folder)
    tuned = model if adapter is None else PeftModel.from_pretrained(model, str(adapter))
    chat = [{"role": "user", "content": text}]
    prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    ids = tuned.generate(**prompt, max_new_tokens=n, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    return tokenizer.decode(ids, skip_special_tokens=True), prompt["input_ids"].shape[1], len(ids)


@pytest.mark.parametrize("text", ["Heat", "facts of Heat", "Où est «La Haine» ? 🎬"])
def test_at_temperature_0_it_says_what_transformers_says(model, tiny, text):
    answer = model.invoke(text)
    words, n_prompt, n_answer = generated(tiny, text, 24)
    assert answer.text == words
    assert answer.usage_metadata["input_tokens"] == n_prompt
    assert answer.usage_metadata["output_tokens"] == n_answer
    assert answer.response_metadata["finish_reason"] == ("length" if n_answer == 24 else "stop")


@pytest.mark.parametrize(
    "how", [{}, {"response_format": as_json({"const": "Heat was made in 1995"}), "max_tokens": 80}]
)
def test_a_stream_joins_to_the_whole(model, how):
    whole = model.invoke("facts of Heat", **how)
    pieces = list(model.stream("facts of Heat", **how))
    joined = sum(pieces[1:], pieces[0])
    assert joined.text == whole.text
    assert joined.usage_metadata == whole.usage_metadata
    assert joined.response_metadata["finish_reason"] == whole.response_metadata["finish_reason"]
    if how:  # what it says freely may be of any length
        assert joined.text == '"Heat was made in 1995"'
        assert len([piece for piece in pieces if piece.text]) > 5


def test_a_character_of_several_tokens_is_told_at_once(model):
    schema = as_json({"const": "déjà vu 🎬, naïve"})
    pieces = [piece.text for piece in model.stream("Heat", response_format=schema, max_tokens=80)]
    assert "".join(pieces) == '"déjà vu 🎬, naïve"'
    assert not any("\ufffd" in piece for piece in pieces)


def test_an_adapter_changes_the_answer_as_peft_does(model, tiny, adapter):
    adapted = LocalChatModel(model=str(tiny), adapter=str(adapter), max_tokens=24)
    texts = ("Heat", "facts of Heat", "Where is it?", "a western", "something short and funny")
    answers = [adapted.invoke(text).text for text in texts]
    assert answers == [generated(tiny, text, 24, adapter)[0] for text in texts]
    assert answers != [model.invoke(text).text for text in texts]


def test_every_role_reaches_the_template(model, tiny):
    chat = [SystemMessage("You tell films."), HumanMessage("hi"), AIMessage("hello"), HumanMessage("Heat")]
    written = "<|begin|><|system|>You tell films.<|end|><|user|>hi<|end|><|assistant|>hello<|end|><|user|>Heat<|end|><|assistant|>"
    n_tokens = len(AutoTokenizer.from_pretrained(tiny)(written, add_special_tokens=False)["input_ids"])
    assert model.invoke(chat).usage_metadata["input_tokens"] == n_tokens
    with pytest.raises(InputError, match="tool messages"):
        model.invoke([*chat, ToolMessage("found", tool_call_id="1")])


def test_chance_has_a_seed(model):
    def drawn(seed):
        return model.invoke("Heat", temperature=1.5, seed=seed).text

    before = torch.random.get_rng_state()
    assert drawn(1) == drawn(1)
    assert len({drawn(seed) for seed in range(4)}) > 1
    assert torch.equal(before, torch.random.get_rng_state())


def test_temperature_draws_from_the_softmax(model):
    """Of the first tokens drawn, as many are the likeliest as its probability says."""
    loaded = model._opened()
    from convrec.agent.llm.generation import Noise

    scores = torch.tensor([[2.0, 1.0, 0.0, -torch.inf]])
    drawn = torch.stack([Noise(0.5, seed)(None, scores).argmax() for seed in range(2000)])
    shares = torch.bincount(drawn, minlength=4) / 2000
    assert torch.allclose(shares, torch.softmax(scores[0] / 0.5, 0), atol=0.03)
    assert loaded.window == CONTEXT


def test_a_stop_ends_the_answer_before_it(model):
    whole = model.invoke("facts of Heat").text
    cut = whole[6:9]
    answer = model.invoke("facts of Heat", stop=[cut, "never said"])
    assert answer.text == whole[: whole.index(cut)]
    assert answer.response_metadata["finish_reason"] == "stop"
    streamed = "".join(piece.text for piece in model.stream("facts of Heat", stop=[cut, "never said"]))
    assert streamed == answer.text
    assert answer.usage_metadata["output_tokens"] < model.invoke("facts of Heat").usage_metadata["output_tokens"]


@pytest.mark.parametrize(
    ("text", "stop", "told"),
    [
        ("abc", ["cd"], "ab"),
        ("abc", ["bcd", "cx"], "a"),
        ("abc", ["x"], "abc"),
        ("ab\ufffd", [], "ab"),
        ("abc", [], "abc"),
    ],
)
def test_what_may_become_a_stop_is_held_back(text, stop, told):
    assert settled(text, stop) == told


def test_the_clock_ends_an_answer(model):
    answer = model.invoke("Heat", deadline_s=0.0, max_tokens=500)
    assert answer.usage_metadata["output_tokens"] == 1
    assert answer.response_metadata["finish_reason"] == "deadline"
    began = time.monotonic()
    patient = model.invoke("Heat", deadline_s=0.3, max_tokens=900, response_format=ENDLESS)
    assert 0.3 <= time.monotonic() - began < 2
    assert patient.response_metadata["finish_reason"] == "deadline"
    assert 1 < patient.usage_metadata["output_tokens"] < 900


def test_who_waits_for_another_s_answer_too_long_is_told(model):
    with model._guard, pytest.raises(ModelTimeoutError, match="busy"):
        model.invoke("Heat", deadline_s=0.05)


def test_who_stops_listening_stops_the_model(model):
    stream = model.stream("Heat", max_tokens=900, response_format=ENDLESS)
    next(stream)
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 2
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("answer")]
    assert model.invoke("facts of Heat").text


def test_a_failure_in_the_generating_thread_reaches_the_listener(model, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(model._opened().model, "generate", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        list(model.stream("Heat"))


@pytest.mark.parametrize("temperature", [0.0, 1.0, 5.0])
def test_guided_answers_keep_to_their_schema(model, temperature):
    for seed in range(3):
        answer = model.invoke("Heat", response_format=as_json(FILM), temperature=temperature, seed=seed, max_tokens=120)
        jsonschema.validate(json.loads(answer.text), FILM)
        assert answer.response_metadata["finish_reason"] == "stop"


def test_the_product_s_own_schema_can_guide(model):
    answer = model.invoke(
        "Heat", response_format=as_json(Understanding.model_json_schema()), temperature=1.0, max_tokens=900
    )
    if answer.response_metadata["finish_reason"] == "stop":
        jsonschema.validate(json.loads(answer.text), Understanding.model_json_schema())
    else:
        assert answer.text.startswith("{")


def test_a_guided_stream_joins_to_the_whole(model):
    whole = model.invoke("Heat", response_format=as_json(FILM), max_tokens=120).text
    assert "".join(piece.text for piece in model.stream("Heat", response_format=as_json(FILM), max_tokens=120)) == whole


@pytest.mark.parametrize("wrong", [{"type": "grammar"}, {"type": "json_schema"}, as_json({"type": "nonsense"})])
def test_what_can_t_guide_is_refused(model, wrong):
    with pytest.raises(InputError):
        model.invoke("Heat", response_format=wrong)


@pytest.mark.slow
def test_a_prompt_longer_than_the_window_is_refused_with_how_much(model):
    n_prompt = model.invoke("Heat").usage_metadata["input_tokens"]
    with pytest.raises(ContextError, match=r"\d+ tokens too long") as caught:
        model.invoke("a b " * CONTEXT)
    assert f"reads {CONTEXT}" in str(caught.value)
    room = CONTEXT - n_prompt
    filled = model.invoke("Heat", max_tokens=10 * CONTEXT, response_format=ENDLESS)
    assert filled.usage_metadata["output_tokens"] == room


def test_a_packed_model_answers_as_the_same_one_unpacked(tiny, tmp_path):
    pack(tiny, tmp_path / "packed")
    shutil.copy(tiny / "chat_template.jinja", tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "back")
    shutil.copy(tiny / "chat_template.jinja", tmp_path / "back")
    packed, back = (LocalChatModel(model=str(tmp_path / name), max_tokens=8) for name in ("packed", "back"))
    assert packed.invoke("facts of Heat").text == back.invoke("facts of Heat").text != ""


def refusal(folder, **fields):
    with pytest.raises(ModelError) as caught:
        LocalChatModel.load(str(folder), **fields)
    return str(caught.value)


def test_what_can_t_be_loaded_is_named(tiny, adapter, tmp_path):
    assert "no model folder" in refusal(tmp_path / "nowhere")
    bare = shutil.copytree(tiny, tmp_path / "bare")
    (bare / "chat_template.jinja").unlink()
    assert "no chat template" in refusal(bare)
    empty = shutil.copytree(tiny, tmp_path / "empty")
    (empty / "model.safetensors").unlink()
    assert "holds no weights" in refusal(empty)
    cut = shutil.copytree(tiny, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((tiny / "model.safetensors").read_bytes()[:5000])
    assert "can't be loaded" in refusal(cut)
    holed = shutil.copytree(tiny, tmp_path / "holed")
    weights = load_file(tiny / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, holed / "model.safetensors", metadata={"format": "pt"})
    assert "lack 1 tensors, as `model.norm.weight`" in refusal(holed)
    assert "holds no adapter" in refusal(tiny, adapter=tmp_path)


def test_an_adapter_of_another_base_is_refused(tiny, adapter, tmp_path):
    wide = shutil.copytree(adapter, tmp_path / "wide")
    weights = load_file(adapter / "adapter_model.safetensors")
    name = next(key for key in weights if "q_proj.lora_A" in key)
    save_file(weights | {name: torch.zeros(4, 256)}, wide / "adapter_model.safetensors")
    assert "another model's" in refusal(tiny, adapter=wide)
    deep = shutil.copytree(adapter, tmp_path / "deep")
    save_file(
        {key.replace("layers.1.", "layers.7."): value for key, value in weights.items()},
        deep / "adapter_model.safetensors",
    )
    assert "no place in the layers" in refusal(tiny, adapter=deep)


@pytest.mark.parametrize("package", ["peft", "llguidance"])
def test_a_package_that_is_not_installed_is_named(tiny, adapter, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    model = LocalChatModel(model=str(tiny), adapter=str(adapter))
    with pytest.raises(ModelError, match=package) as caught:
        model.invoke("Heat", response_format=as_json(FILM), max_tokens=120)
    assert to_get("local") in str(caught.value)


def test_importing_it_loads_neither_torch_nor_transformers():
    code = "import sys, convrec.agent.llm.local; print([name for name in ('torch', 'transformers', 'peft', 'llguidance') if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
