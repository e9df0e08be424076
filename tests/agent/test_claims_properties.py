"""Whatever sentences come, what is shown names no title that is not in play, and a sample of planted falsehoods is caught."""

import random
from functools import lru_cache

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.claims import FILMS, WORDS, Filler, measured
from convrec.agent.checking.checker import ClaimChecker
from convrec.agent.checking.splitting import sentences
from convrec.agent.checking.titles import TitleChecker
from tests.agent.linked_catalogues import film_catalogue


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return film_catalogue(tmp_path_factory.mktemp("claims") / "films")


@lru_cache(maxsize=2)
def checkers(catalogue):
    titles = TitleChecker(catalogue)
    return titles, ClaimChecker(catalogue, titles)


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    noise=st.lists(
        st.sampled_from(
            ["it is", "**", "(1995)", ", ", ". ", "! ", "\n1. ", "\n- ", "But ", '"', "isn't", "by", "and", "a comedy"]
        ),
        max_size=12,
    ),
)
def test_no_title_is_named_that_is_not_in_play(catalogue, seed, noise):
    titles, checker = checkers(catalogue)
    rng = random.Random(seed)
    slate = rng.sample(catalogue.ids, 3)
    words = [*noise, *rng.sample(catalogue.titles, 3), *(catalogue.item(item).title for item in slate)]
    rng.shuffle(words)
    check = checker.begin(slate)
    shown = "".join(check.sentence(sentence) for sentence in sentences(" ".join(words)))
    for sentence in sentences(shown):
        assert not titles.foreign(sentence, {catalogue.item(item).title for item in slate})


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_cut_into_sentences_that_join_to_it(text):
    assert "".join(sentences(text)) == text


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=80))
def test_any_text_can_be_checked(catalogue, text):
    _, checker = checkers(catalogue)
    check = checker.begin(catalogue.ids[:2])
    for sentence in sentences(text):
        assert isinstance(check.sentence(sentence), str)


def test_planted_falsehoods_are_caught_and_true_sentences_left_alone(catalogue):
    rng = random.Random(7)
    table = measured({"films": checkers(catalogue)[1]}, {"films": Filler(catalogue, FILMS, rng)}, "held_out", 100, rng)
    assert table["shares"]["falsehoods caught"]["value"] >= 0.95
    assert table["shares"]["true sentences touched"]["value"] <= 0.05


def test_the_wordings_share_no_sentence():
    wordings = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    assert not {s for group in wordings["held_out"].values() for s in group} & {
        s for group in wordings["tuning"].values() for s in group
    }
