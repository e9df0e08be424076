"""SASRec learns order: constructed answers, and the contract."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from convrec.core.errors import NotFittedError
from convrec.tools.conformance import N_ITEMS, ToolConformance, tribal_data, two_tribes
from convrec.tools.contract import Events, Query
from convrec.tools.feedback import matrix
from convrec.tools.sasrec import SasRec, SasRecConfig
from convrec.tools.sasrec_network import Network
from convrec.tools.sasrec_start import starting_vectors
from convrec.tools.sasrec_training import Histories, _loss, batches, split, windows

SMALL = SasRecConfig(size=16, heads=2, layers=1, length=12, epochs=5, learning_rate=0.01, batch=64)


class TestSasRec(ToolConformance):
    tool = SasRec
    config = SMALL


class TestSasRecOverASampleOfItems(ToolConformance):
    """A catalogue larger than the softmax is told apart from a sample of it."""

    tool = SasRec
    config = SMALL.model_copy(update={"softmax_items": 8})


@pytest.fixture(scope="module")
def rounds():
    """60 people go round the 24 items in one direction, from different places: choice i is followed by i + 1."""
    begins = np.arange(60) % N_ITEMS
    rows = (begins[:, None] + np.arange(6)).ravel() % N_ITEMS
    users = np.repeat(np.arange(60), 6)
    return matrix(users, rows, 60, N_ITEMS), Events(users, rows, np.arange(len(rows), dtype=np.float64))


def fitted(catalogue, rounds, **changes):
    tool = SasRec(SMALL.model_copy(update={"epochs": 40, **changes}))
    tool.fit(replace(tribal_data(catalogue), user_items=rounds[0], events=rounds[1]))
    return tool


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return two_tribes(tmp_path_factory.mktemp("tribes") / "workspace").catalogue()


@pytest.fixture(scope="module")
def tool(catalogue, rounds):
    return fitted(catalogue, rounds)


def test_what_follows_depends_on_the_order(tool):
    forwards, backwards = (Query(history=tuple((row, 1.0) for row in rows), k=1) for rows in ((4, 5, 6), (6, 5, 4)))
    assert tool.retrieve(forwards).rows.tolist() == [7]
    assert tool.retrieve(backwards).rows.tolist() != [7]


def test_scores_are_chances_over_the_average(tool):
    scores = tool.scores(Query(history=((4, 1.0), (5, 1.0))))
    assert (np.exp(scores) / N_ITEMS).sum() == pytest.approx(1.0)


def test_only_the_latest_choices_are_looked_at(tool):
    long = tuple((row % N_ITEMS, 1.0) for row in range(30))
    assert tool.scores(Query(history=long)) == pytest.approx(tool.scores(Query(history=long[-12:])))


def test_what_is_left_out_is_what_an_explanation_tells(tool):
    history = ((3, 1.0), (4, 1.0), (5, 1.0), (15, -1.0))
    explanation = tool.explain(Query(history=history), 6)
    assert not explanation.exact
    told = {part.source: part.amount for part in explanation.contributions}
    whole = tool.scores(Query(history=history))[6]
    for place, (row, _) in enumerate(history):
        rest = tool.scores(Query(history=history[:place] + history[place + 1 :]))[6]
        assert told[f"item:i{row}"] == pytest.approx(whole - rest, abs=1e-5)


def test_dislikes_alone_lower_what_is_alike_most(tool):
    scores = tool.scores(Query(history=((4, -1.0),)))
    assert scores.argmin() == 4
    assert scores[4] == pytest.approx(-SMALL.dislike)


def test_too_few_sequences_are_said(catalogue):
    data = tribal_data(catalogue)
    with pytest.raises(NotFittedError, match="24 people"):
        SasRec(SMALL.model_copy(update={"fewest": 25})).fit(data)


def test_learning_stops_when_time_is_up(catalogue, rounds):
    tool = fitted(catalogue, rounds, seconds=1e-9)
    assert tool.note == "stopped in epoch 1: `seconds` is 1e-09"


def test_chance_elsewhere_is_left_alone(catalogue, rounds):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    fitted(catalogue, rounds, epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_windows_predict_every_choice_but_the_first_once():
    cut = windows(np.arange(17), np.array([0, 12]), np.array([12, 17]), length=4)
    predicted = np.concatenate([np.arange(a + 1, b) for a, b in zip(cut.start, cut.stop, strict=True)])
    assert sorted(predicted.tolist()) == [*range(1, 12), *range(13, 17)]
    assert (cut.stop - cut.start).max() == 5


def test_held_out_choices_are_not_learned_from(rounds):
    learned, held = split(rounds[1], 12, seed=0)
    assert len(held.target) == 6
    seen = {place for a, b in zip(learned.start, learned.stop, strict=True) for place in range(a, b)}
    assert not seen & set(held.before.stop.tolist())
    assert held.target.tolist() == [rounds[1].row[place] for place in held.before.stop]


def test_batches_hold_every_window_once():
    cut = windows(np.arange(100), np.arange(0, 100, 5), np.arange(5, 105, 5), length=12)
    found = list(batches(cut, 16, np.random.default_rng(0)))
    assert sorted(np.concatenate(found).tolist()) == list(range(20))
    assert max(len(batch) for batch in found) == 4


def test_filling_up_changes_nothing():
    network = Network(N_ITEMS, 8, 16, 2, 2, 0.1).eval()
    alone = network.last(torch.tensor([[3, 4]]), torch.tensor([2]))
    filled = network.last(torch.tensor([[3, 4, 9, 9], [1, 2, 3, 4]]), torch.tensor([2, 4]))
    assert torch.allclose(alone[0], filled[0], atol=1e-5)


def test_a_sample_of_all_items_is_the_whole_softmax():
    network = Network(N_ITEMS, 8, 16, 2, 1, 0.0).eval()
    learned = Histories(np.arange(N_ITEMS), np.array([0, 6]), np.array([5, 12]))
    whole = _loss(network, learned, np.array([0, 1]), N_ITEMS, np.random.default_rng(0))
    sampled = [
        _loss(network, learned, np.array([0, 1]), N_ITEMS - 1, np.random.default_rng(seed)).item() for seed in range(20)
    ]
    assert np.mean(sampled) == pytest.approx(whole.item(), rel=0.02)


def test_items_chosen_together_begin_alike():
    learned = windows(np.array([0, 1, 2, 3] * 20), np.arange(0, 80, 2), np.arange(2, 82, 2), length=4)
    products = (vectors := starting_vectors(learned, 6, 8, seed=0)) @ vectors.T
    assert np.diag(products) == pytest.approx(np.ones(6), abs=1e-5)
    assert products[0, 1] > 0.9
    assert products[2, 3] > 0.9
    assert abs(products[0, 2]) < 0.1
