"""Requests that make no sense are answered as far as they do, and say what they could not use."""

import numpy as np
import pytest

from convrec.core.errors import InputError, PredicateError
from convrec.core.predicate import Comparison
from convrec.tools.toolbox import Request, Toolbox, Wish

N_FILMS = 8
FUTURE = Comparison(field="year", op="gt", value=2100)


@pytest.fixture(scope="module")
def toolbox(films):
    return Toolbox.open(films)


def found(recommendation):
    return [item.id for item in recommendation.items]


def test_unknown_ids_of_a_history_are_told_and_change_nothing(toolbox):
    with_ghosts = toolbox.recommend(Request(history={"ghost": 1.0, "heat": 1.0, "spectre": -1.0}))
    assert with_ghosts.unknown == ("ghost", "spectre")
    assert found(with_ghosts) == found(toolbox.recommend(Request(history={"heat": 1.0})))


def test_a_history_of_unknown_ids_alone_is_no_history(toolbox):
    assert found(toolbox.recommend(Request(history={"ghost": 1.0}))) == found(toolbox.recommend(Request()))


def test_a_filter_that_matches_nothing_gives_nothing_and_says_so(toolbox):
    result = toolbox.recommend(Request(text="a heist", filter=FUTURE))
    assert (found(result), result.n_allowed, result.n_candidates) == ([], 0, 0)
    assert result.steps[0].n_out == 0


def test_named_items_are_found_even_where_a_filter_matches_nothing(toolbox):
    assert found(toolbox.recommend(Request(named=("heat",), filter=FUTURE))) == ["heat"]


@pytest.mark.parametrize("k", [N_FILMS, N_FILMS + 1, 10_000])
def test_a_k_past_the_catalogue_gives_all_there_is_once(toolbox, k):
    assert sorted(found(toolbox.recommend(Request(text="a heist", k=k)))) == sorted(toolbox.catalogue.ids)


@pytest.mark.parametrize("k", [0, -1])
def test_a_k_below_one_is_refused(toolbox, k):
    with pytest.raises(InputError, match=f"k is {k}"):
        toolbox.recommend(Request(k=k))


def test_an_id_both_liked_and_excluded_is_taste_and_not_offered(toolbox):
    both = toolbox.recommend(Request(history={"heat": 1.0}, exclude=frozenset({"heat"}), k=50, diversity=0.0))
    assert found(both) == found(toolbox.recommend(Request(history={"heat": 1.0}, k=50, diversity=0.0)))
    assert "heat" not in found(both)


def test_an_id_both_asked_for_and_excluded_is_not_offered(toolbox):
    assert "heat" not in found(toolbox.recommend(Request(named=("heat",), exclude=frozenset({"heat"}), k=50)))


def test_everything_excluded_leaves_nothing(toolbox):
    assert found(toolbox.recommend(Request(text="a heist", exclude=frozenset(toolbox.catalogue.ids)))) == []


def test_blank_text_is_no_text(toolbox):
    assert found(toolbox.recommend(Request(text=" \n\t "))) == found(toolbox.recommend(Request()))


def test_words_that_no_item_knows_still_fill_the_list(toolbox):
    assert len(found(toolbox.recommend(Request(text="zzqx vvbl", k=N_FILMS)))) == N_FILMS


@pytest.mark.parametrize("value", ["long ago", float("nan"), float("inf"), None, [1990]])
def test_a_value_that_is_no_number_is_refused_by_the_field_s_name(toolbox, value):
    with pytest.raises(PredicateError, match="`year`"):
        toolbox.recommend(Request(filter=Comparison(field="year", op="lt", value=value)))
    with pytest.raises(PredicateError, match="`year`"):
        toolbox.recommend(Request(wishes=(Wish("old", Comparison(field="year", op="lt", value=value), 1.0),)))


def test_no_score_is_ever_nan(toolbox):
    result = toolbox.recommend(Request(text="a heist", history={"heat": 1.0, "amelie": -1.0, "alien": 0.0}, k=50))
    assert np.isfinite([item.score for item in result.items]).all()
    assert all(np.isfinite(list(item.contributions.values())).all() for item in result.items)
