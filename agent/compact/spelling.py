"""Which words of the catalogue a misspelt word may stand for."""

from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from copy import copy

from rapidfuzz import process
from rapidfuzz.distance import OSA

from convrec.agent.compact.lexicon import is_common, is_known

MAX_CORRECTED = 12  # words of one message that are looked up; each costs about a millisecond in a large catalogue
_CACHED = 4_096


class Speller:
    """The words of a catalogue's titles and values, with how often each occurs."""

    def __init__(self, words: Iterable[str]) -> None:
        self._counts = Counter(word for word in words if len(word) >= 4 and not word.isdigit())
        self._by_length: dict[int, list[str]] = {}
        for word in self._counts:
            self._by_length.setdefault(len(word), []).append(word)
        self._cache: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def knowing(self, words: Iterable[str]) -> "Speller":
        """Returns the speller that knows further words."""
        more, later = copy(self), Counter(word for word in words if len(word) >= 4 and not word.isdigit())
        more._counts, more._by_length = Counter(self._counts), dict(self._by_length)
        more._counts.update(later)
        for word in later.keys() - self._counts.keys():
            more._by_length[len(word)] = [*more._by_length.get(len(word), ()), word]
        more._cache = OrderedDict()
        return more

    def __contains__(self, word: str) -> bool:
        return word in self._counts

    def is_slip(self, word: str) -> bool:
        """Tells whether a word is neither of the catalogue nor an English one, so that it may be a slip of the finger."""
        known = word in self._counts or is_known(word) or any(is_common(plain) for plain in _plain(word))
        return len(word) >= 4 and word.isalpha() and not known

    def corrections(self, word: str, limit: int = 4) -> tuple[str, ...]:
        """Returns the nearest words, best first: fewest edits (a swap counts one), same first letter, then the most frequent."""
        found = self._cache.get(word)
        if found is None:
            found = self._corrections(word)
            self._cache[word] = found
            if len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return found[:limit]

    def _corrections(self, word: str) -> tuple[str, ...]:
        allowed = edits_allowed(len(word))
        pool = [w for n in range(len(word) - allowed, len(word) + allowed + 1) for w in self._by_length.get(n, ())]
        near = process.extract(word, pool, scorer=OSA.distance, score_cutoff=allowed, limit=40)
        ordered = sorted(near, key=lambda hit: (hit[1], hit[0][:1] != word[:1], -self._counts[hit[0]], hit[0]))
        return tuple(str(hit[0]) for hit in ordered[:8])


def _plain(word: str) -> Iterator[str]:
    """Yields what a comparative or superlative may be one of: "sadder" of sad, "zanier" of zany, "weirdest" of weird."""
    stem = word.removesuffix("er") if word.endswith("er") else word.removesuffix("est")
    if stem != word and len(stem) >= 3:
        yield stem
        yield f"{stem}e"
        if stem[-1] == stem[-2]:
            yield stem[:-1]
        if stem.endswith("i"):
            yield f"{stem[:-1]}y"


def edits_allowed(length: int) -> int:
    """Returns how many edits a word of that length may be away: none under 4 letters, 1 to 7, 2 from 8, 3 from 13."""
    return 0 if length < 4 else 1 if length < 8 else 2 if length < 13 else 3
