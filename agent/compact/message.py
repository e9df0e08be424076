"""One message cut into words that remember where they stand: what every part of understanding reads."""

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from convrec.agent.compact.lexicon import mended
from convrec.core.text import fold
from convrec.core.understanding import Span

MAX_CHARS = 20_000  # of a message that is read; what lies beyond is not looked at
MAX_WORDS = 2_000
REACH = 60
MASK = "titled"

_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|\d+(?:[.,]\d+)+|[^\W_]+(?:['’`´][^\W_]+)*|[$€£¥&#+]")
_SIGNS = {"&": "and", "#": "#", "+": "+", "$": "$", "€": "€", "£": "£", "¥": "¥"}
_LETTERS = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_COMPARATIVE = re.compile(r"\w{2,}er|more|less")
_ABBREVIATIONS = {"mr", "mrs", "ms", "dr", "st", "vs", "jr", "sr", "no", "vol"}


@dataclass(frozen=True)
class Token:
    """A word: `norm` is folded and without apostrophes, `bare` also without a possessive ending, `[start, end)` its place.

    `mark` is the punctuation before it: "" none, "," within a sentence, "." "?" or "!" after one.
    """

    norm: str
    bare: str
    raw: str
    start: int
    end: int
    mark: str
    inside: bool = False  # of a name that is made unreadable, a word but the first

    @property
    def capital(self) -> bool:
        """Tells whether the word is written with a capital."""
        return self.raw[:1].isupper()


class Message:
    """The words of a text, and `marked`: the folded words with their punctuation between them, for patterns."""

    def __init__(self, text: str, tokens: list[Token] | None = None) -> None:
        self.text = text
        self.tokens = _tokens(text[:MAX_CHARS])[:MAX_WORDS] if tokens is None else tokens
        end = self.tokens[-1].end if self.tokens else 0
        self.last_mark = _mark(
            text[end : min(len(text), MAX_CHARS)], self.tokens[-1].norm if self.tokens else "", last=True
        )
        self._starts: list[int] = []
        parts: list[str] = []
        at = 0
        for token in self.tokens:
            if token.inside:  # a name of several words is one in `marked`
                self._starts.append(min(self._starts[-1] + 1, at - 2))
                continue
            if token.mark:
                parts.append(token.mark)
                at += len(token.mark) + 1
            self._starts.append(at)
            parts.append(token.norm)
            at += len(token.norm) + 1
        self.marked = " ".join([*parts, self.last_mark]).strip()
        self.shouting = _is_shouting(self.tokens)
        self.quotes = _quotes(self.text, self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def masking(self, places: Sequence[tuple[int, int]]) -> "Message":
        """Returns the message with the words of those token ranges made unreadable, so that no pattern looks into a title."""
        masked = {index: index > start for start, end in places for index in range(start, end)}
        tokens = [
            replace(t, norm=MASK, bare=MASK, inside=masked[i]) if i in masked else t for i, t in enumerate(self.tokens)
        ]
        return Message(self.text, tokens) if masked else self

    def norms(self, start: int, end: int) -> list[str]:
        """Returns the folded words from token `start` to before token `end`."""
        return [token.norm for token in self.tokens[max(start, 0) : end]]

    def words(self, start: int, end: int) -> str:
        """Returns the folded words of a token range, joined by spaces, without punctuation."""
        return " ".join(self.norms(start, end))

    def raw(self, start: int, end: int) -> str:
        """Returns the text from token `start` to before token `end` as it was written."""
        first, last = self.span(start, end)
        return self.text[first:last]

    def span(self, start: int, end: int) -> Span:
        """Returns the characters `[from, to)` that tokens `start` to before `end` take up."""
        return (self.tokens[start].start, self.tokens[end - 1].end) if start < end else (0, 0)

    def tokens_of(self, span: Span) -> tuple[int, int]:
        """Returns the token range `[start, end)` that lies in the characters of a span."""
        inside = [place for place, token in enumerate(self.tokens) if token.start < span[1] and span[0] < token.end]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    def find(self, pattern: str | re.Pattern[str], group: int | str = 0) -> Iterator[tuple[int, int, re.Match[str]]]:
        """Yields `(start, end, match)` in tokens for each place of `marked` where the pattern's group stands."""
        for match in _compiled(pattern).finditer(self.marked):
            if match.end(group) > match.start(group):
                yield *self.range_of(match, group), match

    def range_of(self, match: re.Match[str], group: int | str) -> tuple[int, int]:
        """Returns the tokens `[start, end)` that a group of a match in `marked` covers."""
        return bisect.bisect_left(self._starts, match.start(group)), bisect.bisect_left(self._starts, match.end(group))

    def gap(self, index: int) -> str:
        """Returns what stands in the text between token `index` and the one before it."""
        return self.text[self.tokens[index - 1].end : self.tokens[index].start] if index else ""

    def marked_at(self, index: int) -> int:
        """Returns where token `index` begins in `marked`."""
        return self._starts[index]

    def has(self, pattern: str | re.Pattern[str]) -> bool:
        """Tells whether the pattern stands anywhere in `marked`."""
        return _compiled(pattern).search(self.marked) is not None

    def starts_sentence(self, index: int) -> bool:
        """Tells whether the token is the first of a sentence (a capital there says nothing)."""
        return index == 0 or self.tokens[index].mark in (".", "?", "!")

    def break_after(self, end: int) -> bool:
        """Tells whether punctuation or the end of the text follows token `end - 1`."""
        return end >= len(self.tokens) or bool(self.tokens[end].mark)

    def sentence(self, index: int) -> tuple[int, int]:
        """Returns the tokens `[start, end)` of the sentence around a token, at most `REACH` words to either side."""
        start = index
        while index - start < REACH and start > 0 and not self.starts_sentence(start):
            start -= 1
        end = index + 1
        while end - index < REACH and end < len(self.tokens) and not self.starts_sentence(end):
            end += 1
        return start, end


@lru_cache(maxsize=2048)
def _compiled(pattern: str | re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(pattern)


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    end = 0
    for match in _WORD.finditer(text):
        raw = match[0]
        norm = _SIGNS.get(raw) or normal(raw)
        if not norm:
            continue
        mark = _mark(text[end : match.start()], _before(found[-1], raw)) if found else ""
        norm = mended(norm)
        bare = normal(raw[:-2]) if re.search(r"['’`´][sS]$", raw) else norm
        if not mark and norm[0].isdigit() and _compares(found):
            found[-1] = replace(found[-1], norm="than", bare="than")
        found.append(Token(norm, bare, raw, match.start(), match.end(), mark))
        end = match.end()
    return found


def _compares(said: Sequence[Token]) -> bool:
    """Tells whether what was said ends as "newer then", which before a number is a slip for "than"."""
    return (
        len(said) > 1 and said[-1].norm == "then" and not said[-1].mark and bool(_COMPARATIVE.fullmatch(said[-2].norm))
    )


def words_of(name: str) -> list[str]:
    """Returns the folded words of a name, as a message with that name has them."""
    return [word for raw in _WORD.findall(name) if (word := _SIGNS.get(raw) or normal(raw))]


@lru_cache(maxsize=262_144)
def normal(word: str) -> str:
    """Returns a word as it is compared: without case, accents, apostrophes and the dots of an abbreviation."""
    if word.isascii() and word.isalnum():
        return word.lower()
    folded = fold(word).translate(_LETTERS)
    dots = "" if any(char.isalpha() for char in folded) else "."
    return "".join(char for char in folded if char.isalnum() or char in dots)


def _before(token: Token, following: str) -> str:
    """Returns the word before a gap, as what may shorten it: "no. 3" is a number, "No. A comedy" a sentence."""
    return "" if token.norm == "no" and not following[0].isdigit() else token.norm


def _mark(gap: str, before: str, last: bool = False) -> str:
    bare = gap.strip()
    if not bare:
        return "." if "\n" in gap and not last else ""
    if "?" in bare:
        return "?"
    if "!" in bare:
        return "!"
    if "…" in bare or ";" in bare or ".." in bare or "\n" in gap:
        return "."
    if "." in bare:
        return "" if not last and (before in _ABBREVIATIONS or len(before) == 1) and not before.isdigit() else "."
    return "," if re.search(r"[,:()–—/]|(^|\s)-+\s", gap) and bare not in ("/",) else ""


def _is_shouting(tokens: list[Token]) -> bool:
    """Tells whether capitals say nothing here: nearly every longer word has one."""
    if len(tokens) >= 3 and all(token.raw == token.raw.upper() for token in tokens):
        return True
    longer = [token for token in tokens if len(token.norm) > 3 and token.norm.isalpha()]
    return len(longer) >= 4 and sum(token.capital for token in longer) > 0.8 * len(longer)


def _quotes(text: str, tokens: list[Token]) -> list[tuple[int, int]]:
    """Returns the tokens `[start, end)` of each short stretch in quotation marks or emphasis."""
    starts = {token.start: index for index, token in enumerate(tokens)}
    ends = {token.end: index + 1 for index, token in enumerate(tokens)}
    found = []
    for match in re.finditer(
        r"(?<!\w)([\"“«„*_'‘]{1,2})([^\"“”«»\n*]{1,80}?)[.!?,]?([\"”»“*_'’]{1,2})(?!\w)", text[:MAX_CHARS]
    ):
        inner = match.start(2), match.end(2)
        while inner[1] > inner[0] and not text[inner[1] - 1].isalnum():
            inner = inner[0], inner[1] - 1
        start, end = starts.get(inner[0]), ends.get(inner[1])
        if start is not None and end is not None and _closes(match[1], match[3]):
            found.append((start, end))
    return found


def _closes(opening: str, closing: str) -> bool:
    return len(opening) == len(closing) and closing[0] in _closers(opening[0])


def _closers(opening: str) -> str:
    return {'"': '"', "“": '”“"', "«": "»", "„": "“”", "'": "'", "‘": "’'", "*": "*", "_": "_"}[opening]
