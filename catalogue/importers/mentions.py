"""Where in a text the titles stand that an annotation says are named there."""

import re
from collections.abc import Sequence
from functools import lru_cache

Span = tuple[int, int]
"""`[start, end)` in characters."""

_ARTICLE = re.compile(r"^(?:the|an?)\s+(?=\S)", re.IGNORECASE)


def title_spans(text: str, titles: Sequence[str]) -> list[Span | None]:
    """Returns where each title first stands in the text, whatever its case and with or without its article; None where it
    does not.

    Longer titles choose first and no two spans overlap, so that "Night Train" is not found within "Night Train 2".
    """
    taken: list[Span] = []
    spans: list[Span | None] = [None] * len(titles)
    for place in sorted(range(len(titles)), key=lambda place: -len(titles[place])):
        spans[place] = _first(text, titles[place], taken)
        taken.extend(filter(None, (spans[place],)))
    return spans


def _first(text: str, title: str, taken: Sequence[Span]) -> Span | None:
    for pattern in _patterns(title):
        for match in pattern.finditer(text):
            if all(match.end() <= start or end <= match.start() for start, end in taken):
                return match.span()
    return None


@lru_cache(maxsize=2**16)  # a data set names the same titles over and over
def _patterns(title: str) -> tuple[re.Pattern[str], ...]:
    spellings = filter(None, (title.split(), _ARTICLE.sub("", title).split()))
    joined = (r"\s+".join(re.escape(word).replace("'", "['’]") for word in words) for words in spellings)
    return tuple(re.compile(rf"(?<!\w){words}(?!\w)", re.IGNORECASE) for words in dict.fromkeys(joined))
