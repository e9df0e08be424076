"""Names: who is said to have made an item or to appear in it."""

import re
from collections.abc import Iterator
from itertools import pairwise

from convrec.agent.checking.facts import Facts, Finding
from convrec.agent.checking.names import is_around, names, written
from convrec.agent.checking.reading import Reading
from convrec.agent.checking.roles import Part, part_of
from convrec.agent.checking.table import Mention, Run
from convrec.agent.compact.lexicon import FUNCTION
from convrec.agent.wording import listed
from convrec.catalogue.schema import Field

_ABSENT = re.compile(
    r"^(?:has|have|had|plays?|played|takes?|took) no\b|^(?:is|was|are|were) (?:nowhere|absent|missing)|^(?:isnt|wasnt|arent|werent|(?:is|was|are|were) (?:not|never)) ?(?:also |even |actually )?(?:in|part|among|on|featured|involved|to be)\b|^(?:(?:does|did|has|have|had)(?: not)|doesnt|didnt|hasnt|hadnt|never) (?:\w+ly )?(?:appears?|appeared|stars?|starred|features?|shows?|acts?|plays?|directs?|directed|write|make|made|have)\b"
)


def misnamed(reading: Reading, taken: set[int]) -> Iterator[Finding]:
    """Yields the names that the facts do not carry, or not in that part; `taken` are tokens that stand for values."""
    runs = list(names(reading, taken))
    cues = [part_of(reading, run) for run in runs]
    joined = [_is_joined(reading, a, b) for a, b in pairwise(runs)]
    for place in range(1, len(runs)):
        if cues[place] is None and joined[place - 1]:
            cues[place] = cues[place - 1]
    for place in reversed(range(len(runs) - 1)):
        if cues[place] is None and joined[place] and _is_plural(reading.word(runs[place + 1][1])):
            cues[place] = cues[place + 1]
    for run, cue in zip(runs, cues, strict=True):
        finding = _judged(reading, run, cue)
        if finding is not None:
            yield finding


def _is_plural(word: str) -> bool:
    """Tells whether a word can be what several people do."""
    return word.isalpha() and not word.endswith("s") and word not in FUNCTION - {"are", "were", "have", "both"}


def _is_joined(reading: Reading, one: Run, other: Run) -> bool:
    """Tells whether two names stand in one list."""
    return {*reading.message.norms(one[1], other[0])} <= {"and", "or", "nor", "as", "well"} and reading.text[
        reading.tokens[one[1] - 1].end : reading.tokens[other[0]].start
    ].strip() not in (";", ".", ":", "")


def _judged(reading: Reading, run: Run, cue: Part) -> Finding | None:
    words = [token.bare for token in reading.tokens[run[0] : run[1]]]
    denied = reading.negated(run[0]) or _denied_after(reading, run[1])
    about = reading.about(run[0])
    items = about.items if about else ()
    if denied and items:
        false = any(
            facts.named(
                words, reading.knowledge.fields.people if cue is None else cue or reading.knowledge.fields.people
            )
            for facts in items
        )
        return _finding(reading, "person", run) if false or not _exists(reading, run, words) else None
    if cue is None:
        return None if is_around(reading, words) else _finding(reading, "name", run)
    scope = about or Mention(0, 0, reading.table.slate)
    if (all if scope.every else any)(_plays(facts, words, cue) for facts in scope.items):
        return None
    if about is None and reading.table.echoes(" ".join(words)):
        return None
    return _finding(reading, "person", run, _right(reading, run, scope, cue))


def _exists(reading: Reading, run: Run, words: list[str]) -> bool:
    """Tells whether anybody of the catalogue has the name, or it is around otherwise."""
    said = written(reading, run)
    known = said in reading.knowledge.names or (len(words) == 1 and words[0] in reading.knowledge.surnames)
    return known or is_around(reading, words)


def _plays(facts: Facts, words: list[str], cue: tuple[Field, ...]) -> bool:
    """Tells whether the item has the name in one of the fields, or where it has none there, or it is no person's, in its text."""
    if facts.named(words, cue) or (facts.tells(words) and not facts.is_person(words)):
        return True
    return not any(facts.people.get(field.name) for field in cue) and facts.tells(words)


def _denied_after(reading: Reading, at: int) -> bool:
    return _ABSENT.match(reading.read.words(at, at + 5)) is not None


def _right(reading: Reading, run: Run, scope: Mention, cue: tuple[Field, ...]) -> str | None:
    """Returns the right names where one field of one item says them, and the wrong one stands alone behind "by"."""
    before = reading.message.norms(run[0] - 1, run[0])
    after = reading.word(run[1])
    alone = before == ["by"] and not (
        after == "and" and run[1] + 1 < len(reading.tokens) and reading.tokens[run[1] + 1].capital
    )
    if (
        not alone
        or len(scope.items) != 1
        or len(cue) != 1
        or reading.tokens[run[1] - 1].bare != reading.tokens[run[1] - 1].norm
    ):
        return None
    return listed(scope.items[0].values(cue[0])) or None


def _finding(reading: Reading, kind: str, run: Run, fix: str | None = None) -> Finding:
    first, last = reading.tokens[run[0]].start, reading.tokens[run[1] - 1].end
    return Finding(kind, first, last, reading.text[first:last], fix)
