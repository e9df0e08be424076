"""EASE in its three forms: they agree where they must, and lambda suits the data."""

from dataclasses import replace

import numpy as np
import pytest

from convrec.tools.conformance import N_ITEMS, ToolConformance, tribal_data
from convrec.tools.contract import Query
from convrec.tools.ease import Ease, EaseConfig
from convrec.tools.ease_models import Neighbourhoods
from convrec.tools.feedback import matrix
from convrec.tools.neighbours import SparseWeights


class TestEaseByNeighbours(ToolConformance):
    """Past `max_side` an item is foretold from its nearest alone."""

    tool = Ease
    config = EaseConfig(regularisation=1.0, max_side=4, neighbours=6)


class TestEaseWithChosenLambda(ToolConformance):
    tool = Ease


def dense_choices(people, seed=0):
    """Everyone chose about half of the items, so that all items are everyone's neighbours."""
    rng = np.random.default_rng(seed)
    users, rows = np.nonzero(rng.random((people, N_ITEMS)) < 0.5)
    return matrix(users, rows, people, N_ITEMS)


def fitted(catalogue, choices, **config):
    tool = Ease(EaseConfig(**config))
    tool.fit(replace(tribal_data(catalogue), user_items=choices))
    return tool


def test_with_every_item_a_neighbour_the_sparse_form_is_ease_itself(tribes):
    catalogue, choices = tribes.catalogue(), dense_choices(60)
    whole = fitted(catalogue, choices, regularisation=3.0)
    sparse = fitted(catalogue, choices, regularisation=3.0, max_side=4, neighbours=N_ITEMS)
    assert isinstance(sparse._model, SparseWeights)
    query = Query(history=((0, 1.0), (5, -0.5), (7, 2.0)))
    others = np.setdiff1d(
        np.arange(N_ITEMS), (0, 5, 7)
    )  # an item's weight to itself is 0 in one form, no opinion in the other
    assert sparse.score(query, others) == pytest.approx(whole.score(query, others), abs=1e-5)


def test_the_side_of_people_gives_the_weights_of_the_side_of_items(tribes):
    catalogue, choices = tribes.catalogue(), dense_choices(12)
    by_people = fitted(catalogue, choices, regularisation=3.0)
    wide = dense_choices(12).toarray()
    gram = np.linalg.inv(wide.T @ wide + 3.0 * np.eye(N_ITEMS))
    weights = gram / -np.diag(gram)
    np.fill_diagonal(weights, 0.0)
    scores = by_people.score(Query(history=((0, 1.0), (5, 2.0))), np.arange(N_ITEMS))
    assert scores == pytest.approx(weights[0] + 2.0 * weights[5], abs=1e-5)


def test_the_sparse_form_keeps_every_item(tribes):
    tool = fitted(tribes.catalogue(), dense_choices(60), max_side=4, neighbours=3, regularisation=1.0)
    reached = {
        row for item in range(N_ITEMS) for row in tool.retrieve(Query(history=((item, 1.0),), k=99)).rows.tolist()
    }
    assert reached == set(range(N_ITEMS))


def test_neighbourhoods_solve_one_lambda_after_another_of_some_items():
    choices = dense_choices(60)
    near, only = Neighbourhoods(choices, 5), np.array([1, 4])
    first = near.solved(3.0, only)
    near.solved(50.0, only)
    again = near.solved(3.0)
    own, weights = np.array([0]), np.array([1.0])
    assert again.scores(own, weights)[only] == pytest.approx(first.scores(own, weights)[only], nan_ok=True)
    assert again.scores(own, weights) == pytest.approx(
        Neighbourhoods(choices, 5).solved(3.0).scores(own, weights), nan_ok=True
    )


def test_lambda_is_chosen_where_there_is_enough_and_said(tribes):
    """Choices by chance ask for a stronger hold than choices that never leave a tribe."""
    rng = np.random.default_rng(1)
    users, rows = np.nonzero(rng.random((400, N_ITEMS)) < np.linspace(0.05, 0.6, N_ITEMS))
    noisy = fitted(tribes.catalogue(), matrix(users, rows, 400, N_ITEMS))
    few = fitted(tribes.catalogue(), dense_choices(6))
    chosen = [float(tool.note.split()[1]) for tool in (noisy, few)]
    assert chosen[0] >= 300
    assert chosen[1] == 100
