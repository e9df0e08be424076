"""Years and decades: when an item came out."""

import re
from collections.abc import Callable, Iterator

import numpy as np

from convrec.agent.checking.facts import Facts, Finding
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.table import Mention
from convrec.agent.compact.ranges import RangeHit

_PLOT = re.compile(
    r"\b(?:set|takes place|taking place|unfolds|plays out|place|story|tale|during|war of|back) (?:\w+ ){0,3}?(?:in|during|of)?(?: the)?(?: (?:early|mid|late))?$"
)


def misdated(reading: Reading) -> Iterator[Finding]:
    """Yields the years and decades that are not the item's."""
    hits = [] if reading.offers else reading.years
    for hit in hits:
        about = reading.about(hit.start)
        scope = _paired(reading, hit, hits, about) or Mention(0, 0, reading.table.slate, every=True)
        words = reading.message.words(hit.start, hit.end)
        if not scope.items or (
            about is None
            and any(reading.table.echoes(word) for word in words.split() if word[0].isdigit() or word.endswith("ties"))
        ):
            continue
        told = _is_told(reading, hit)
        fits = [told(facts) for facts in scope.items]
        right = all(fits) if scope.every else any(fits)
        if right == reading.negated(hit.start) and (right or reading.knowledge.fields.year is not None):
            yield _wrong_year(reading, hit, scope, right)


def _is_told(reading: Reading, hit: RangeHit) -> Callable[[Facts], bool]:
    """Returns the test whether an item is of the years, or its text has one of them."""
    since = (
        hit.high is None
        and "since" in reading.read.norms(hit.start - 1, hit.end)
        and reading.about(hit.start) is not None
    )
    plot = _PLOT.search(reading.read.words(max(0, hit.start - 5), hit.start)) is not None

    def told(facts: Facts) -> bool:
        if any(
            hit.low is not None and hit.low <= figure and hit.high is not None and figure <= hit.high
            for figure in facts.figures
        ):
            return True
        low, high = hit.low if hit.low is not None else -1e9, hit.high if hit.high is not None else 1e9
        if since:
            return facts.year == low
        return not plot and (low < facts.year if hit.strict else low <= facts.year) and facts.year <= high

    return told


def _paired(reading: Reading, hit: RangeHit, hits: list[RangeHit], about: Mention | None) -> Mention | None:
    """Returns the one item of several that one of as many years is for: "came out in 1995 and 1988", respectively."""
    if about is None or not about.every:
        return about
    own = [other for other in hits if reading.about(other.start) == about]
    return (
        Mention(about.start, about.end, (about.items[own.index(hit)],)) if len(own) == len(about.items) > 1 else about
    )


def _wrong_year(reading: Reading, hit: RangeHit, scope: Mention, denied: bool) -> Finding:
    figures = next((t for t in reading.tokens[hit.start : hit.end] if t.raw[0].isdigit()), None)
    token = figures or reading.tokens[hit.end - 1]
    years = {facts.year for facts in scope.items}
    single = (
        len(years) == 1
        and not denied
        and hit.low is not None
        and hit.high is not None
        and reading.message.words(max(0, hit.start - 1), hit.start) not in ("since", "before", "after")
    )
    fix = _dated(token.raw, hit, years.pop()) if single and figures is not None else None
    return Finding("year", token.start, token.end, token.raw, fix)


def _dated(said: str, hit: RangeHit, year: float) -> str | None:
    """Returns the right year, or decade, in the form of what was said; None where the form is another one."""
    if np.isnan(year) or hit.low is None or hit.high is None:
        return None
    if hit.low == hit.high:
        return f"{year:.0f}" if said == f"{hit.low:.0f}" else None
    return f"{year // 10 * 10:.0f}s" if said == f"{hit.low:.0f}s" and hit.high - hit.low == 9 else None
