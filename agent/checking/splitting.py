"""A text cut into sentences, whole or while it streams in, so that joining the parts gives the text back."""

import re
from collections.abc import Collection, Iterator

_STOP = re.compile(r"[.!?…]+[\"'”’»)\]*_]*(?=\s)|\n+")
_SHORTENED = re.compile(
    r"(?:^|[\s(\"“*_])(?:Mr|Mrs|Ms|Dr|Prof|St|Sr|Jr|Mt|Ft|Lt|Col|Gen|Capt|Sgt|vs|No|Vol|Pt|Ep|Inc|Ltd|Co|etc|e\.g|i\.e|approx|min|ca|cf"
    r"|[A-Z]|(?:[A-Za-z]\.)+[A-Za-z])\.[\"'”’»)\]*_]*$"
)
_LIST_NUMBER = re.compile(r"(?:^|\n)[ \t]*(?:[*_]{0,2})\d+\.$")
_PAIRS = (("(", ")"), ("[", "]"), ("“", "”"), ("«", "»"))
_LONGEST = 600  # characters of a sentence whose brackets are waited for
_AHEAD = 1  # characters behind the white space that tell whether a sentence goes on
_ENDS_LIKE_NONE = re.compile(r"^[a-z]")


class SentenceStream:
    """Yields whole sentences, each with the white space behind it, from chunks of a text.

    `titles` are names that hold ".", "?" or "!" and end no sentence, such as "Mr. & Mrs. Smith".
    """

    def __init__(self, titles: Collection[str] = ()) -> None:
        self._titles = tuple(title for title in titles if re.search(r"[.!?]", title))
        self._held = ""
        self._line = True  # whether what is held begins a line

    def feed(self, chunk: str) -> Iterator[str]:
        """Yields the sentences that the chunk completes."""
        self._held += chunk
        yield from self._whole(final=False)

    def end(self) -> Iterator[str]:
        """Yields what is left, at the end of the text."""
        yield from self._whole(final=True)
        if self._held:
            yield self._held
            self._held = ""

    def _whole(self, *, final: bool) -> Iterator[str]:
        while (end := self._end(final)) is not None:
            yield self._held[:end]
            self._line = "\n" in self._held[:end][-3:]
            self._held = self._held[end:]

    def _end(self, final: bool) -> int | None:
        """Returns where the first sentence that is held ends, white space included; None while that can't be known."""
        text = self._held
        for match in _STOP.finditer(text):
            after = match.end() + len(text[match.end() :]) - len(text[match.end() :].lstrip())
            if not final and after + _AHEAD > len(text):
                return None
            if after < len(text) and self._stops(text, match, after):
                return after
        return None

    def _stops(self, text: str, match: re.Match[str], after: int) -> bool:
        before = text[: match.end()]
        if not before.strip():
            return False
        if "\n" in text[match.start() : after]:
            return True
        if self._in_list(before) or _ENDS_LIKE_NONE.match(text[after:]):
            return False
        if match[0][0] == "." and _SHORTENED.search(before) is not None:
            return False
        return not self._in_title(text, match) and (match.end() > _LONGEST or not _is_open(before))

    def _in_list(self, before: str) -> bool:
        return self._line and _LIST_NUMBER.search(before) is not None

    def _in_title(self, text: str, match: re.Match[str]) -> bool:
        """Tells whether the stop is inside a title, or ends one that the sentence goes on from with a small letter or a figure."""
        at = match.start()
        for title in self._titles:
            for found in re.finditer(re.escape(title), text[max(0, at - len(title)) : at + len(title) + 1]):
                start = max(0, at - len(title)) + found.start()
                if start <= at < start + len(title) - 1:
                    return True
        return False


def sentences(text: str, titles: Collection[str] = ()) -> list[str]:
    """Returns the sentences of a text, each with the white space behind it."""
    stream = SentenceStream(titles)
    return [*stream.feed(text), *stream.end()]


def _is_open(before: str) -> bool:
    """Tells whether a bracket, a quotation mark or an emphasis is still open."""
    line = before[before.rfind("\n") + 1 :]
    return (
        any(line.count(a) > line.count(b) for a, b in _PAIRS) or line.count("**") % 2 == 1 or line.count('"') % 2 == 1
    )
