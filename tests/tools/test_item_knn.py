"""Item-kNN: the similarities are those they are named after, shrunk by support."""

from dataclasses import replace

import numpy as np
import pytest

from convrec.tools.conformance import N_ITEMS, ToolConformance, tribal_data
from convrec.tools.contract import Query
from convrec.tools.feedback import matrix
from convrec.tools.item_knn import ItemKnn, ItemKnnConfig
from convrec.tools.neighbours import similar, weighted


class TestItemKnnByCosine(ToolConformance):
    tool = ItemKnn
    config = ItemKnnConfig(weighting="cosine")


class TestItemKnnByBm25(ToolConformance):
    tool = ItemKnn
    config = ItemKnnConfig(weighting="bm25")


def choices(people=40, seed=0):
    users, rows = np.nonzero(np.random.default_rng(seed).random((people, N_ITEMS)) < 0.3)
    return matrix(users, rows, people, N_ITEMS)


def test_cosine_is_the_cosine_shrunk_by_the_people_in_common():
    chosen = choices()
    plain = chosen.toarray().astype(np.float64)
    common, counts = plain.T @ plain, plain.sum(axis=0)
    expected = common / np.sqrt(np.outer(counts, counts)) * common / (common + 10.0)
    np.fill_diagonal(expected, 0.0)
    (found,) = similar(chosen, "cosine", 10.0, N_ITEMS)
    assert found.toarray() == pytest.approx(expected)


@pytest.mark.parametrize("weighting", ["tfidf", "bm25"])
def test_a_person_who_chose_everything_says_less_of_what_goes_together(weighting):
    """Items 0 and 1 share one person who chose two, items 0 and 2 one who chose all."""
    users, rows = np.array([0, 0, *[1] * N_ITEMS, 2]), np.array([0, 1, *range(N_ITEMS), 2])
    columns = weighted(matrix(users, rows, 3, N_ITEMS), weighting).toarray()
    assert columns[0, 0] > columns[1, 0] > 0


def test_bm25_holds_back_what_many_chose():
    users, rows = np.array([*range(9), 0]), np.array([*[0] * 9, 1])
    columns = weighted(matrix(users, rows, 9, 2), "bm25").toarray()
    assert columns[0, 1] > columns[0, 0] > 0


def test_each_item_keeps_its_own_nearest(tribes):
    """With one neighbour an item, every item is still reached by something: it chose whom it listens to."""
    tool = ItemKnn(ItemKnnConfig(neighbours=1))
    tool.fit(replace(tribal_data(tribes.catalogue()), user_items=choices()))
    reached = {
        row for item in range(N_ITEMS) for row in tool.retrieve(Query(history=((item, 1.0),), k=99)).rows.tolist()
    }
    assert reached == set(range(N_ITEMS))
