"""Which titles a message names: exact forms first, the longest first, then slips of the finger."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.lexicon import FUNCTION, LINGO, NOUNS, PLAIN_RANK, POINTERS, is_common, rank
from convrec.agent.compact.marks import (
    AFTER,
    AGAIN,
    ASKED_OF,
    ASKS_WHETHER,
    BEFORE_FIGURES,
    BEFORE_NAMES,
    CUE,
    DETERMINED,
    FELT,
    HEADS,
    JOINED,
    JUDGED,
    LIKES,
    MET,
    MET_AFTER,
    MET_BESIDE,
    Hit,
    felt_first,
    goes_on,
    in_longer_name,
    is_capital,
    is_occasion,
    years_beside,
)
from convrec.agent.compact.message import Message
from convrec.agent.compact.numerals import NTH
from convrec.agent.compact.spelling import MAX_CORRECTED, Speller
from convrec.agent.compact.spurned import spurned
from convrec.agent.compact.titles import ARTICLES, EXACT, PARTIAL, PLURAL, TitleIndex, figure, is_skipped, loose_key
from convrec.agent.compact.values import singulars

_LONG, _ALIKE = 10, 0.85  # letters of words, and how like a title they must be spelt, to stand for it
_ALL = {"all the", "of the", "any the", "the other"}
_ALL_OF_SO_MANY = re.compile(r"(?:all|the|those|these) (?:[2-9]|two|three|four|five|six)")
_PARTLY = 3  # titles that have a part in common which may still tell one


class TitleLinker:
    """Finds titles in messages. `is_value` and `is_surname` tell whether a word alone names a genre or the like, or a person."""

    def __init__(
        self,
        fields: Fields,
        index: TitleIndex,
        speller: Speller,
        is_value: Callable[[str], bool],
        is_surname: Callable[[str], bool],
    ) -> None:
        self._index, self._speller, self._is_value, self._is_surname = index, speller, is_value, is_surname
        self._years = fields.years()

    def link(self, message: Message, names: Sequence[tuple[int, int]] = ()) -> list[Hit]:
        """Returns the titles that the message names, in order, none overlapping another.

        `names` are token ranges of full names: a title that is only a part of one is not meant.
        """
        taken: list[Hit] = []
        telling = [
            not is_skipped(token.norm) for token in message.tokens
        ]  # "the Toy Story" names Toy Story, not The Toy

        def order(hit: Hit) -> tuple[int, int, float, int]:
            return hit.start - hit.end, -sum(telling[hit.start : hit.end]), -hit.score, hit.start

        for hit in sorted(self._candidates(message), key=order):
            inside = any(
                a <= hit.start and hit.end <= b and (hit.end - hit.start < b - a or hit.score <= PARTIAL)
                for a, b in names
            )
            if any(hit.start < other.end and other.start < hit.end for other in taken) or (
                inside and (hit.start, hit.end) not in message.quotes
            ):
                continue
            dated = self._dated(message, hit)
            if dated is not None and self._marked(message, dated, hit, taken):
                taken.append(self._numbered(message, dated))
        return sorted(taken, key=lambda h: h.start)

    def partly(self, words: Sequence[str]) -> list[int]:
        """Returns the rows of the titles, few at most, that words which are surely a title are a telling part of: "private ryan"."""
        own = [word for word in words if word not in ARTICLES]
        telling = [word for word in own if word not in LINGO]
        if not telling or (len(telling) == 1 and (len(telling[0]) < 4 or is_common(telling[0]))):
            return []
        rows = self._index.having(own)
        if not rows and len("".join(own)) >= _LONG:
            return self._index.like(own, _ALIKE)
        return rows if len(rows) <= _PARTLY else []

    def whole_series(self, message: Message, hit: Hit) -> tuple[int, ...]:
        """Returns the rows of all that "all the Scream ones", "all the Hangovers" mean; empty where one item is named."""
        word, before = message.tokens[hit.end - 1].norm, message.words(hit.start - 2, hit.start)
        after = message.tokens[hit.end].norm if not message.break_after(hit.end) else ""
        several = (before in _ALL or _ALL_OF_SO_MANY.fullmatch(before) is not None) and (
            (after.endswith("s") and after in NOUNS) or word.endswith("s")
        )
        rows = self._index.beginning(hit.rows[0]) if several else ()
        return rows if len(rows) > 1 else ()

    def having(self, word: str) -> list[int]:
        """Returns the rows whose titles have a word, the most popular first."""
        return self._index.having([word])

    def of_the_same_name(self, row: int, words: Sequence[str] = ()) -> tuple[int, ...]:
        """Returns the rows of the series of an item, or, with `words`, those that have its title and these words for a title."""
        if not words:
            return self._index.series(row)
        told = self._index.told(row)
        return tuple(
            other for other in self._index.having(words) if sorted(self._index.told(other)) == sorted([*told, *words])
        )

    def _numbered(self, message: Message, hit: Hit) -> Hit:
        """Returns the hit as the item of its series that an ordinal before it picks: "the second Bee Mix"."""
        apart = hit.start == 0 or message.tokens[hit.start].mark != ""
        place = 0 if apart else NTH.get(message.tokens[hit.start - 1].norm, 0)
        series = self._index.series(hit.rows[0])
        if not (0 < place <= len(series) and len(series) > 1):
            return hit
        return replace(hit, start=hit.start - 1, rows=(series[place - 1],))

    def _candidates(self, message: Message) -> Iterator[Hit]:
        norms = [token.norm for token in message.tokens]
        figures = [figure(token) for token in message.tokens]
        seen: set[tuple[int, int]] = set()
        for start, end, key, quality in self._windows(message, norms, figures):
            forms = self._index.find(key, end - start)
            if forms and (start, end) not in seen:
                seen.add((start, end))
                yield Hit(start, end, tuple(form.row for form in forms), forms[0].quality * quality)
            for single in () if forms else singulars(norms[end - 1]):
                several = self._index.find(key.removesuffix(norms[end - 1]) + single, end - start)
                if several and (start, end) not in seen:
                    seen.add((start, end))
                    yield Hit(start, end, tuple(form.row for form in several), PLURAL * several[0].quality * quality)
        slips = [i for i, token in enumerate(message.tokens) if self._speller.is_slip(token.norm)][:MAX_CORRECTED]
        best = {i: self._speller.corrections(norms[i], 3) for i in slips}
        firsts = [best[i][0] if best.get(i) else norm for i, norm in enumerate(norms)]
        for i in slips:
            for correction in best[i]:
                yield from self._corrected(message, [*firsts[:i], correction, *firsts[i + 1 :]], i)

    def _corrected(self, message: Message, norms: list[str], at: int) -> Iterator[Hit]:
        for start, end, key, quality in self._windows(message, norms, norms, at):
            forms = self._index.find(key, end - start)
            if forms:
                yield Hit(start, end, tuple(form.row for form in forms), 0.8 * forms[0].quality * quality)

    def _windows(
        self, message: Message, norms: list[str], figures: list[str], at: int | None = None
    ) -> Iterator[tuple[int, int, str, float]]:
        """Yields `(start, end, key, quality)` of every run of words that could be a title (those over word `at`, if given)."""
        n = len(norms)
        for start in range(max(0, at - self._index.longest) if at is not None else 0, n if at is None else at + 1):
            stop = start
            key = ""
            loose: list[str] | None = None if is_skipped(norms[start]) else []
            while (
                stop < n
                and stop - start < self._index.longest
                and (stop == start or message.tokens[stop].mark in ("", ","))
            ):
                key += norms[stop]
                if loose is not None and not is_skipped(figures[stop]):
                    loose.append(figures[stop])
                stop += 1
                if at is not None and stop <= at:
                    continue
                yield start, stop, key, 1.0
                if figures[stop - 1] != norms[stop - 1] and stop - start > 1:
                    yield start, stop, key[: -len(norms[stop - 1])] + figures[stop - 1], 1.0
                if loose and len(loose) >= 2 and not is_skipped(norms[stop - 1]):
                    yield start, stop, loose_key(loose), 1.0

    def _dated(self, message: Message, hit: Hit) -> Hit | None:
        """Returns the hit with its rows in order, and with the year if one stands with it; None when it is another item's year."""
        for year, start, end, firm in years_beside(message, hit):
            bearers = [row for row in hit.rows if self._years is not None and abs(self._years[row] - year) <= 1]
            if bearers:
                return Hit(start, end, tuple(self._index.ordered(bearers, year, self._years)), hit.score, year)
            if firm:
                return None
        return Hit(hit.start, hit.end, tuple(self._index.ordered(list(hit.rows), None, self._years)), hit.score)

    def _marked(self, message: Message, hit: Hit, bare: Hit, taken: list[Hit]) -> bool:
        """Tells whether the words stand there as a title, not as everyday words."""
        start, end = bare.start, bare.end
        if (start, end) in message.quotes and end - start == 1 and self._is_value(message.tokens[start].norm):
            return message.tokens[start].capital
        if (start, end) in message.quotes or any(
            q == (start - 1, end) and message.tokens[start - 1].norm in ARTICLES for q in message.quotes
        ):
            return True
        if any(q[0] <= start and end <= q[1] for q in message.quotes) or goes_on(message, end):
            return hit.year is not None
        words = message.norms(start, end)
        if hit.year is not None and not all(word in POINTERS for word in words):
            return True
        capital = is_capital(message, start, end)
        if is_occasion(message, start, end):
            return False
        if in_longer_name(message, start, end) and len(words) == 1:
            return False
        if all(word.isdigit() for word in words):
            return hit.year is not None or (
                message.break_after(end) and bool(BEFORE_FIGURES.search(message.words(max(0, start - 3), start)))
            )
        if all(word in LINGO or word.isdigit() or (len(words) > 1 and self._is_value(word)) for word in words):
            felt = (
                words[0] not in FUNCTION | NOUNS
                and message.break_after(end)
                and FELT.search(message.words(max(0, start - 2), start))
            )
            return (
                hit.year is not None
                or bool(felt)
                or self._is_met(message, bare, words, taken)
                or (
                    bare.score == EXACT
                    and not all(word in LINGO for word in words)
                    and self._is_questioned(message, bare)
                )
                or (capital and (len(words) > 1 or self._cued(message, start, end, taken)))
            )
        if len(words) == 1:
            return self._marked_word(message, bare, words[0], capital, taken)
        return self._marked_phrase(message, bare, words, capital, taken)

    @staticmethod
    def _is_met(message: Message, hit: Hit, words: list[str], taken: list[Hit]) -> bool:
        """Tells whether everyday words in small letters are a title that somebody has seen or read: "we've seen get out already"."""
        told = POINTERS | NOUNS | ARTICLES
        if len(words) < 2 or hit.score < EXACT or all(word in told for word in words):
            return False
        closed = message.break_after(hit.end) or message.tokens[hit.end].norm in MET_AFTER
        listed = [
            other.start for other in taken if other.end == hit.start - 1 and message.tokens[hit.start - 1].norm == "and"
        ]
        before = min([hit.start, *listed])
        met = MET.search(message.words(max(0, before - 4), before)) is not None
        telling = not all(word in LINGO for word in words)
        beside = telling and MET_BESIDE.search(message.words(message.sentence(hit.start)[0], hit.start)) is not None
        return closed and (met or beside)

    def _marked_word(self, message: Message, hit: Hit, word: str, capital: bool, taken: list[Hit]) -> bool:
        cued = self._cued(message, hit.start, hit.end, taken)
        before = message.tokens[hit.start - 1].norm if hit.start and not message.tokens[hit.start].mark else ""
        after = message.tokens[hit.end].norm if hit.end < len(message) and not message.tokens[hit.end].mark else ""
        if before == "the" and not self._is_value(word) and self.whole_series(message, hit):
            return True
        if before in BEFORE_NAMES or (
            after in NOUNS and not (capital and hit.score == EXACT and not self._is_surname(word))
        ):
            return False
        if self._is_value(word):
            lead = message.marked[: message.marked_at(hit.start)].rstrip()
            if hit.score == EXACT and after and ASKED_OF.search(lead):
                return True
            return self._is_again(message, hit, taken) or (capital and (cued or before in ("called", "named")))
        if word in POINTERS or word.isdigit() or len(word) < 2:
            return False
        determined = before in DETERMINED
        if hit.score < 0.85:
            asked = cued or capital or _is_head(message, hit) or (hit.score >= PLURAL * PARTIAL and before == "the")
            return asked and not is_common(word) and len(word) >= 5
        return (
            (capital and not determined)
            or self._is_judged(message, hit, word)
            or (_is_head(message, hit) and not self._is_surname(word))
            or cued
            or (not is_common(word) and len(word) >= 4 and not determined)
            or len(message) == 1
        )

    @staticmethod
    def _is_again(message: Message, hit: Hit, taken: list[Hit]) -> bool:
        """Tells whether a title is named once more: "how tall does the violet get? the plain violet, I mean"."""
        known = any(other.end <= hit.start and other.rows[:1] == hit.rows[:1] for other in taken)
        return known and AGAIN.search(message.words(max(0, hit.start - 2), hit.start)) is not None

    @staticmethod
    def _is_judged(message: Message, hit: Hit, word: str) -> bool:
        """Tells whether a capital at the start of a sentence is a title's, as what follows judges it: "Speed was great", "Heat is out"."""
        rest = message.words(hit.end, hit.end + 5)
        judged = JUDGED.search(rest) is not None or spurned(message, hit.end, item=True) is not None
        judged = judged or felt_first(message, hit.start, hit.end) is not None
        return message.tokens[hit.start].capital and word not in LINGO and judged

    def _marked_phrase(self, message: Message, hit: Hit, words: list[str], capital: bool, taken: list[Hit]) -> bool:
        telling = [word for word in words if word not in LINGO]
        before = message.tokens[hit.start - 1].norm if hit.start and not message.tokens[hit.start].mark else ""
        weak = hit.score < 0.85 or (len(telling) <= 2 and any(self._is_value(word) for word in telling))
        rare = any(rank(word) >= PLAIN_RANK for word in telling) and (len(telling) > 1 or not is_common(telling[0]))
        if rare and (not weak or len(telling) > 2 or (hit.score < 0.85 and len(telling) > 1)):
            return True
        cued = self._cued(message, hit.start, hit.end, taken) or _is_head(message, hit)
        if capital or cued or len(message) == len(words) or self._is_met(message, hit, words, taken):
            return True
        if hit.score == EXACT and len(words) > 1 and (before == "the" or self._is_questioned(message, hit)):
            return True
        if before in DETERMINED or hit.score < 0.85:
            return False
        liked = len(telling) >= 2 and LIKES.search(message.words(max(0, hit.start - 3), hit.start)) is not None
        return liked or len(telling) >= 3 or (len(words) >= 3 and len(telling) >= 2)

    @staticmethod
    def _is_questioned(message: Message, hit: Hit) -> bool:
        """Tells whether a question about the title begins right before it: "does harbour lights do takeaway"."""
        lead = message.marked[: message.marked_at(hit.start)].rstrip()
        return not message.break_after(hit.end) and ASKS_WHETHER.search(lead) is not None

    def _cued(self, message: Message, start: int, end: int, taken: list[Hit]) -> bool:
        """Tells whether a title is expected here: "have you seen …", "like … but", or in a list after another title."""
        closed = message.break_after(end) or message.tokens[end].norm in AFTER
        joined = start > 0 and (message.tokens[start - 1].norm in JOINED or "," in message.gap(start))
        if joined and any(other.end in (start, start - 1) for other in taken):
            return closed
        before = message.marked[: message.marked_at(start)].rstrip()
        return closed and CUE.search(before[-60:]) is not None


def _is_head(message: Message, hit: Hit) -> bool:
    """Tells whether a message or sentence begins with the words and then asks about them: "Jaws, do you have it?", "sage - how tall?"."""
    return (
        message.starts_sentence(hit.start)
        and message.break_after(hit.end)
        and HEADS.search(message.marked[message.marked_at(hit.end) - 2 :] if hit.end < len(message) else "") is not None
    )
