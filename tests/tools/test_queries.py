"""One text as several queries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.tools.bm25 import Bm25
from convrec.tools.conformance import tribal_data, two_tribes
from convrec.tools.contract import Query
from convrec.tools.lexicon import terms
from convrec.tools.queries import rewritten


def test_wishes_stand_apart_after_the_whole():
    said = "I want a heist in Rome, but funny. No horror!\nAnd something with trains"
    assert rewritten(said) == (said, "I want a heist in Rome", "funny", "something with trains")


@pytest.mark.parametrize(
    "said", ["I don't like gore", "never a musical", "nothing sad", "without cars", "I hated Heat", "isn’t slow"]
)
def test_a_clause_that_says_no_is_no_wish(said):
    assert rewritten(f"a comedy, {said}") == (f"a comedy, {said}", "a comedy")


def test_a_single_wish_is_its_own_query_and_no_word_is_none():
    assert rewritten("dark comedy") == ("dark comedy",)
    assert rewritten(" \n?! ") == ()


@given(st.text(max_size=80))
def test_no_query_has_a_word_that_was_not_said(said):
    queries = rewritten(said)
    assert len(queries) <= 25
    assert bool(queries) == bool(terms(said))
    assert all(query in said and terms(query) for query in queries)


@pytest.fixture(scope="module")
def tribes(tmp_path_factory):
    tool = Bm25()
    tool.fit(tribal_data(two_tribes(tmp_path_factory.mktemp("queries") / "tribes").catalogue()))
    return tool


def test_what_is_said_last_counts_most(tribes):
    first, last = "I want an orchard of apple trees", "I want a submarine with a navy crew"
    for said, parity in ((f"{first}\n{last}", 0), (f"{last}\n{first}", 1)):
        assert (tribes.retrieve(Query(context=said, k=6)).rows % 2 == parity).all()


def test_the_parts_of_a_conversation_sum_to_its_score(tribes):
    query = Query(text="Yes.", context="Something in a valley, not a submarine.\nApple trees and ice, please\nYes.")
    scores = tribes.scores(query)
    assert np.isfinite(scores).any()
    for row in np.flatnonzero(np.isfinite(scores)).tolist():
        assert sum(p.amount for p in tribes.explain(query, row).contributions) == pytest.approx(scores[row], abs=1e-6)
