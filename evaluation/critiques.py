"""Whether critiques ("like Heat, but funnier") move the slate the way they say, and whether it stays near the item that it starts from."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.agent import Agent
from convrec.agent.compact.fields import fields_of, years_of
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.tools.contract import Bools
from convrec.tools.toolbox import Toolbox

QUALITIES = (
    "funny", "scary", "violent", "romantic", "serious", "realistic", "light-hearted", "dark", "weird", "sad", "intense", "cheesy",
    "confusing", "heartwarming", "gory", "playful", "slow-paced", "thought-provoking", "suspenseful", "childish",
)  # fmt: skip
_KNOWN = 300  # items that most people chose, from which references are drawn
_THIRD = 2  # place of the item that there should be less like
_MANY = 200  # items by chance with which nearness is compared

_AMOUNTS = (
    ("year", ("older", "newer")), ("length", ("shorter", "longer")), ("price", ("cheaper", "more expensive")), ("rating", (None, "better rated")),
    ("height", ("smaller", "taller")),
)  # fmt: skip
"""What a field can be for, and the words for less and more of it."""

Level = Callable[[Sequence[int], Sequence[int]], float]
"""Returns how far rows of the catalogue have what a critique is about; the second rows are those shown without the critique."""


@dataclass(frozen=True)
class Critique:
    """A message about a reference item, and what it says without the critique. `sign` tells in which direction `level` should go;
    `share` that the level is a share of the slate, which cannot pass 0 or 1.
    """

    kind: str
    plain: str
    said: tuple[str, ...]
    reference: int
    level: Level
    sign: int
    share: bool = False


@dataclass(frozen=True)
class Moved:
    """What one critique did: how far the level of the slate moved in the direction wished, and the slate's nearness to the reference."""

    said: tuple[str, ...]
    kind: str
    gain: float
    nearness: float
    by_chance: float


def critiques(toolbox: Toolbox, n: int, seed: int) -> Iterator[Critique]:
    """Yields `n` of each kind, deterministic in `seed`: qualities up and down in one message, after a slate, kinds, amounts (years, prices
    and the like, where the reference has a number that others pass), and nearness to one item shown and not to another.
    """
    draw = random.Random(seed)
    references = _references(toolbox)
    for _ in range(n):
        row = draw.choice(references)
        plain = f"something like {toolbox.catalogue.titles[row]}"
        word = draw.choice(QUALITIES)
        level = _quality(toolbox, word)
        yield Critique("quality up", plain, (f"{plain} but more {word}",), row, level, 1)
        yield Critique("quality down", plain, (f"{plain} but less {word}",), row, level, -1)
        yield Critique("quality down, later", plain, (plain, f"less {word} than the last one"), row, level, -1)
        yield Critique(
            "lighter, later", plain, (plain, "something lighter"), row, _quality(toolbox, "light-hearted"), 1
        )
        kinds = _kinds(toolbox)
        if kinds:
            field, value = draw.choice(kinds)
            share = _share(toolbox.catalogue.values(field).mask(value))
            yield Critique("kind up", plain, (f"{plain} but more {value.lower()}",), row, share, 1, True)
            yield Critique("kind down", plain, (f"{plain} but less {value.lower()}",), row, share, -1, True)
        yield from _amounts(toolbox, row, plain, draw)
        said = "more like the first, less like the third"
        yield Critique("like one, not another", plain, (plain, said), row, _between(toolbox), 1)


def _amounts(toolbox: Toolbox, row: int, plain: str, draw: random.Random) -> Iterator[Critique]:
    fields = fields_of(toolbox.catalogue)
    for role, words in _AMOUNTS:
        upwards = draw.random() < 0.5
        field, word = getattr(fields, role), words[upwards]
        if field is None or word is None:
            continue
        amounts = years_of(toolbox.catalogue, field) if role == "year" else toolbox.catalogue.numbers(field.name)
        beyond = amounts > amounts[row] if upwards else amounts < amounts[row]
        if beyond.any():
            said = f"{plain} but {word} than {toolbox.catalogue.titles[row]}"
            yield Critique(role, plain, (said,), row, _share(beyond), 1, True)


def measured(agent: Agent, cases: Sequence[Critique], seed: int = 0) -> Iterator[Moved]:
    """Yields what each critique did; an empty slate counts as not moved. Where there is nothing to move, since the slate without the
    critique holds none of a kind or nothing else already, there is no case.
    """
    toolbox = agent.toolbox
    chance = np.random.default_rng(seed).choice(
        len(toolbox.catalogue), min(_MANY, len(toolbox.catalogue)), replace=False
    )
    before: dict[str, list[int]] = {}
    for number, case in enumerate(cases):
        if case.plain not in before:
            before[case.plain] = _slate(agent, (case.plain,), f"plain-{number}")
        shown = before[case.plain]
        if case.share and shown and case.level(shown, shown) == (1.0 if case.sign > 0 else 0.0):
            continue
        after = _slate(agent, case.said, f"said-{number}")
        old, new = (case.level(rows, shown) if rows else np.nan for rows in (shown, after))
        gain = case.sign * (new - old)
        near, far = (_nearness(toolbox, case.reference, rows) for rows in (after, chance.tolist()))
        yield Moved(case.said, case.kind, float(np.nan_to_num(gain)), near, far)


def summary(moved: Sequence[Moved], seed: int = 0) -> Iterator[str]:
    """Yields a line a kind: the share that moved as wished, and the share that stayed nearer than chance, with 95 % intervals."""
    for kind in dict.fromkeys(one.kind for one in moved):
        some = [one for one in moved if one.kind == kind]
        draws = Resampling([str(place) for place in range(len(some))], seed=seed)
        way = draws.estimate(mean([float(one.gain > 0) for one in some]))
        near = draws.estimate(mean([float(one.nearness > one.by_chance) for one in some]))
        yield (
            f"{kind:22} n {len(some):4}  moved {way.value:.3f} [{way.low:.3f}, {way.high:.3f}]"
            f"  near {near.value:.3f} [{near.low:.3f}, {near.high:.3f}]"
            f"  cosine {np.mean([one.nearness for one in some]):.3f} by chance {np.mean([one.by_chance for one in some]):.3f}"
        )


def _slate(agent: Agent, said: Sequence[str], thread: str) -> list[int]:
    """Returns the rows shown last in a thread of its own, of a person who is a stranger before and after."""
    shown: list[int] = []
    user = f"critic-{thread}"
    agent.forget(user)
    for text in said:
        reply = agent.chat(text, user_id=user, thread_id=thread)
        shown = [row for item in reply.items if (row := agent.toolbox.catalogue.row(item.id)) is not None]
    agent.forget(user)
    return shown


def _references(toolbox: Toolbox) -> list[int]:
    """Returns the rows of well-known items with a title that no other has, and of more than one word, so that it is found in a sentence."""
    catalogue = toolbox.catalogue
    counts = np.bincount(catalogue.interactions().row, minlength=len(catalogue))
    same = (
        {title for title in catalogue.titles if catalogue.titles.count(title) > 1} if len(catalogue) < 5_000 else set()
    )
    known = [row for row in np.argsort(-counts, kind="stable").tolist() if len(catalogue.titles[row].split()) > 1]
    return [row for row in known if catalogue.titles[row] not in same][:_KNOWN]


def _quality(toolbox: Toolbox, phrase: str) -> Level:
    return lambda rows, _: float(toolbox.attributes.scores(phrase)[list(rows)].mean())


def _kinds(toolbox: Toolbox) -> list[tuple[str, str]]:
    """Returns the common values of the first field of kinds: those that a tenth of the items carry or more."""
    for field in toolbox.catalogue.schema.valued:
        index = toolbox.catalogue.values(field.name)
        found = [
            (field.name, value)
            for value, n in zip(index.values, index.counts, strict=True)
            if n >= len(toolbox.catalogue) / 10
        ]
        if found:
            return found
    return []


def _share(mask: Bools) -> Level:
    return lambda rows, _: float(mask[list(rows)].mean())


def _between(toolbox: Toolbox) -> Level:
    """Returns how much nearer rows are to the first item shown than to the third, leaving those two out; 0 where fewer were shown."""

    def level(rows: Sequence[int], shown: Sequence[int]) -> float:
        if len(shown) <= _THIRD:
            return 0.0
        near, far = shown[0], shown[_THIRD]
        others = [row for row in rows if row not in (near, far)]
        return _nearness(toolbox, near, others) - _nearness(toolbox, far, others)

    return level


def _nearness(toolbox: Toolbox, reference: int, rows: Sequence[int]) -> float:
    """Returns the mean cosine of the rows' cards with the reference's."""
    others = [row for row in rows if row != reference]
    vectors = toolbox.vectors(np.array([reference, *others], np.int64))
    return float((vectors[1:] @ vectors[0]).mean()) if others else 0.0
