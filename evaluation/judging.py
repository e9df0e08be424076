"""Replies beside each other for people to judge, their order hidden: which turns, the sheet and its key, and what the judgements come to."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.agent.messages import openings
from convrec.core.errors import InputError
from convrec.core.metrics.bootstrap import Resampling, mean

CRITERIA = ("helpful", "natural", "specific")
_LETTERS = "ABCDEFGH"
_LINE = re.compile(r"^\s*(?:\d+\.|-) ")
_TASTE = 5  # words that a seeker must have said, or a named film, before a turn is picked


@dataclass(frozen=True)
class Said:
    """One speaker's words up to the other's, `seeker` or not; `names` tells whether they name an item."""

    seeker: bool
    text: str
    names: bool


@dataclass(frozen=True)
class Case:
    """A place in a conversation between two people: what was said before, and what the recommending one really answered."""

    dialogue: str
    before: tuple[Said, ...]
    answer: str


@dataclass(frozen=True)
class Score:
    """One judgement of one reply, each criterion from 1 to 5."""

    dialogue: str
    system: str
    judge: str
    helpful: int
    natural: int
    specific: int

    def of(self, criterion: str) -> int:
        """Returns the judgement by one criterion."""
        return int(getattr(self, criterion))


def cases(dialogues: Mapping[str, Sequence[Said]], n: int, seed: int) -> list[Case]:
    """Returns `n` places, one a dialogue, evenly spread: where an item is named in answer to somebody who has told something of their taste."""
    order = sorted(dialogues)
    rng = random.Random(seed)
    found = {name: places for name in order if (places := _places(dialogues[name]))}
    names, first = list(found), rng.random()
    chosen = [names[int(len(names) * (number + first) / n)] for number in range(n)] if len(names) >= n else names
    return [
        Case(name, tuple(dialogues[name][:place]), dialogues[name][place].text)
        for name in chosen
        for place in [rng.choice(found[name])]
    ]


def _places(turns: Sequence[Said]) -> list[int]:
    return [
        place
        for place, turn in enumerate(turns)
        if not turn.seeker and turn.names and _told([before for before in turns[:place] if before.seeker])
    ]


def _told(said: Sequence[Said]) -> bool:
    return any(turn.names for turn in said) or sum(len(turn.text.split()) for turn in said) > _TASTE * max(len(said), 1)


def sheet(found: Sequence[Case], replies: Sequence[Mapping[str, str]], seed: int) -> tuple[str, dict[str, list[str]]]:
    """Returns the sheet for a judge, and its key: for each number the dialogue, then the systems in the order in which they stand."""
    rng, parts, key = random.Random(seed), [], {}
    for number, (case, given) in enumerate(zip(found, replies, strict=True), 1):
        systems = rng.sample(sorted(given), len(given))
        key[str(number)] = [case.dialogue, *systems]
        talk = "\n".join(f"{'SEEKER' if turn.seeker else 'OTHER'}: {turn.text}" for turn in case.before)
        answers = "\n\n".join(f"[{letter}]\n{given[system]}" for letter, system in zip(_LETTERS, systems, strict=False))
        parts.append(f"=== {number} ===\n{talk}\n\n{answers}\n")
    return "\n".join(parts), key


def scores(text: str, key: Mapping[str, Sequence[str]], judge: str) -> list[Score]:
    """Returns the judgements of a sheet: lines of `number,letter,helpful,natural,specific`.

    Raises:
        InputError: a line is none, names no reply of the sheet, is out of 1 to 5, or a reply was not judged once.
    """
    found: dict[tuple[str, str], Score] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        match = re.fullmatch(r"(\d+),([A-H]),([1-5]),([1-5]),([1-5])", line)
        place = _LETTERS.index(match[2]) + 1 if match else 0
        if match is None or match[1] not in key or place >= len(key[match[1]]) or match.group(1, 2) in found:
            raise InputError(
                f"The line {line!r} judges no reply of the sheet.",
                "Write number,letter,helpful,natural,specific, once a reply.",
            )
        dialogue, system = key[match[1]][0], key[match[1]][place]
        found[match[1], match[2]] = Score(dialogue, system, judge, int(match[3]), int(match[4]), int(match[5]))
    missing = sum(len(row) - 1 for row in key.values()) - len(found)
    if missing:
        raise InputError(f"{missing} replies of the sheet were not judged.", "Judge them all.")
    return list(found.values())


def alpha(ratings: Sequence[Sequence[float]]) -> float:
    """Returns Krippendorff's alpha for interval data over `(n_units, n_judges)` ratings, none missing (Krippendorff 2011): 1 is full agreement, 0 chance."""
    table = np.asarray(ratings, np.float64)
    n = table.size
    within = 2 * table.shape[1] * table.var(axis=1).sum() * table.shape[1] / (table.shape[1] - 1) / n
    between = 2 * n * float(table.var()) / (n - 1)
    return float(1 - within / between) if between else 1.0


def agreement(found: Iterable[Score]) -> dict[str, float]:
    """Returns the judges' agreement by criterion, over the replies that all of them judged."""
    rows: dict[tuple[str, str], list[Score]] = {}
    for score in found:
        rows.setdefault((score.dialogue, score.system), []).append(score)
    most = max((len(row) for row in rows.values()), default=0)
    both = [row for row in rows.values() if len(row) == most]
    return {name: alpha([[score.of(name) for score in row] for row in both]) for name in CRITERIA} if most > 1 else {}


def summary(found: Sequence[Score]) -> list[str]:
    """Returns the figures as a Markdown table: a line a system, means with 95 % intervals over dialogues; then wins, pair by pair."""
    systems = sorted({score.system for score in found})
    lines = [f"| reply | {' | '.join(CRITERIA)} |", f"|---|{'---|' * len(CRITERIA)}"]
    for system in systems:
        own = [score for score in found if score.system == system]
        draws = Resampling([score.dialogue for score in own])
        figures = [draws.estimate(mean([score.of(name) for score in own])) for name in CRITERIA]
        lines.append(f"| {system} | {' | '.join(f'{f.value:.2f} [{f.low:.2f}, {f.high:.2f}]' for f in figures)} |")
    lines.append("")
    for place, one in enumerate(systems):
        lines += [_duel(found, one, other) for other in systems[place + 1 :]]
    lines += [f"agreement on {name} (Krippendorff's alpha): {value:.2f}" for name, value in agreement(found).items()]
    return lines


def totals(found: Iterable[Score], system: str) -> dict[str, float]:
    """Returns a system's mean over judges and criteria, by dialogue."""
    rows: dict[str, list[float]] = {}
    for score in found:
        if score.system == system:
            rows.setdefault(score.dialogue, []).append(sum(score.of(name) for name in CRITERIA) / len(CRITERIA))
    return {dialogue: sum(row) / len(row) for dialogue, row in rows.items()}


def _duel(found: Sequence[Score], one: str, other: str) -> str:
    mine, theirs = totals(found, one), totals(found, other)
    gaps = [mine[dialogue] - theirs[dialogue] for dialogue in mine]
    won, lost = sum(gap > 0 for gap in gaps), sum(gap < 0 for gap in gaps)
    gain = Resampling(list(mine)).estimate(mean(gaps))
    return f"{one} against {other}: better in {won}, worse in {lost}, level in {len(gaps) - won - lost}; {gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"


def rows(found: Iterable[Score]) -> str:
    """Returns the judgements as JSON lines, by dialogue id: no text of anybody is in them."""
    return "".join(json.dumps(vars(score)) + "\n" for score in found)


def prose(reply: str) -> list[str]:
    """Returns the openings of a reply's sentences, the lines of a list left out."""
    return [opening for line in reply.splitlines() if not _LINE.match(line) for opening in openings(line)]


def repeated(conversations: Iterable[Sequence[str]]) -> tuple[int, int]:
    """Returns how many sentences begin as one before them in their conversation does, and how many there are."""
    again = total = 0
    for replies in conversations:
        said = [opening for reply in replies for opening in prose(reply)]
        again += len(said) - len(set(said))
        total += len(said)
    return again, total
