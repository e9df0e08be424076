"""Text as search terms: folded words without stop words, plurals made singular."""

from collections.abc import Iterable
from functools import lru_cache

from convrec.core.text import words

STOP = frozenset(
    """
    a about after again all also am an and any are as at be because been before being but by can could did do does
    doing down for from had has have having he her here hers him his how i if in into is it its just let me more
    most my no nor not of off on once only or other our out over own same she should so some such than that the
    their them then there these they this those through to too under until up us very was we were what when where
    which while who whom why will with would you your i'm i've i'd i'll it's that's don't didn't can't you're isn't
    wasn't doesn't let's there's what's
    """.split()
)
"""Words without a meaning of their own."""

ASKING = frozenset(
    """
    anything film find good great kind like look looking movie need nice please recommend recommendation similar
    something sort suggest suggestion type want watch watching
    """.split()
)
"""Words with which people ask for anything."""

_ASKING_WEIGHT = 0.2


def singular(word: str) -> str:
    """Returns the word without a plural's ending (Harman 1991, "How effective is suffixing?", the S stemmer)."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and word[-4] not in "ae":
        return word[:-3] + "y"
    if word.endswith("es") and word[-3] not in "aeo":
        return word[:-1]
    return word if word[-2] in "us" else word[:-1]


def terms(text: str) -> list[str]:
    """Returns the text's search terms in order. A text of stop words alone keeps them, so that "It" can be found."""
    return terms_of(words(text))


def terms_of(said: Iterable[str]) -> list[str]:
    """Returns the search terms of folded words, as `terms` does of a text."""
    every = [term_of(word) for word in said]
    kept = [term for term in every if term not in STOP]
    return kept or every


@lru_cache(maxsize=1 << 16)
def term_of(word: str) -> str:
    """Returns the folded word as a search term: `aliens` → `alien`."""
    return singular(word.removesuffix("'s"))


def asked(text: str) -> dict[str, float]:
    """Returns the search terms of a request with their importance: 1, less for words with which people ask for anything."""
    return {term: _ASKING_WEIGHT if term in ASKING else 1.0 for term in terms(text)}
