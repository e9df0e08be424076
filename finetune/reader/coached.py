"""Rows from the CCPE layout (Radlinski et al. 2019): what each user turn about films talks about."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from convrec.evaluation.understanding.ccpe import read_ccpe
from convrec.finetune.reader.rows import Row

_KEPT_BACK = 20  # per cent of the dialogues, to measure on


def coached_rows(source: Path) -> list[Row]:
    """Returns a row a user turn, `train` or, for a fifth of the dialogues, `valid`."""
    cases, _ = read_ccpe(source)
    return [
        Row(
            source="ccpe", group=case.group, schema="films", before=_before(case.messages), text=case.message, topic=case.label,
            part="valid" if zlib.crc32(case.group.encode()) % 100 < _KEPT_BACK else "train",
        )
        for case in cases
    ]  # fmt: skip


def _before(messages: Sequence[Mapping[str, str]]) -> str:
    """Returns what was said just before: the two latest lines, since one speaker may have several."""
    return " ".join(each["content"] for each in messages[-3:-1])
