"""The words of an attribute: `funnier` is more of `funny`, `unrealistic` the reverse of `realistic`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from convrec.core.text import words
from convrec.tools.lexicon import STOP

_EMPTY = STOP | frozenset(
    "film films movie movies make makes made making feel feels style like not too top over".split()
)
_REVERSING = ("un", "in", "im", "ir", "non", "dis")
_IRREGULAR = {
    "better": "good", "best": "good", "worse": "bad", "worst": "bad", "lighter": "light-hearted", "lightest": "light-hearted",
    "heavier": "serious", "heaviest": "serious",
}  # fmt: skip
_ENDINGS = (
    ("iest", ("y",)), ("ier", ("y",)), ("ily", ("y",)), ("y", ("", "e")), ("ed", ("", "e")), ("ing", ("", "e")),
    ("ness", ("",)), ("ful", ("", "s")), ("ly", ("",)), ("s", ("",)), ("ized", ("", "al")), ("er", ("", "e")), ("est", ("", "e")),
)  # fmt: skip
_SHORTEST = 3

Known = Callable[[str], bool]


def telling(phrase: str) -> list[str]:
    """Returns the folded words of a phrase that say something of their own."""
    return [word for word in words(phrase.replace("-", " ")) if len(word) >= _SHORTEST and word not in _EMPTY]


def known_root(word: str, known: Known) -> tuple[str, int] | None:
    """Returns the known word that a word is a form of, and 1, or -1 for its reverse; None where there is none.

    The word itself comes first, then what a reversing prefix leaves, then what an ending leaves.
    """
    if known(word):
        return word, 1
    for prefix in _REVERSING:
        if word.startswith(prefix) and known(word[len(prefix) :]):
            return word[len(prefix) :], -1
    return next(((stem, 1) for stem in _stems(word) if len(stem) >= _SHORTEST and known(stem)), None)


def positive(word: str, known: Known) -> str:
    """Returns the plain adjective of a comparative: `funnier` → `funny`, `scarier` → `scary`, `darker` → `dark`; else the word."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if not word.endswith(("er", "est")):
        return word
    return next((stem for stem in _stems(word) if len(stem) >= _SHORTEST and known(stem)), word)


def _stems(word: str) -> Iterator[str]:
    for ending, instead in _ENDINGS:
        if word.endswith(ending):
            bare = word[: -len(ending)]
            yield from (bare + letters for letters in instead)
            if len(bare) > _SHORTEST and bare[-1] == bare[-2]:
                yield bare[:-1]
