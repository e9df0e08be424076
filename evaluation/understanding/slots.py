"""What an understanding says in slots: facet, normalised value and polarity, each with its span."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from convrec.catalogue.schema import Schema
from convrec.core.text import words
from convrec.core.understanding import Preference, Reference, Span, Understanding
from convrec.evaluation.understanding.marks import Prediction

TITLE = "title"
_RANGE = re.compile(r"^(.+)\.\.\1$")
Titles = Callable[[str], str | None]
"""Returns an item's title, None for an id that is not in the catalogue."""


@dataclass(frozen=True, order=True)
class Slot:
    """One fact named: the schema field, the value as it is compared, and 1 or -1; `span` is `(0, 0)` where it has no words of its own."""

    facet: str
    value: str
    polarity: int = 1
    span: Span = (0, 0)

    @property
    def key(self) -> tuple[str, str, int]:
        """Returns what two slots are compared by."""
        return self.facet, self.value, self.polarity


def normalised(value: Any) -> str:
    """Returns a value as it is compared: words without case, accents and punctuation; numbers plainly (`4.00` → `4`).

    A range of one value is that value (`2018..2018` → `2018`).
    """
    text = _RANGE.sub(r"\1", str(value).strip())
    try:
        return f"{float(text):g}" if text[:1] not in "+iIn" else " ".join(words(text))
    except ValueError:
        return " ".join(words(text)) or text


def heard(prediction: Prediction) -> Understanding | None:
    """Returns the understanding that a prediction holds; None where the system failed or gave none."""
    if "error" in prediction:
        return None
    try:
        return Understanding.model_validate(prediction.get("understanding"))
    except ValidationError:
        return None


def said(understanding: Understanding) -> Prediction:
    """Returns an understanding as a prediction."""
    return {"understanding": understanding.model_dump(mode="json")}


def slots_of(understanding: Understanding, schema: Schema, title_of: Titles) -> list[Slot]:
    """Returns the linked facts of a message in its order: values of the schema's fields, and titles as values of `title`.

    Wishes that were left as text name no fact, nor do words that only point at an item ("it", "the second one").
    """
    names = set(schema.names)
    pointing = {reference.span for reference in understanding.references if reference.kind != "title"}
    stated = [
        p for p in understanding.preferences if p.facet in names or (p.facet == "item" and p.span not in pointing)
    ]
    found = [_of_preference(each, title_of) for each in stated]
    polarity = {slot.span: slot.polarity for slot in found if slot.facet == TITLE}
    for reference in understanding.references:
        title = title_of(reference.item_ids[0]) if reference.kind == "title" and reference.item_ids else None
        if title is not None:
            found.append(Slot(TITLE, normalised(title), polarity.get(reference.span, 1), reference.span))
    return sorted(dict.fromkeys(found), key=lambda slot: (slot.span, slot))


def _of_preference(stated: Preference, title_of: Titles) -> Slot:
    if stated.facet != "item":
        return Slot(stated.facet, normalised(stated.value), stated.polarity, stated.span)
    title = title_of(stated.item_id) if stated.item_id else None
    return Slot(TITLE, normalised(title or stated.value), stated.polarity, stated.span)


def reference_key(reference: Reference) -> tuple[str, tuple[str, ...]]:
    """Returns what two references are compared by: the kind with the items in any order; for a title the item that bears it best."""
    if reference.kind == "title":
        return reference.kind, reference.item_ids[:1]
    return reference.kind, tuple(sorted(reference.item_ids))


def shown(slots: list[Slot]) -> list[str]:
    """Returns the slots in a few words each, for reading."""
    return [f"{'' if slot.polarity > 0 else 'not '}{slot.facet}={slot.value}" for slot in slots]
