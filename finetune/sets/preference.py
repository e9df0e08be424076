"""Rows of the task `preference`: a reply to prefer and one to turn down, for the same slate."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from random import Random

from convrec.finetune.sets.rows import Row
from convrec.finetune.sets.turns import sent_document

_FACT = re.compile(r"\[\[fact:([^\[\].]+)\.([^\[\]]+)\]\]")


def preference_rows(rows: Iterable[Row], seed: int) -> Iterator[Row]:
    """Yields rows of the task `explain` as pairs: the words that name every item and its reasons in slots, and words with a fault that code would have to mend."""
    rng = Random(f"{seed}/preference")
    for row in rows:
        faults = [fault for fault in _FAULTS if fault(row, rng) not in ("", row.answer)]
        if faults:
            chosen = rng.choice(faults)
            yield row.model_copy(
                update={"task": "preference", "rejected": chosen(row, rng), "kind": chosen.__name__.strip("_")}
            )


def _without_an_item(row: Row, rng: Random) -> str:
    lead, *lines = row.answer.split("\n")
    if len(lines) < 2:
        return ""
    del lines[rng.randrange(len(lines))]
    return "\n".join([lead, *lines])


def _written_out(row: Row, rng: Random) -> str:
    """Returns the words with facts written out instead of left to slots."""
    facts = {str(item["id"]): item.get("facts", {}) for item in sent_document(row)["items"]}

    def written(match: re.Match[str]) -> str:
        value = facts.get(match[1], {}).get(match[2], "")
        return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return _FACT.sub(written, row.answer)


def _unknown_fact(row: Row, rng: Random) -> str:
    """Returns the words with a fact that the document does not have."""
    return _FACT.sub(
        lambda match: f"[[fact:{match[1]}.{rng.choice(('awards', 'mood', 'rating_by_critics'))}]]", row.answer, count=1
    )


def _without_reasons(row: Row, rng: Random) -> str:
    return re.sub(r"\]\]: .*", "]]: you will love it!", row.answer)


_FAULTS: tuple[Callable[[Row, Random], str], ...] = (_without_an_item, _written_out, _unknown_fact, _without_reasons)
