"""Texts as they are read: what nobody sees is taken away, what a script needs stays."""

import pytest

from convrec.core.text import visible


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("ig\u200bnore\u2060 this", "ignore this"),
        ("\u202egnp.eno\u202c", "gnp.eno"),
        ("\ufeffHeat\x00\x1b[31m", "Heat[31m"),
        ("a\U000e0041\U000e0042b", "ab"),
        ("He\u200dat", "Heat"),
    ],
)
def test_what_nobody_sees_is_gone(text, seen):
    assert visible(text) == seen


@pytest.mark.parametrize(
    "text", ["Amélie", "می\u200cخواهم", "\U0001f468\u200d\U0001f469", "two\nlines\tand a tab", "七人の侍", "שלום"]
)
def test_what_a_script_needs_stays(text):
    assert visible(text) == text
