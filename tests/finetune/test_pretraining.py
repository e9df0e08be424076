"""What pre-training promises: nothing is lost in the tokenizer, the loss falls on the assistant's words, a run goes on exactly."""

import json
import shutil
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file

from convrec.finetune.grammar.mixture import Source
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.pretraining.attention import dense_mask, masked_attention
from convrec.finetune.pretraining.checkpoint import load_state, load_weights, save_state, save_weights
from convrec.finetune.pretraining.corpus import TextStore
from convrec.finetune.pretraining.feed import FeedConfig, RowWriter
from convrec.finetune.pretraining.loader import Batch
from convrec.finetune.pretraining.model import LanguageModel, ModelConfig
from convrec.finetune.pretraining.optimiser import OptimiserConfig, rate
from convrec.finetune.pretraining.packing import Packer, document_numbers
from convrec.finetune.pretraining.quantised import pack, unpack
from convrec.finetune.pretraining.scoring import SCORERS, Tally
from convrec.finetune.pretraining.tokens import Encoded, Encoder, save_tokenizer, train_tokenizer
from convrec.finetune.pretraining.train import TrainConfig, Trainer

SOURCE = Source(Names(), Wording())
TINY = ModelConfig(
    hidden_size=64,
    intermediate_size=128,
    num_hidden_layers=2,
    num_attention_heads=2,
    num_key_value_heads=1,
    max_position_embeddings=384,
)


@pytest.fixture(scope="module")
def carry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carry")
    rng = Random(1)
    texts = [text for _ in range(150) for _, text in SOURCE.draw(rng)]
    save_tokenizer(train_tokenizer(texts, 1024), folder)
    encoder = Encoder.load(folder)
    TextStore.of(
        [encoder.document(f"title: Film {number}\nA film about the number {number}.") for number in range(20)]
    ).save(folder / "text.npz")
    return folder


@pytest.fixture(scope="module")
def encoder(carry):
    return Encoder.load(carry)


@given(st.text())
@settings(max_examples=60, deadline=None)
def test_every_text_comes_back_from_the_tokenizer(encoder, text):
    assert encoder.text(encoder.plain(text)) == text


@pytest.mark.parametrize("text", ["<|end|>", "1984", "日本 🎬 naïve", "", " \n\t "])
def test_odd_texts_come_back_and_no_typed_text_is_a_special_token(encoder, text):
    ids = encoder.plain(text)
    assert encoder.text(ids) == text
    assert not set(ids) & {encoder.pad, encoder.begin, encoder.end}


def test_digits_stand_alone(encoder):
    assert len(encoder.plain("19842026")) == 8


def test_the_loss_falls_in_full_on_the_assistants_words_and_their_end(encoder):
    chat = [("system", "understand\nfilms"), ("user", "message: hi"), ("assistant", '{"acts":["greet"]}')]
    (one,) = encoder.chats([chat])
    full = [token for token, weight in zip(one.ids, one.weights, strict=True) if weight == 100]
    assert full == [*encoder.plain(chat[2][1]), encoder.end]
    assert {weight for weight in one.weights if weight != 100} <= {0, 5}
    assert one.ids[: len(encoder.prompt(chat[:2]))] == encoder.prompt(chat[:2])


def test_rows_hold_whole_documents_and_lose_none(encoder):
    packer, rng = Packer(64, encoder.pad, waiting=1), Random(2)
    documents = [Encoded([encoder.begin, *[500 + number] * rng.randint(1, 40)], [100] * 0) for number in range(30)]
    documents = [Encoded(one.ids, [100] * len(one.ids)) for one in documents]
    packer.add(documents)
    rows = []
    while packer.ready:
        rows.append(packer.row()[0])
    found = np.concatenate(rows)
    assert sorted(found[found != encoder.pad].tolist()) == sorted(token for one in documents for token in one.ids)
    numbers = document_numbers(np.stack(rows), encoder.begin)
    assert all(
        len(set(ids[numbers[row] == number].tolist()) - {encoder.begin, encoder.pad}) == 1
        for row, ids in enumerate(rows)
        for number in set(numbers[row])
    )


def test_a_block_is_the_same_whenever_it_is_written(carry):
    config = FeedConfig(carry, length=385, block=2)
    first, second = RowWriter(config), RowWriter(config)
    second.block(0, 0)
    for one, other in zip(first.block(3, 7), second.block(3, 7), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_of_one_document_reaches_another():
    model = LanguageModel(ModelConfig(**{**TINY.__dict__, "vocab_size": 64}))
    ids = torch.randint(0, 64, (1, 20))
    documents = torch.tensor([[1] * 8 + [2] * 12])
    changed = ids.clone()
    changed[:, :8] = torch.randint(0, 64, (1, 8))
    with torch.no_grad():
        before, after = (model.hidden(one, dense_mask(documents), masked_attention) for one in (ids, changed))
    torch.testing.assert_close(before[:, 8:], after[:, 8:])


def _trainer(carry, out, **changes):
    config = TrainConfig(
        feed=FeedConfig(carry, length=385, block=2), out=out, steps=6, rows=2, micro_rows=2, workers=1, device="cpu", compile=False,
        replay=False, model=TINY, **changes,
    )  # fmt: skip
    return Trainer(config, 0.0)


def _batches(carry, encoder, count):
    writer = RowWriter(FeedConfig(carry, length=385, block=2))
    for number in range(count):
        ids, weights = writer.block(0, number)
        documents = torch.from_numpy(document_numbers(ids[:, :-1], encoder.begin))
        yield Batch(
            torch.from_numpy(ids.astype(np.int32)),
            torch.from_numpy(weights.copy()),
            documents,
            float(weights[:, 1:].sum()) / 100,
            number + 1,
        )


def test_a_run_that_is_cut_off_goes_on_as_if_it_had_not_been(carry, encoder, tmp_path):
    whole = _trainer(carry, tmp_path / "a")
    batches = list(_batches(carry, encoder, 6))
    expected = [float(whole.step(batch)[0]) for batch in batches]
    first = _trainer(carry, tmp_path / "b")
    found = [float(first.step(batch)[0]) for batch in batches[:3]]
    save_state(first.model, first.optimisers, first.position, tmp_path / "state")
    second = _trainer(carry, tmp_path / "b", state=tmp_path / "state")
    found += [float(second.step(batch)[0]) for batch in batches[3:]]
    assert found == expected


def test_a_tiny_model_learns_a_few_examples_by_heart(carry, encoder, tmp_path):
    trainer = _trainer(carry, tmp_path)
    (batch,) = _batches(carry, encoder, 1)
    losses = [float(trainer.step(batch)[0]) for _ in range(40)]
    assert losses[-1] < 0.4 * losses[0]


def test_saved_weights_load_in_shards_and_in_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    model = LanguageModel(ModelConfig(**{**TINY.__dict__, "vocab_size": 256}))
    save_weights(model, tmp_path, {"bos": 1, "eos": 2, "pad": 0}, limit=100_000)
    assert len(list(tmp_path.glob("model-*.safetensors"))) > 1
    assert all(path.stat().st_size < 110_000 for path in tmp_path.glob("model-*.safetensors"))
    loaded = transformers.AutoModelForCausalLM.from_pretrained(str(tmp_path), dtype=torch.float32).eval()
    other = LanguageModel(model.config)
    load_weights(other, tmp_path)
    ids = torch.randint(0, 256, (2, 33))
    with torch.no_grad():
        hidden = other.hidden(ids, dense_mask(torch.zeros(2, 33, dtype=torch.long)), masked_attention)
        logits = other.model.norm(hidden) @ other.model.embed_tokens.weight.T
        torch.testing.assert_close(loaded(ids).logits, logits, atol=2e-4, rtol=1e-3)


def test_packed_weights_come_back_within_half_a_step_of_their_row(carry, tmp_path):
    model = LanguageModel(TINY)
    save_weights(model, tmp_path / "model", {"bos": 1, "eos": 2, "pad": 0})
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(carry / name, tmp_path / "model" / name)
    pack(tmp_path / "model", tmp_path / "packed")
    unpack(tmp_path / "packed", tmp_path / "back")
    known, found = dict(model.named_parameters()), load_file(tmp_path / "back" / "model.safetensors")
    assert set(found) == set(known)
    for name, weight in known.items():
        step = weight.abs().amax(-1, keepdim=True) / 127
        assert ((found[name].float() - weight).abs() <= 0.5 * step + 0.01 * weight.abs()).all(), name


def test_nothing_packed_is_said(tmp_path):
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_text("{}", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="holds no weights"):
        unpack(tmp_path, tmp_path / "out")


def test_a_state_that_was_never_saved_is_the_start(carry, tmp_path):
    trainer = _trainer(carry, tmp_path)
    assert load_state(trainer.model, trainer.optimisers, tmp_path / "nowhere").step == 0


def test_the_learning_rate_rises_stays_and_falls_to_nothing():
    config = OptimiserConfig()
    assert rate(0.0, config) < 0.1
    assert rate(0.5, config) == 1
    assert 0.4 < rate(1 - config.decay / 2, config) < 0.6
    assert rate(1.0, config) == 0


@pytest.mark.parametrize("task", SCORERS)
def test_a_gold_answer_scores_in_full_and_an_empty_one_does_not(task):
    rng = Random(6)
    best, worst = Tally(), Tally()
    for _ in range(40):
        chat = SOURCE.write(rng, task, turns=1)
        SCORERS[task](best, chat[-2][1], chat[-1][1], chat[-1][1])
        SCORERS[task](worst, chat[-2][1], chat[-1][1], "")
    assert set(best.figures().values()) == {1.0}, best.figures()
    assert min(worst.figures().values()) < 0.5


def test_a_model_configuration_is_json():
    assert json.loads(json.dumps(TINY.document({"bos": 1, "eos": 2, "pad": 0})))["model_type"] == "llama"
