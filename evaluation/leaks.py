"""Leaks: what is to be found must not be in what was learned from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from convrec.catalogue.dialogues import Dialogue
from convrec.core.text import fold
from convrec.evaluation.splits import LeakError


def overlapping(test: Sequence[Dialogue], training: Iterable[Dialogue]) -> list[str]:
    """Returns the ids of the test dialogues that are among the training dialogues, by id and by their words."""
    known = list(training)
    openings = {(dialogue.id, _opening(dialogue)) for dialogue in known}
    texts = {_text(dialogue) for dialogue in known}
    return [d.id for d in test if _text(d) in texts or (d.id, _opening(d)) in openings]


def refuse_overlap(test: Sequence[Dialogue], training: Iterable[Dialogue], *, allow: bool) -> int:
    """Returns how many test dialogues are among the training dialogues.

    Raises:
        LeakError: some are, and that is not allowed.
    """
    found = overlapping(test, training)
    if found and not allow:
        raise LeakError(
            f"{len(found):,} of {len(test):,} test dialogues are among those that the workspace learned from ({', '.join(found[:3])}{', …' if len(found) > 3 else ''}).",
            "Measure on others, or add --allow-leak, which marks the report.",
        )
    return len(found)


def _text(dialogue: Dialogue) -> str:
    return fold("\n".join(turn.text for turn in dialogue.turns))


def _opening(dialogue: Dialogue) -> str:
    return fold(" ".join(turn.text for turn in dialogue.turns[:2]))
