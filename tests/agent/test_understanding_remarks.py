"""Remarks on what was shown: what is too old, nearly right, better than another, or not enough of something."""

import pytest

SHOWN = ("Jaws", "Heat (1995)", "Alien (1979)", "Caddyshack")
WISHES = [
    ("Jaws is too old", {"+year": {"1976.."}}),
    ("the second one is too recent", {"+year": {"..1994"}}),
    ("not really, too old", {"+year": {"1996.."}}),
    ("Heat is older than what I'm looking for", {"+year": {"1996.."}}),
    ("Heat is newer than I want", {"+year": {"..1994"}}),
    ("nothing as old as Jaws", {"+year": {"1976.."}}),
    ("newer than what you've shown", {"+year": {"1996.."}}),
    ("from 1995 or so", {"+year": {"1992..1998"}}),
    ("from more or less 1995", {"+year": {"1992..1998"}}),
    ("no, not enough comedy", {"+genres": {"Comedy"}}),
    ("No. How about a drama?", {"+genres": {"Drama"}}),
    ("neither, drama if anything", {"+genres": {"Drama"}}),
    ("neither drama nor comedy", {"-genres": {"Drama", "Comedy"}}),
    ("no horror and more comedy", {"-genres": {"Horror"}, "+genres": {"Comedy"}}),
]
LIKED = [
    ("the second one is more like it", "Heat (1995)"),
    ("number three comes close", "Alien (1979)"),
    ("I could live with the first one", "Jaws (1975)"),
    ("the second one rather than the fourth", "Heat (1995)"),
    ("the third one looks better than number two", "Alien (1979)"),
    ("the second one but newer", "Heat (1995)"),
    ("in the mood for another Jurassic Park", "Jurassic Park (1993)"),
]


@pytest.mark.parametrize(("text", "wishes"), WISHES)
def test_a_remark_says_what_is_wanted(on_films, text, wishes):
    heard = on_films.wishes(text, on_films.state(shown=SHOWN))
    assert {sign: values for sign, values in heard.items() if not sign.endswith("item")} == wishes


@pytest.mark.parametrize(("text", "title"), LIKED)
def test_what_comes_close_is_liked(on_films, text, title):
    heard = on_films.wishes(text, on_films.state(shown=SHOWN))
    assert title in heard["+item"]
