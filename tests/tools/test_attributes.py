"""Attributes: what a user may rely on when a wish says "funnier", "gory" or "makes you think"."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from convrec.catalogue.dialogues import Dialogue
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.core.predicate import Comparison
from convrec.core.text import words
from convrec.tools.attributes.model import AttributeModel, plain, shipped
from convrec.tools.attributes.scorer import AttributeScorer
from convrec.tools.attributes.talk import words_near_items
from convrec.tools.attributes.teaching import Judged, Talk, teach
from convrec.tools.attributes.words import known_root, positive, telling
from convrec.tools.encoder import TextEncoder
from convrec.tools.toolbox import Leaning, Request, Toolbox, Wish

KNOWN = {"funny", "dark", "realistic", "scary", "big", "twist", "light"}


@pytest.mark.parametrize(
    ("comparative", "adjective"),
    [
        ("funnier", "funny"),
        ("scariest", "scary"),
        ("darker", "dark"),
        ("bigger", "big"),
        ("better", "good"),
        ("thriller", "thriller"),
    ],
)
def test_a_comparative_asks_for_more_of_its_adjective(comparative, adjective):
    assert positive(comparative, KNOWN.__contains__) == adjective


def test_a_prefix_reverses_and_an_ending_does_not():
    assert known_root("unrealistic", KNOWN.__contains__) == ("realistic", -1)
    assert known_root("twisty", KNOWN.__contains__) == ("twist", 1)
    assert known_root("restaurant", KNOWN.__contains__) is None


def test_only_words_with_a_meaning_of_their_own_count():
    assert telling("makes you think") == ["think"]
    assert plain("much funnier") == "much funny"
    assert plain("film noir") == "film noir"


@pytest.fixture(scope="module")
def encoder():
    return TextEncoder.open()


@pytest.mark.parametrize(
    ("one", "other"), [("funny", "hilarious"), ("gory", "violent"), ("romantic", "love story"), ("scary", "terrifying")]
)
def test_words_of_one_meaning_point_the_same_way(one, other, encoder):
    first, second = shipped().directions([one, other], encoder)
    assert first @ second > 0


@pytest.mark.parametrize(
    ("one", "other"), [("funny", "scary"), ("realistic", "unrealistic"), ("light-hearted", "serious")]
)
def test_words_of_opposite_meaning_point_apart(one, other, encoder):
    first, second = shipped().directions([one, other], encoder)
    assert first @ second < 0


def test_a_comparative_points_where_its_adjective_does(encoder):
    first, second = shipped().directions(["funnier", "funny"], encoder)
    assert np.allclose(first, second)


def test_a_model_is_the_same_after_it_was_written(tmp_path, encoder):
    shipped().save(tmp_path / "again.safetensors")
    again = AttributeModel.load(tmp_path / "again.safetensors")
    assert np.allclose(again.directions(["spooky"], encoder), shipped().directions(["spooky"], encoder), atol=1e-4)


COMIC = Wish("Comedy", Comparison(field="genre", op="eq", value="Comedy"), 1.0)


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """Books, so that nothing is a film; half of a kind to laugh about and half of a kind to fear."""
    root = tmp_path_factory.mktemp("library")
    lines = [f"{n},Volume {n},{'Comedy' if n % 2 else 'Horror'}" for n in range(40)]
    (root / "books.csv").write_text("\n".join(["id,title,genre", *lines]))
    workspace = Workspace.create(root / "w")
    ingest(workspace, items=[root / "books.csv"])
    return workspace.catalogue()


def test_any_catalogue_is_ordered_by_what_its_values_mean(library):
    scorer, comic = AttributeScorer(library, None), library.values("genre").mask("Comedy")
    assert scorer.scores("funny")[comic].min() > scorer.scores("funny")[~comic].max()
    assert scorer.scores("scarier")[~comic].min() > scorer.scores("scarier")[comic].max()


def test_a_leaning_raises_what_has_it_and_lowers_what_has_not(library):
    toolbox, comic = Toolbox(library, {}), library.values("genre").mask("Comedy")
    for weight, expected in ((1.0, True), (-1.0, False)):
        found = toolbox.recommend(Request(leanings=(Leaning("funny", weight),), k=20, diversity=0.0)).items
        assert all(comic[item.row] == expected for item in found)
        assert all(item.score == pytest.approx(sum(item.contributions.values()), abs=1e-6) for item in found)


def test_a_leaning_is_measured_from_the_items_that_it_is_said_of(library):
    comic = next(library.ids[row] for row in range(40) if library.values("genre").mask("Comedy")[row])
    request = Request(leanings=(Leaning("funny", 1.0, than=(comic,)),), k=40, diversity=0.0)
    gains = {
        item.id: item.contributions.get("lean:funny", 0.0) for item in Toolbox(library, {}).recommend(request).items
    }
    assert gains[comic] == pytest.approx(0.0, abs=1e-9)
    assert max(gains.values()) == pytest.approx(0.0, abs=1e-9)


def test_a_critique_is_measured_from_what_would_be_shown_where_that_has_more_already(library):
    comic = library.values("genre").mask("Comedy")
    grim = next(library.ids[row] for row in range(40) if not comic[row])
    head = Request(leanings=(Leaning("funny", 1.0, than=(grim,)),), wishes=(COMIC,), k=40, diversity=0.0)
    gains = [item.contributions.get("lean:funny", 0.0) for item in Toolbox(library, {}).recommend(head).items]
    assert max(gains) == pytest.approx(0.0, abs=1e-9)
    assert min(gains) < -0.1


class Sided(Toolbox):
    """A toolbox in whose vectors the first half of the items lies on one side and the second on the other."""

    def vectors(self, rows):
        return np.array([[1.0, 0.0] if row < len(self.catalogue) / 2 else [0.0, 1.0] for row in rows], np.float32)


def test_a_critique_raises_nothing_that_is_far_from_what_is_liked(library):
    liked = library.ids[0]
    request = Request(history={liked: 1.0}, leanings=(Leaning("funny", 1.0, than=(liked,)),), k=40, diversity=0.0)
    gains = {
        item.row: item.contributions.get("lean:funny", 0.0) for item in Sided(library, {}).recommend(request).items
    }
    assert max(gain for row, gain in gains.items() if row >= len(library) / 2) == 0.0
    assert max(gains.values()) > 0.1


class Turned:
    """An encoder whose vectors are known: each word has an axis, a phrase the sum of its words'."""

    width = 8
    axes = ("jolly", "grim", "merry", "dreary", "film", "very", "a")

    def encode(self, texts, *_, **__):
        vectors = np.zeros((len(texts), self.width), np.float32)
        for row, text in enumerate(texts):
            for word in words(text):
                vectors[row, self.axes.index(word) if word in self.axes else 7] += 1.0
        return vectors


def test_what_is_said_near_items_teaches_words_that_nobody_judged():
    rng, encoder = np.random.default_rng(0), Turned()
    liking = np.repeat([1.0, -1.0], 20)  # items of which half were judged jolly
    values = (liking[:, None] * np.eye(8)[:1] + 0.01 * rng.normal(size=(40, 8))).astype(np.float32)
    cards = np.zeros_like(values)
    phrases = encoder.encode([f"a very {word} film" for word in ("jolly", "grim")])
    judged = Judged(("jolly", "grim"), np.stack([liking, -liking]), phrases, ((values, cards),))
    said = csr_array(np.stack([np.where(liking > 0, 20.0, 0.0), np.where(liking > 0, 0.0, 20.0), np.full(40, 20.0)]))
    spoken = ("merry", "dreary", "seen")
    talk = Talk(spoken, encoder.encode([f"a very {word} film" for word in spoken]), said, values, cards)
    model = teach(judged, talk, encoder)
    merry, dreary = (model.by_values(values) @ model.directions(["merry", "dreary"], encoder).T).T
    assert merry[:20].min() > merry[20:].max()
    assert dreary[20:].min() > dreary[:20].max()


def test_names_of_items_are_no_words_said_of_them():
    turns = [{"role": "user", "text": "Jaws is so scary", "items": [{"id": "j", "span": (0, 4)}]}] * 8
    found, said = words_near_items([Dialogue.model_validate({"id": "1", "turns": turns})], {"j": 0}.get, 1)
    assert "scary" in found
    assert "jaws" not in found
    assert said.shape == (len(found), 1)
