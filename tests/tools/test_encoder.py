"""The encoder gives the vectors that its model card promises, however many texts come at once."""

import numpy as np
import pytest

from convrec.core.errors import InputError
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import LINE_TOKENS, heard_together, latest_lines

PAIR = ("A man is eating food.", "A man is eating a piece of bread.")


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.open()


def test_known_similarities(encoder):
    """Values of sentence-transformers' own documentation for all-MiniLM-L6-v2, and of its example of semantic search."""
    sentences = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    cosines = (v := encoder.encode(sentences)) @ v.T
    assert cosines[0, 1] == pytest.approx(0.6660, abs=1e-3)
    assert cosines[0, 2] == pytest.approx(0.1046, abs=1e-3)
    assert cosines[1, 2] == pytest.approx(0.1411, abs=1e-3)


def test_same_numbers_as_transformers(encoder):
    import torch
    from transformers import BertModel

    reference = BertModel.from_pretrained(encoder.folder, add_pooling_layer=False).eval()
    tokens = torch.tensor([encoder.word_ids([PAIR[0]], 128)[0]])
    with torch.inference_mode():
        hidden = reference(input_ids=tokens).last_hidden_state.mean(1)
    expected = torch.nn.functional.normalize(hidden, dim=1).numpy()[0]
    assert encoder.encode([PAIR[0]])[0] == pytest.approx(expected, abs=1e-5)


def test_many_at_once_are_as_one_by_one(encoder):
    texts = [f"{PAIR[n % 2]} " * (1 + n % 7) for n in range(70)] + [""]
    together, single = encoder.encode(texts), np.concatenate([encoder.encode([text]) for text in texts[:8]])
    assert np.einsum("ij,ij->i", together[:8], single).min() > 0.999
    assert np.linalg.norm(together, axis=1) == pytest.approx(1.0, abs=1e-3)


def test_an_endless_text_is_cut(encoder):
    assert encoder.encode(["word " * 200_000], 32).shape == (1, encoder.width)


def test_unknown_encoder_is_named():
    with pytest.raises(InputError, match="no encoder 'nowhere'"):
        TextEncoder.open("nowhere")


def test_what_was_encoded_is_not_encoded_again(encoder, tmp_path, monkeypatch):
    texts = [f"text number {n}" for n in range(40)]
    first = VectorCache(tmp_path, encoder, 32).vectors(texts)
    asked = []
    batches = encoder.batches
    monkeypatch.setattr(encoder, "batches", lambda texts, *a, **k: asked.extend(texts) or batches(texts, *a, **k))
    again = VectorCache(tmp_path, encoder, 32).vectors([*texts[::-1], "a new one"])
    assert asked == ["a new one"]
    assert again[:40] == pytest.approx(first[::-1])


def test_a_kill_loses_seconds_of_encoding_not_all(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr("convrec.tools.embeddings._SECONDS_KEPT", 0.0)
    texts = [f"text number {n}" for n in range(200)]

    def killed(stage, done, total):
        if done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        VectorCache(tmp_path, encoder, 32).vectors(texts, killed)
    left = []
    VectorCache(tmp_path, encoder, 32).vectors(texts, lambda stage, done, total: left.append(total))
    assert 0 < left[0] < 200


class TestConversations:
    SAID = "Hi there!\nI want something funny\nHave you seen Airplane?\nYes, loved it"

    def test_a_conversation_is_the_same_whether_fitted_on_or_asked_with(self, encoder, tmp_path):
        kept = VectorCache(tmp_path, encoder, LINE_TOKENS).contexts([self.SAID])[0]
        assert kept @ encoder.context(self.SAID) == pytest.approx(1.0, abs=1e-3)  # kept in 16 bits

    def test_later_and_longer_lines_count_more(self):
        lines, vectors = ["a word", "a word", "nine words in one line count for three"], np.eye(3, 4, dtype=np.float32)
        early, late, long = heard_together(lines, vectors)[:3]
        assert early < late < long
        assert np.linalg.norm(heard_together(lines, vectors)) == pytest.approx(1.0)

    def test_only_the_latest_lines_are_heard(self):
        said = "\n".join(f"line {number}" for number in range(40))
        assert latest_lines(said) == [f"line {number}" for number in range(28, 40)]
