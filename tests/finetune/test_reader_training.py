"""Training of the reader of messages: rows, partial labels, a run that learns, from the grammar alone."""

import numpy as np
import pytest
import torch
from safetensors import safe_open

from convrec.agent.compact.tagger.labels import KINDS
from convrec.agent.compact.tagger.pieces import open_tokenizer
from convrec.core.errors import InputError
from convrec.core.progress import silent
from convrec.finetune.reader.build import build
from convrec.finetune.reader.features import Encoded, batched
from convrec.finetune.reader.films import attitudes_of
from convrec.finetune.reader.jobs import chosen, thinned, train_reader
from convrec.finetune.reader.model import Tuning, loss_of, on
from convrec.finetune.reader.rows import FacetText, Labelled, Row, read, written
from convrec.finetune.reader.train import Setting
from convrec.tools.encoder import TextEncoder

SCHEMAS = {
    "knives": [FacetText("steel", "steel", "what it is made of", ("carbon",)), FacetText("maker", "maker", "", ())]
}
ROW = Row(
    "made up", "1", "knives", "Which steel?", "carbon by Ferrand, thanks",
    labelled=(Labelled(0, 6, "steel", {"polarity": "wanted"}), Labelled(10, 17, "maker")), told=("steel", "maker"),
    values={"steel": ["carbon"]}, acts={"thank": True, "bye": False},
)  # fmt: skip


@pytest.fixture(scope="module")
def encoded():
    return Encoded(open_tokenizer(TextEncoder.open().folder), SCHEMAS, {})


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    build(None, [], folder, messages=24)
    return folder


def test_rows_come_back_as_they_were_written(tmp_path):
    written([ROW], SCHEMAS, tmp_path / "rows.jsonl.gz")
    assert read(tmp_path / "rows.jsonl.gz") == ([ROW], SCHEMAS)


def test_every_label_of_the_grammar_lies_on_whole_words_of_its_message(rows):
    found, schemas = read(rows / "rows.jsonl.gz")
    names = {name: {*KINDS, *(facet.name for facet in facets)} for name, facets in schemas.items()}
    for row in found:
        for one in row.labelled:
            assert row.text[one.start : one.end].strip() == row.text[one.start : one.end] != ""
            assert one.label in names[row.schema]
    assert {row.part for row in found} == {"train", "wording", "domains"}


def test_domains_and_schemas_that_are_kept_back_are_not_trained_on(rows):
    found, _ = read(rows / "rows.jsonl.gz")
    domains = {part: {row.source for row in found if row.part == part} for part in ("train", "domains")}
    assert not domains["train"] & domains["domains"]


def test_what_a_row_does_not_tell_costs_nothing(encoded):
    """An unlabelled word may be anything but what the row tells: a pointer is as good as nothing, a steel is not."""
    example = encoded.example(ROW)
    batch = on(batched([example]), "cpu")
    place = example.pieces.offset + 1  # "by"
    weight = torch.zeros_like(batch["weight"])
    weight[0, place] = 1

    def cost(kind):
        tags = torch.zeros(batch["allowed"].shape)
        tags[0, place, kind] = 50.0
        blank = {
            name: torch.zeros(len(batch["rows"]), n)
            for name, n in (("polarity", 3), ("strength", 2), ("scope", 2), ("attitude", 4))
        }
        scores = {
            "tags": tags,
            "begin": torch.zeros(batch["begins"].shape),
            "acts": torch.zeros(1, 16),
            "topic": torch.zeros(1, 4),
            **blank,
        }
        return float(loss_of(scores, {**batch, "weight": weight}))

    outside, pointer, steel = cost(0), cost(KINDS.index("pointer")), cost(len(KINDS))
    assert outside == pytest.approx(pointer)
    assert steel > outside + 10


def test_labels_and_what_is_looked_up_lie_on_the_same_pieces(encoded):
    example = encoded.example(ROW)
    words = [ROW.text[a:b] for a, b in example.pieces.places]
    assert words[0] == "carbon"
    assert example.classes[0] == len(KINDS)
    assert example.known[0].tolist() == [1, 0]
    assert example.begins[0] == 1
    forgotten = batched([example], np.random.default_rng(0), forgotten=1.1)
    assert not forgotten.known.any()
    assert not forgotten.looked_up.any()


def test_a_short_run_learns_and_writes_weights_for_its_encoder_the_same_each_time(rows, tmp_path):
    encoder, setting = TextEncoder.open(), Setting(tuning=Tuning(rank=2), epochs=1.0, size=12)
    for name in ("one", "two"):
        train_reader(rows, tmp_path / f"{name}.safetensors", setting, encoder, silent, sample=8)
    first, second = ((tmp_path / f"{name}.safetensors").read_bytes() for name in ("one", "two"))
    assert first == second
    with safe_open(tmp_path / "one.safetensors", "pt") as file:
        assert file.metadata() == {"encoder": encoder.revision}
        adapter = [name for name in file.keys() if name.startswith("adapter.")]  # noqa: SIM118
        assert any(file.get_tensor(name).abs().sum() > 0 for name in adapter if name.endswith("lora_B"))


def test_rows_that_were_not_built_are_said(tmp_path):
    with pytest.raises(InputError, match="holds no rows"):
        train_reader(tmp_path, tmp_path / "w", Setting(), TextEncoder.open(), silent)


def test_small_sources_are_never_thinned():
    some = [ROW] * 90 + [Row("ccpe", "2", "knives", "", "hm")] * 10
    assert sum(row.source == "ccpe" for row in chosen(some, 40)) == 10
    assert len(thinned(some, 20)) == 20
    assert chosen(some, 0) == some


def test_attitudes_labelled_by_hand_are_of_known_labels_and_one_part_a_dialogue(request):
    rows = attitudes_of(request.config.rootpath / "tests" / "agent" / "attitudes.jsonl")
    assert {row["label"] for row in rows.values()} == {"liked", "disliked", "seen", "neutral"}
    parts = {}
    for row in rows.values():
        parts.setdefault(row["dialogue"], set()).add(row["part"])
    assert all(len(each) == 1 for each in parts.values())
