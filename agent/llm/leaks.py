"""What a model may never say: the words it was instructed with, and the key it was reached by, however they are written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from convrec.core.text import fold, words
from convrec.tools.spelling import english

_RUN = 5  # words of a prompt in a row that are nobody's own
_LEAST = 10  # letters that such words have at least
_SHARED = 3  # runs of three words shared with a prompt, at least half of a sentence's, that make it a paraphrase
_KEY = 8  # characters of a key in a row
_BEHIND = 200  # letters of what was said before that a run may begin in
_LONG_WORD = 25
_SPACED = re.compile(r"(?:(?<!\w)\w[\W_]{1,3}){5}")
_INNER_CAPITAL = re.compile(r"[a-z][A-Z]|[A-Z]{2}[a-z]+[A-Z]")
_CODE = re.compile(r"(?=.*\d)(?=.*[^\W\d_]).{5,}")
_AMOUNT = re.compile(r"\d+(?:st|nd|rd|th|s|min|mins|h|hrs|km|kg|cm|mm|k|d)?", re.IGNORECASE)
_TOKEN = re.compile(r"[\w+/=]+")
_WORD = 3  # letters of a word that is looked up
_UNKNOWN = 3  # words of no language, at least half of a sentence's, that make it a cipher
_ENDINGS = ("s", "es", "ed", "d", "ing", "er", "ers", "ly", "ness", "less", "ish", "y", "est", "ful")


class Secrets:
    """Texts that stay where they are. `prompts` may not be told word by word, `key` not at all."""

    def __init__(self, prompts: Iterable[str] = (), key: str = "") -> None:
        told = [words(prompt) for prompt in prompts]
        runs = {_letters(" ".join(run)) for said in told for run in _grams(said, _RUN)}
        self._runs: dict[str, list[str]] = {}
        for run in sorted(runs):
            if len(run) >= _LEAST:
                self._runs.setdefault(run[:_LEAST], []).append(run)
        self._threes = {run for said in told for run in _grams(said, 3)}
        bare = _signs(key)
        self._key = tuple({bare[at : at + _KEY] for at in range(len(bare) - _KEY + 1)})

    def told(self, text: str, before: str = "") -> bool:
        """Tells whether a text, after what was said `before`, gives any of it away: in its order or backwards, in whatever letters."""
        whole = f"{before[-_BEHIND:]} {text}"
        orders = (_letters(whole), _letters(" ".join(reversed(words(whole)))))
        forms = (*orders, *(said[::-1] for said in orders))
        signs = _signs(whole)
        return (
            any(self._holds(form) for form in forms)
            or any(part in form for form in (signs, signs[::-1]) for part in self._key)
            or self._paraphrased(words(text))
        )

    def _holds(self, form: str) -> bool:
        """Tells whether the letters hold a run, looked up by how it begins."""
        return any(
            form.startswith(run, at)
            for at in range(len(form) - _LEAST + 1)
            for run in self._runs.get(form[at : at + _LEAST], ())
        )

    def _paraphrased(self, said: list[str]) -> bool:
        grams = _grams(said, 3)
        same = sum(gram in self._threes for gram in grams)
        return same >= _SHARED and 2 * same >= len(grams)


def unreadable(text: str, known: Collection[str]) -> bool:
    """Tells whether a text is written so that a machine rather than a person reads it: in code, spaced out, in letters of two scripts, in no
    language. `known` are folded words that may stand in it whatever they look like.
    """
    if _SPACED.search(text):
        return True
    return any(_is_code(token) for token in _TOKEN.findall(text) if fold(token) not in known) or _is_cipher(text, known)


def _is_code(token: str) -> bool:
    coded = (
        len(token) > _LONG_WORD
        or _INNER_CAPITAL.search(token)
        or (_CODE.fullmatch(token) and not _AMOUNT.fullmatch(token))
    )
    return bool(coded) or (not token.isascii() and _two_scripts(token))


def _two_scripts(token: str) -> bool:
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in token if char.isalpha()}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK"})


def _is_cipher(text: str, known: Collection[str]) -> bool:
    looked_up = [word for word in words(text) if len(word) >= _WORD and word.isalpha() and word not in known]
    unknown = sum(not _is_english(word) for word in looked_up)
    return unknown >= _UNKNOWN and 2 * unknown >= len(looked_up)


def _is_english(word: str) -> bool:
    listed = _everyday()
    stems = (word[: -len(ending)] for ending in _ENDINGS if word.endswith(ending))
    return not listed or word in listed or any(stem in listed or f"{stem}e" in listed for stem in stems)


@lru_cache(maxsize=1)
def _everyday() -> frozenset[str]:
    return frozenset(english())


def _grams(said: list[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(said[at : at + n]) for at in range(len(said) - n + 1)]


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalpha())


def _signs(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())
