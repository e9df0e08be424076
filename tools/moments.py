"""The moments of a dialogue at which somebody names new items: what was said before, and what was named then."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.tools.contract import Vectors

LINE_TOKENS = 96
"""How much of one line of a conversation an encoder reads."""

TEXT_TOKENS = 128
"""How much of a text that stands for itself."""

LINES = 12
"""How many of the latest lines make a conversation's vector."""

END_LINES = 2
"""How many make that of its end: what is wanted now, since an answer is little without its question."""

_LINE_CHARACTERS = 600
_FADE = 0.95  # of what a line counts, with each line that follows it


@dataclass(frozen=True)
class Moment:
    """`context` is all that was said before, a line a turn; `history` pairs each row named before with 1: whether it was liked is
    often asked only afterwards, so it counts as unknown here.

    `named` are the rows that are new in this turn, which `role` spoke; `later` those that are new in a later turn.
    """

    dialogue: str
    role: str
    context: str
    history: tuple[tuple[int, float], ...]
    named: tuple[int, ...]
    later: tuple[int, ...]
    said: str


def moments(dialogues: Sequence[Dialogue], catalogue: Catalogue) -> Iterator[Moment]:
    """Yields every moment of the dialogues before which something was said, in order. Items that are not in the catalogue are passed over."""
    for dialogue in dialogues:
        yield from (moment for moment in _of_one(dialogue, catalogue) if moment.context.strip())


def _of_one(dialogue: Dialogue, catalogue: Catalogue) -> Iterator[Moment]:
    named = [
        dict.fromkeys(row for item in turn.items if (row := catalogue.row(item.id)) is not None)
        for turn in dialogue.turns
    ]
    fresh = _first_named(named)
    history: dict[int, float] = {}
    for place, turn in enumerate(dialogue.turns):
        if fresh[place]:
            later = tuple(row for rows in fresh[place + 1 :] for row in rows)
            context = "\n".join(before.text for before in dialogue.turns[:place])
            yield Moment(dialogue.id, turn.role, context, tuple(history.items()), fresh[place], later, turn.text)
        history |= dict.fromkeys(named[place], 1.0)


def _first_named(named: Sequence[Mapping[int, None]]) -> list[tuple[int, ...]]:
    seen: set[int] = set()
    found = []
    for rows in named:
        found.append(tuple(row for row in rows if row not in seen))
        seen.update(rows)
    return found


def wanted_now(said: str) -> str:
    """Returns the end of a conversation as one text."""
    return " ".join([line for line in said.splitlines() if line.strip()][-END_LINES:])


def latest_lines(said: str, most: int = LINES) -> list[str]:
    """Returns the lines of a conversation that are heard, the latest last."""
    return [line.strip()[-_LINE_CHARACTERS:] for line in said.splitlines() if line.strip()][-most:]


def heard_together(lines: Sequence[str], vectors: Vectors) -> Vectors:
    """Returns `(width,)`: the unit vector of a conversation from those `(n_lines, width)` of its lines.

    A line counts by the root of its words and fades with each that follows, so a turn later only the new line need be encoded.
    """
    ages = np.arange(len(lines))[::-1]
    shares = _FADE**ages * np.sqrt([1 + line.count(" ") for line in lines])
    whole: Vectors = (shares[:, None] * vectors).sum(axis=0).astype(np.float32)
    whole /= max(float(np.linalg.norm(whole)), 1e-9)
    return whole
