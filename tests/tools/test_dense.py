"""What dense retrieval makes of a history."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from convrec.catalogue.workspace import Workspace
from convrec.tools.contract import Query, TrainingData
from convrec.tools.dense import Dense


@pytest.fixture
def data(films_folder):
    catalogue = Workspace.open(films_folder).catalogue()
    return TrainingData(catalogue=catalogue, user_items=csr_array((0, len(catalogue))))


@pytest.fixture
def dense(data):
    tool = Dense()
    tool.fit(data)
    return tool


def test_who_likes_everything_alike_has_no_taste(dense, data):
    everything = tuple((row, 1.0) for row in range(len(data.catalogue)))
    assert np.abs(dense.scores(Query(history=everything))).max() < 1e-5


def test_what_all_cards_share_leads_nowhere(dense, data):
    """A like and a dislike of the same kind of item part the others by kind, not by how near they are to all."""
    heat, ronin, airplane = data.catalogue.rows(["heat", "ronin", "airplane"])
    liked = dense.scores(Query(history=((int(heat), 1.0),)))
    assert liked[ronin] > 0 > liked[airplane]


def test_a_text_is_weighed_as_it_stands(dense, data):
    query = Query(text="bank robbers in Los Angeles")
    cards = dense.vectors(np.arange(len(data.catalogue)))
    assert dense.scores(query) == pytest.approx(cards @ dense.wanted(query), abs=1e-5)
    both = replace(query, history=((0, 1.0),))
    alone = dense.scores(Query(history=((0, 1.0),)))
    assert dense.scores(both) == pytest.approx(dense.scores(query) + alone, abs=1e-5)
