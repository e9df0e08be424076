"""What a misspelt word stands for, and what is near a string."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from convrec.core.text import words
from convrec.tools.near import Near
from convrec.tools.spelling import Spelling, english

TITLES = ["The Matrix", "Star Wars", "Alien", "Carol", "The Big Lebowski", "Notting Hill"]
TEXTS = [*TITLES, *["a comedy about a family in paris"] * 9, *["a romantic drama of a marx brother"] * 4, "typpo comdy"]
STRINGS = st.text(alphabet="abcé1", max_size=7)


@pytest.fixture(scope="module")
def spelling():
    counts = Counter(word for text in TEXTS for word in set(words(text)))
    return Spelling.learned(counts, map(words, TITLES), ("the", "funny", "start", "movie", "heartwarming", "scary"))


@given(st.lists(STRINGS, max_size=30), STRINGS, st.integers(1, 2))
def test_near_finds_exactly_what_the_edit_distance_does(strings, wanted, edits):
    near = Near(strings)
    found = {near.strings[place]: distance for place, distance in near.within(wanted, edits)}
    assert found == {s: d for s in set(strings) if (d := OSA.distance(s, wanted)) <= edits}
    assert (near.place(wanted) >= 0) == (wanted in strings)
    assert all(near.strings[near.place(string)] == string for string in strings)


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("comdy", "comedy"),  # dropped; that one text has the slip, too, makes it no word
        ("comeddy", "comedy"),  # added
        ("comefy", "comedy"),  # changed
        ("coemdy", "comedy"),  # swapped
        ("xomedy", "comedy"),  # its first letter changed
        ("omedy", "comedy"),  # and dropped
        ("lebowsky", "lebowski"),
        ("heartwrmng", "heartwarming"),  # a long word, two letters short
    ],
)
def test_a_slip_is_corrected(spelling, slip, meant):
    assert not spelling.knows(slip)
    assert spelling.corrections(slip)[0].word == meant


def test_shares_sum_to_one_at_most_and_fall(spelling):
    shares = [correction.share for correction in spelling.corrections("matrx", "the")]
    assert shares == sorted(shares, reverse=True)
    assert 0 < sum(shares) <= 1 + 1e-9


def test_a_neighbour_in_a_title_decides(spelling):
    """By frequency alone it would be `marx`."""
    assert spelling.corrections("marix")[0].word == "marx"
    assert spelling.corrections("marix", before="the")[0].word == "matrix"


def test_a_known_word_may_be_another_where_a_title_has_that_beside_its_neighbour(spelling):
    assert spelling.knows("start")
    assert [c.word for c in spelling.alternatives("start", after="wars")] == ["star"]
    assert spelling.alternatives("start") == ()
    assert spelling.alternatives("star", after="wars") == ()


@pytest.mark.parametrize(
    "word", ["comedies", "romantics", "scariest", "matrixes", "1917", "2001", "up", "ab1cd", "日本"]
)
def test_forms_of_known_words_short_words_and_numbers_are_no_slips(spelling, word):
    assert spelling.knows(word)


def test_mending_keeps_the_rest_to_the_letter(spelling):
    said = "A FUNNY  moive… (coemdy!), by Xqzzw; Amélie's 2nd?"
    assert spelling.mended(said) == "A FUNNY  movie… (comedy!), by Xqzzw; Amélie's 2nd?"
    assert spelling.mended("") == ""


@given(st.text(max_size=40))
def test_mending_twice_is_mending_once(text):
    counts = Counter(word for said in TEXTS for word in set(words(said)))
    spelling = Spelling.learned(counts, map(words, TITLES))
    once = spelling.mended(text)
    assert spelling.mended(once) == once


def test_later_words_are_no_slips(spelling, tmp_path):
    spelling.save(tmp_path)
    loaded = Spelling.load(tmp_path)
    assert not loaded.knows("zombeast")
    loaded = loaded.knowing(["zombeast"])
    assert loaded.knows("zombeast")
    assert loaded.corrections("comdy") == spelling.corrections("comdy")
    assert loaded.corrections("marix", "the") == spelling.corrections("marix", "the")


def test_english_words_are_known_without_a_catalogue():
    words_known = Spelling.learned(Counter(), [], english())
    assert (
        words_known.mended("recomend something beatiful with dinasaurs")
        == "recommend something beautiful with dinosaurs"
    )
