"""The tuned text tool: what is learned carries over to items and texts that nobody has tried, and is kept only where it wins."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from convrec.catalogue.ingest import ingest
from convrec.catalogue.schema import TITLE, Field, Schema
from convrec.catalogue.workspace import Workspace
from convrec.core.errors import NotFittedError
from convrec.tools.conformance import ToolConformance, listed, tribal_data
from convrec.tools.contract import Query, TrainingData
from convrec.tools.encoder import TextEncoder
from convrec.tools.feedback import matrix
from convrec.tools.tuned_dense import TunedDense, TunedDenseConfig
from convrec.tools.tuned_features import ItemFeatures
from convrec.tools.tuned_maps import Spectrum, Whitening, ridge, text_map

KINDS = ("alpha", "beta", "gamma")
N_ITEMS = 300


class TestTunedDense(ToolConformance):
    """On two tribes the frozen vectors find everything already, so that what is learned is kept whatever it gains."""

    tool = TunedDense
    config = TunedDenseConfig(least_gain=-1.0)


def shop(root, n_items=N_ITEMS):
    """A workspace whose titles say nothing; an item's kind, by turns, is among its tags, with one that says nothing either."""
    workspace = Workspace.create(root)
    schema = Schema(fields=(TITLE, Field(name="tags", type="tags"), Field(name="year", type="number")))
    (root / "schema.yaml").write_text(schema.dump_yaml(), encoding="utf-8")
    rows = [
        {"id": f"i{row}", "title": f"No {row * 7919 % 1000}", "year": 1990 + row * 13 % 30, "tags": [KINDS[row % 3], f"t{row % 5}"]}
        for row in range(n_items)
    ]  # fmt: skip
    ingest(workspace, items=listed(root / "items.jsonl", rows))
    return workspace


def tasteful(catalogue, unchosen=(), people=90):
    """Each person chose eight items of one kind; nobody chose the `unchosen`."""
    rng = np.random.default_rng(0)
    kinds = [[row for row in range(N_ITEMS) if row % 3 == kind and row not in unchosen] for kind in range(3)]
    rows = np.concatenate([rng.choice(kinds[person % 3], 8, replace=False) for person in range(people)])
    return TrainingData(catalogue=catalogue, user_items=matrix(np.repeat(np.arange(people), 8), rows, people, N_ITEMS))


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return shop(tmp_path_factory.mktemp("shop") / "workspace").catalogue()


@pytest.fixture(scope="module")
def fitted(catalogue):
    tool = TunedDense()
    tool.fit(tasteful(catalogue, unchosen=range(9)))
    return tool


def test_items_nobody_chose_are_found_by_what_the_chosen_have_in_common(fitted):
    """Whoever likes one kind gets the new items of that kind before all other new ones."""
    new = np.arange(N_ITEMS) < 9
    for kind in range(3):
        liked = tuple((row, 1.0) for row in (30 + kind, 33 + kind))
        assert {row % 3 for row in fitted.retrieve(Query(history=liked, mask=new, k=3)).rows.tolist()} == {kind}


def test_an_item_nobody_chose_asks_for_its_like(fitted):
    """As history, too, an item without choices stands for its kind."""
    chosen = np.arange(N_ITEMS) >= 9
    for row in range(9):
        ranked = fitted.retrieve(Query(history=((row, 1.0),), mask=chosen, k=10)).rows
        assert {found % 3 for found in ranked.tolist()} == {row % 3}


def test_says_both_figures_when_it_is_kept(fitted):
    """The note gives the recall of the maps and of the frozen vectors, the former higher."""
    tuned, frozen = (float(figure) for figure in fitted.note.split(".  ")[0].replace("%", "").split("recall@20 ")[1].split(" (")[0].split(", of the frozen vectors "))  # fmt: skip
    assert tuned > frozen


def test_without_dialogues_a_text_alone_is_not_answered(fitted):
    """Nothing was learned of texts, so the frozen tool's answer is not given twice."""
    assert fitted.scores(Query(text="alpha")) is None
    assert fitted.scores(Query(text="alpha", history=((30, 1.0),))) is not None


def test_is_left_out_where_it_does_not_win(tmp_path):
    """Titles say all there is to know here: the frozen vectors can't be passed, and the sentence says so with both figures."""
    from convrec.tools.conformance import two_tribes

    data = tribal_data(two_tribes(tmp_path / "tribes").catalogue())
    with pytest.raises(NotFittedError, match=r"recall@20 1\.000, of the frozen vectors 1\.000"):
        TunedDense().fit(data)


def test_what_was_learned_ranks_another_catalogue(fitted, tmp_path):
    """Over items with the same fields and other ids, kinds are told apart without any choice; ids that are alike mean nothing."""
    other = shop(tmp_path / "other", 30).catalogue()
    vectors = TextEncoder.open().encode([other.card(row) for row in range(30)])
    tool = fitted.transferred(other, vectors)
    ranked = tool.retrieve(Query(history=((0, 1.0), (3, 1.0)), k=8)).rows
    assert np.mean(ranked % 3 == 0) > 0.8
    assert len(tool.scores(Query(history=((0, 1.0),)))) == 30


def test_fields_that_a_catalogue_lacks_are_missing(catalogue, tmp_path):
    """Features made of a catalogue without tags and years are as wide, with nothing where those stood."""
    bare = Workspace.create(tmp_path / "bare")
    ingest(bare, items=listed(tmp_path / "bare.jsonl", [{"id": "b", "title": "B"}]))
    vectors = np.eye(N_ITEMS, 384, dtype=np.float32)
    features = ItemFeatures.of(catalogue, vectors, np.arange(N_ITEMS), 0)
    full = features(catalogue, vectors, np.arange(N_ITEMS))
    lacking = features(bare.catalogue(), vectors[:1], np.arange(1))
    assert full.shape[1] == lacking.shape[1] == features.width
    assert lacking[0, 385:-1].tolist() == [0.0] * (features.width - 386)
    assert lacking[0, -1] == 0.5
    blocked = features.products(catalogue, vectors, np.arange(N_ITEMS), np.eye(features.width))
    assert blocked == pytest.approx(full, abs=1e-6)


def test_the_spectrum_gives_the_weights_of_ease():
    """With the whole spectrum, `smoothed` is the product with EASE's matrix."""
    rng = np.random.default_rng(0)
    chosen = (rng.random((30, 12)) < 0.4).astype(np.float64)
    chosen[:, -1] = chosen[:, 0]  # so that all but one singular value are all there is
    inverse = np.linalg.inv(chosen.T @ chosen + 5.0 * np.eye(12))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    values = rng.normal(size=(12, 3))
    assert Spectrum.of(csr_array(chosen)).smoothed(values, 5.0) == pytest.approx(weights @ values, abs=1e-9)


def test_whitened_products_are_a_ridge_regression():
    """`W_j · W'y` is the prediction of a ridge regression of y on the features."""
    rng = np.random.default_rng(0)
    features, values, new = rng.normal(size=(40, 6)), rng.normal(size=(40, 2)), rng.normal(size=(5, 6))
    whitening = Whitening.of(features.T @ features, 3.0)
    expected = new @ ridge(features, values, 3.0)
    assert whitening(new) @ (whitening(features).T @ values) == pytest.approx(expected)
    assert new @ whitening.undone(np.eye(6)) == pytest.approx(whitening(new))
    assert whitening(features) @ whitening.directions(new).T == pytest.approx(features @ new.T)


def test_a_text_map_finds_a_linear_answer():
    """What depends on a text's vector linearly, beside a constant, is found."""
    rng = np.random.default_rng(0)
    texts, slope = rng.normal(size=(60, 4)), rng.normal(size=(4, 3))
    learned = text_map(texts, texts @ slope + [1.0, 2.0, 3.0], 1e-9)
    assert learned == pytest.approx(np.vstack([[1.0, 2.0, 3.0], slope]), abs=1e-6)


def test_no_more_is_learned_from_than_asked(tmp_path):
    """Without any requests allowed, nothing is learned of texts."""
    from convrec.tools.conformance import two_tribes

    data = tribal_data(two_tribes(tmp_path / "tribes").catalogue())
    tool = TunedDense(TunedDenseConfig(least_gain=-1.0, max_requests=0))
    tool.fit(replace(data, dialogues=data.dialogues))
    assert tool.scores(Query(text="a submarine")) is None
