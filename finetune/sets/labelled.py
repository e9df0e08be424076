"""Rows of the task `understand` from real turns: those labelled by hand, and dialogues whose items are labelled."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from convrec.agent.engine import Follower
from convrec.agent.state import DialogueState
from convrec.catalogue.dialogues import Dialogue, Turn
from convrec.core.text import fold, visible
from convrec.core.understanding import Preference, Understanding
from convrec.evaluation.understanding.own import read_own
from convrec.finetune.sets.rows import Part, Row, chat, dumped
from convrec.finetune.sets.understand import Hearing
from convrec.prompts.understand.answer import Understood

_LIKES = {"liked": 1, "disliked": -1}
_LONGEST = 4_000  # characters of a message that is sent


def part_of(group: str) -> Part:
    """Returns the part in which all real rows of one person or conversation stand, by a checksum: a tenth for stopping, a fifth for the test."""
    place = zlib.crc32(group.encode()) % 10
    return "valid" if place == 0 else "test" if place < 3 else "train"


def hashed_group(group: str) -> str:
    """Returns a group's name as rows carry it."""
    return hashlib.sha256(group.encode()).hexdigest()[:12]


def labelled_rows(hearing: Hearing, path: Path) -> Iterator[Row]:
    """Yields a row for each turn of a file of labelled turns, as `convrec evaluate understanding` takes them.

    Raises:
        InputError, RejectedRowsError: the file is missing, or too many of its lines are bad.
    """
    follower = Follower(hearing.compact, hearing.catalogue)
    for case in read_own(path, hearing.catalogue.schema)[0]:
        before = follower(case.messages[:-1]).state if len(case.messages) > 1 else DialogueState()
        yield _row(hearing, case.message, before, case.gold, f"labels-{case.id}", "labels", case.group)


def dialogue_rows(hearing: Hearing) -> Iterator[Row]:
    """Yields a row for each turn of the workspace's dialogues in which somebody liked or disliked items in words that are marked."""
    follower = Follower(hearing.compact, hearing.catalogue)
    for dialogue in hearing.catalogue.dialogues() if hearing.catalogue.has_dialogues else ():
        yield from _of_dialogue(hearing, follower, dialogue)


def _of_dialogue(hearing: Hearing, follower: Follower, dialogue: Dialogue) -> Iterator[Row]:
    said = [{"role": turn.role, "content": turn.text} for turn in dialogue.turns]
    for number, turn in enumerate(dialogue.turns):
        marked = _attitudes(turn, hearing)
        if turn.role != "user" or not marked or len(turn.text) > _LONGEST:
            continue
        before = follower(said[:number]).state if number else DialogueState()
        draft = hearing.compact.understand(turn.text, before)
        others = [
            p for p in draft.preferences if p.facet != "item" and not any(_overlap(p.span, m.span) for m in marked)
        ]
        acts = (
            draft.acts
            if "state_preference" in draft.acts
            else (*(act for act in draft.acts if act != "other"), "state_preference")
        )
        gold = draft.model_copy(update={"preferences": (*others, *marked), "acts": acts})
        yield _row(hearing, turn.text, before, gold, f"dialogue-{dialogue.id}-{number}", "dialogues", dialogue.id)


def _attitudes(turn: Turn, hearing: Hearing) -> list[Preference]:
    """Returns what a turn says of items in words that are marked."""
    found = []
    for item in turn.items:
        row = hearing.catalogue.row(item.id)
        if item.relation in _LIKES and item.span and row is not None:
            title = hearing.catalogue.titles[row]
            polarity = 1 if item.relation == "liked" else -1
            found.append(
                Preference(
                    facet="item", value=title, item_id=item.id, polarity=polarity, scope="lasting", span=item.span
                )
            )
    return found


def _row(
    hearing: Hearing, text: str, before: DialogueState, gold: Understanding, id_: str, source: str, group: str
) -> Row:
    answer = quoted(gold, text)
    named = [p.value for p in gold.preferences if p.facet != "text" and ".." not in p.value]
    return Row(
        id=id_, task="understand", part=part_of(group), source=source, synthetic=False, group=hashed_group(group), kind=answer.acts[0], message=text,
        names=tuple(dict.fromkeys(fold(name) for name in named)), messages=chat(hearing.sent(text, before)), answer=dumped(answer.model_dump()),
    )  # fmt: skip


def quoted(gold: Understanding, text: str) -> Understood:
    """Returns an understanding in the shape that the prompt asks for: quotes in place of spans; what has no words of its own is left out."""
    stated: Sequence[dict[str, object]] = [
        {**p.model_dump(include={"facet", "value", "polarity", "strength", "scope"}), "value": visible(p.value)[:120], "quote": text[slice(*p.span)][:120]}
        for p in gold.preferences if p.span != (0, 0)
    ]  # fmt: skip
    pointers = [
        {"kind": r.kind, "item_ids": list(r.item_ids)[:6], "quote": text[slice(*r.span)][:120]}
        for r in gold.references
        if r.span != (0, 0)
    ]
    return Understood.model_validate(
        {"acts": list(gold.acts)[:8], "preferences": stated[:12], "references": pointers[:6]}
    )


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
