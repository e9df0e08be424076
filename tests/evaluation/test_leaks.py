"""Test dialogues that were learned from are recognised, by their words under another id, by their id where they go on otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convrec.catalogue.dialogues import read_dialogue
from convrec.core.errors import InputError
from convrec.evaluation.leaks import overlapping, refuse_overlap
from convrec.evaluation.splits import LeakError


def talk(name, *texts):
    return read_dialogue(
        {"id": name, "turns": [{"role": ("user", "assistant")[n % 2], "text": text} for n, text in enumerate(texts)]}
    )


TRAINING = [talk("1", "Something funny?", "Try Brass and Velvet."), talk("2", "A western", "Three Wells", "Thanks!")]


def test_the_same_words_are_the_same_dialogue_under_any_id():
    assert overlapping([talk("9", "Something funny?", "Try Brass and Velvet.")], TRAINING) == ["9"]


def test_case_accents_and_spaces_make_no_other_dialogue():
    assert overlapping([talk("9", "SOMETHING  funny?", "Try Bráss and Velvet. ")], TRAINING) == ["9"]


def test_the_same_id_and_opening_are_the_same_dialogue_however_it_ends():
    assert overlapping([talk("2", "A western", "Three Wells", "No, another one.", "Dust")], TRAINING) == ["2"]


def test_the_same_id_of_another_dialogue_is_no_leak():
    """Files number their dialogues from 1."""
    assert overlapping([talk("1", "Horror please", "Cellar Music")], TRAINING) == []


def test_other_words_are_no_leak():
    assert overlapping([talk("9", "Something funny?", "Try Otter and Owl.")], TRAINING) == []


def test_a_leak_is_refused_with_the_count_unless_it_is_allowed():
    test = [talk("9", "A new one", "Otter"), *TRAINING]
    with pytest.raises(LeakError, match=r"2 of 3 test dialogues .*\(1, 2\).*--allow-leak") as refused:
        refuse_overlap(test, TRAINING, allow=False)
    assert isinstance(refused.value, InputError)
    assert refuse_overlap(test, TRAINING, allow=True) == 2
    assert refuse_overlap(test[:1], TRAINING, allow=False) == 0
    assert refuse_overlap([], TRAINING, allow=False) == refuse_overlap(test, [], allow=False) == 0


texts = st.lists(st.text(max_size=12), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.sampled_from("123"), texts), max_size=6), texts)
def test_whatever_was_learned_from_is_found(training, other):
    known = [talk(name, *said) for name, said in training]
    assert overlapping(known, known) == [dialogue.id for dialogue in known]
    assert overlapping([talk("another", *other, "said by nobody else 17")], known) == []
