"""How right an answer is, by task: inside its schema or not, and against the answer that was right."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from convrec.core.text import fold
from convrec.finetune.sets.rows import Row, Task
from convrec.finetune.sets.turns import document_slots, reply_slots, sent_document
from convrec.prompts.plan.answer import Steps
from convrec.prompts.profile.answer import Taste
from convrec.prompts.understand.answer import Understood

Parts = Mapping[str, tuple[float, float]]
"""An answer's part in each figure, as `(numerator, denominator)`."""
_SLOT = re.compile(r"\[\[item:([^\[\]]+)\]\]")
_ANY_SLOT = re.compile(r"\[\[(?:item|fact):[^\[\]]+\]\]")
_HEAD = re.compile(r"(?m)^\d{1,2}\.")
Wish = tuple[str, int, int, int]
"""`(facet, start, end, polarity)` of a wish in its message."""

MAIN: Mapping[Task, str] = {
    "understand": "span_f1",
    "plan": "exact",
    "explain": "claim_recall",
    "profile": "taste_f1",
    "preference": "claim_recall",
}
"""The figure by which training on a task stops, and by which it is decided."""


def parts_of(row: Row, text: str) -> Parts:
    """Returns an answer's part in each figure of its row's task."""
    return _MARKS[row.task](row, text)


def figures(parts: Sequence[Parts]) -> dict[str, float]:
    """Returns the figures over many answers, each the sum of numerators by that of denominators (0 where that is 0)."""
    names = dict.fromkeys(name for one in parts for name in one)
    sums = {name: [sum(one.get(name, (0.0, 0.0))[side] for one in parts) for side in (0, 1)] for name in names}
    return {name: above / below if below else 0.0 for name, (above, below) in sums.items()}


def document_of(text: str, shape: type[BaseModel]) -> dict[str, Any] | None:
    """Returns the JSON object that a text is, where it is one and nothing else and keeps to the shape, no key missing at any depth; else None."""
    try:
        document = json.loads(text)
        kept = shape.model_validate(document).model_dump(mode="json")
    except (ValidationError, ValueError, RecursionError):
        return None
    return kept if kept == document else None


def wishes(document: Mapping[str, Any] | None, message: str) -> set[Wish]:
    """Returns the wishes of an answer with their places in the message; one whose quote does not stand there is none."""
    found: set[Wish] = set()
    low = message.casefold()
    for one in (document or {}).get("preferences", ()):
        quote = one["quote"].strip().casefold()
        start = low.find(quote)
        while quote and start >= 0 and any(start == place for _, place, _, _ in found):
            start = low.find(quote, start + 1)
        if quote and start >= 0:
            found.add((one["facet"], start, start + len(quote), one["polarity"]))
    return found


def f1_parts(due: set[Any], found: set[Any]) -> tuple[float, float]:
    """Returns the parts of an F1: twice what both have, and how many both have in all."""
    return 2.0 * len(due & found), float(len(due) + len(found))


def _understand(row: Row, text: str) -> Parts:
    document, due = document_of(text, Understood), json.loads(row.answer)
    heard = document or {"acts": [], "preferences": []}
    stated = [
        {(one["facet"], fold(str(one["value"])), one["polarity"]) for one in each["preferences"]}
        for each in (due, heard)
    ]
    return {
        "valid": (float(document is not None), 1.0),
        "span_f1": f1_parts(wishes(due, row.message), wishes(document, row.message)),
        "value_f1": f1_parts(*stated),
        "acts_f1": f1_parts(set(due["acts"]), set(heard["acts"])),
        "exact": (float(document == due), 1.0),
    }


def _plan(row: Row, text: str) -> Parts:
    document, due = document_of(text, Steps), json.loads(row.answer)
    calls = [{json.dumps(call, sort_keys=True) for call in (each or {}).get("calls", ())} for each in (due, document)]
    same = document is not None and calls[0] == calls[1] and document["stop"] == due["stop"]
    return {"valid": (float(document is not None), 1.0), "exact": (float(same), 1.0), "calls_f1": f1_parts(*calls)}


def _explain(row: Row, text: str) -> Parts:
    """Returns the marks of words for a slate: valid where every slot is the document's, every item is named once and in order, and no number is written."""
    document = sent_document(row)
    ids = [str(item["id"]) for item in document["items"]]
    named = [slot for slot in _SLOT.findall(text) if slot in ids]
    said, due = reply_slots(text), reply_slots(row.answer)
    plain = _HEAD.sub("", _ANY_SLOT.sub("", text))
    valid = (
        named == ids
        and said <= document_slots(document)
        and not any(char.isdigit() for char in plain)
        and "[[" not in plain
    )
    return {
        "valid": (float(valid), 1.0),
        "claim_recall": (float(len(due & said)), float(len(due))),
        "claim_precision": (float(len(due & said)), float(len(said))),
    }


def _profile(row: Row, text: str) -> Parts:
    document, due = document_of(text, Taste), json.loads(row.answer)
    keyed = [
        {(one["field"], fold(str(one["value"])), one["weight"] > 0) for one in (each or {}).get("tastes", ())}
        for each in (due, document)
    ]
    return {"valid": (float(document is not None), 1.0), "taste_f1": f1_parts(*keyed)}


_MARKS: dict[Task, Callable[[Row, str], Parts]] = {
    "understand": _understand,
    "plan": _plan,
    "explain": _explain,
    "preference": _explain,
    "profile": _profile,
}
