"""`understanding` on one's own labelled turns: JSON lines in the shape of the interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Schema, nearest
from convrec.core.metrics.tagging import confusion, overlap_counts, span_counts, unlabelled
from convrec.core.understanding import Understanding
from convrec.evaluation.understanding.gazetteer import look_up
from convrec.evaluation.understanding.hearing import MakeHear, lazily
from convrec.evaluation.understanding.marks import (
    Answers,
    Mark,
    Measured,
    Predict,
    Prediction,
    answered,
    failures,
    marked,
    paired,
    scored,
    sliced,
    worst,
)
from convrec.evaluation.understanding.rows import MAX_REJECTED, BadRowError, Reading, json_rows, part
from convrec.evaluation.understanding.slots import heard, normalised, reference_key, said

_FREE = ("item", "text")
_ROLES = ("user", "assistant")
Key = tuple[str, str]


@dataclass(frozen=True)
class OwnCase:
    """One labelled turn: `messages` end in what the user said, `gold` is what it says. `group` is its conversation."""

    id: str
    group: str
    messages: tuple[Mapping[str, str], ...]
    gold: Understanding

    @property
    def message(self) -> str:
        """Returns what the user said."""
        return self.messages[-1]["content"]


def read_own(path: Path, schema: Schema, *, max_rejected: float = MAX_REJECTED) -> tuple[list[OwnCase], int]:
    """Returns the labelled turns of a file, and how many lines were bad.

    Raises:
        InputError: the file is missing, empty or damaged. RejectedRowsError: too many lines are bad; the first is named with its column.
    """
    reading = Reading()
    found: dict[str, OwnCase] = {}
    for line, row in json_rows(path, reading):
        try:
            case = _case(row, schema)
            if case.id in found:
                raise BadRowError("id", f"the id {case.id!r} stands above already")
        except BadRowError as error:
            reading.reject(path, line, error)
            continue
        reading.good += 1
        found[case.id] = case
    reading.check(path, max_rejected)
    return list(found.values()), len(reading.rejected)


def _case(row: Mapping[str, Any], schema: Schema) -> OwnCase:
    id_ = part(row, "id", str)
    messages = tuple(_message(each, f"messages.{i}.") for i, each in enumerate(part(row, "messages", list)))
    if not messages or messages[-1]["role"] != "user":
        raise BadRowError("messages", "the last is not a user's")
    gold = _gold(part(row, "understanding", dict), schema, len(messages[-1]["content"]))
    return OwnCase(id_, str(row.get("thread_id") or row.get("dialogue_id") or id_), messages, gold)


def _message(row: Any, where: str) -> dict[str, str]:
    role, content = part(row, "role", str, where), part(row, "content", str, where)
    if role not in _ROLES:
        raise BadRowError(f"{where}role", f"{role!r} is neither user nor assistant")
    return {"role": role, "content": content}


def _gold(document: Mapping[str, Any], schema: Schema, length: int) -> Understanding:
    try:
        gold = Understanding.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise BadRowError(f"understanding.{place}", first["msg"].lower()) from error
    for number, stated in enumerate(gold.preferences):
        if stated.facet not in (*schema.names, *_FREE):
            reason = f"there is no field `{stated.facet}`. {nearest(stated.facet, schema.names)}"
            raise BadRowError(f"understanding.preferences.{number}.facet", reason)
    spans = [(f"preferences.{i}", p.span) for i, p in enumerate(gold.preferences)]
    for place, (start, end) in [*spans, *((f"references.{i}", r.span) for i, r in enumerate(gold.references))]:
        if not 0 <= start <= end <= length:
            raise BadRowError(f"understanding.{place}.span", f"[{start}, {end}] is no span of {length} characters")
    return gold


def evaluate_own(
    path: Path, catalogue: Catalogue, make: MakeHear, *, others: Mapping[str, Predict[OwnCase]] | None = None, answer: Answers = answered,
    max_rejected: float = MAX_REJECTED,
) -> Measured:  # fmt: skip
    """Returns how well `make` hears one's own labelled turns about a catalogue, beside exact look-up.

    Raises:
        InputError, RejectedRowsError: as for `read_own`.
    """
    cases, rejected = read_own(path, catalogue.schema, max_rejected=max_rejected)
    hear, looked_up = lazily(make, lambda: catalogue), lazily(look_up, lambda: catalogue)
    systems: dict[str, Predict[OwnCase]] = {
        "agent": lambda case: said(hear(case.messages)), "gazetteer": lambda case: said(looked_up(case.messages)), **(others or {}),
    }  # fmt: skip
    return measure_own(cases, catalogue, systems, answer, rejected=rejected)


def measure_own(
    cases: Sequence[OwnCase], catalogue: Catalogue, systems: Mapping[str, Predict[OwnCase]], answer: Answers = answered, *, rejected: int = 0,
) -> Measured:  # fmt: skip
    """Returns how systems do on the cases; the first is the one that is measured."""
    predictions, marks = marked(cases, systems, lambda case, given: mark(case, given, catalogue), answer)
    system = next(iter(systems))
    heards = [heard(given) for given in predictions[system]]
    return Measured(
        protocol="understanding", system=system, systems={name: scored(each) for name, each in marks.items()},
        ids=[case.id for case in cases], groups=[case.group for case in cases],
        slices=sliced(cases, lambda case: case.gold.acts),
        confusions={
            "acts": confusion(p for c, h in zip(cases, heards, strict=True) for p in paired(c.gold.acts, h.acts if h else ())),
            "facets": confusion(p for c, h in zip(cases, heards, strict=True) for p in _facets(c.gold, h)),
        },
        worst=worst(cases, marks[system]),
        counts={
            "cases": len(cases), "conversations": len({case.group for case in cases}), "rejected_rows": rejected,
            "unknown_ids_in_labels": sum(_unknown(case.gold, catalogue) for case in cases),
            "unknown_ids": sum(_unknown(h, catalogue) for h in heards if h), "failures": failures(predictions[system]),
        },
        predictions=predictions,
    )  # fmt: skip


def _unknown(understanding: Understanding, catalogue: Catalogue) -> int:
    """Returns how many items an understanding names that the catalogue does not have."""
    named = [p.item_id for p in understanding.preferences if p.item_id]
    named += [item for reference in understanding.references for item in reference.item_ids]
    return sum(catalogue.row(item) is None for item in dict.fromkeys(named))


def _facets(gold: Understanding, given: Understanding | None) -> Iterator[tuple[str, str]]:
    due = Counter(p.facet for p in gold.preferences)
    found = Counter(p.facet for p in given.preferences) if given else Counter[str]()
    both, missed, extra = due & found, due - found, found - due
    yield from ((facet, facet) for facet in sorted(both.elements()))
    yield from paired(missed, extra)


def stated(understanding: Understanding, catalogue: Catalogue) -> dict[Key, tuple[int, str]]:
    """Returns the polarity and strength of each wish by facet and normalised value; an item is compared by its title, where it has one."""
    found: dict[Key, tuple[int, str]] = {}
    for each in understanding.preferences:
        row = catalogue.row(each.item_id) if each.item_id else None
        value = f"{each.item_id}" if each.item_id and row is None else normalised(each.value)
        found[each.facet, f"item {row}" if row is not None else value] = (each.polarity, each.strength)
    return found


def mark(case: OwnCase, prediction: Prediction, catalogue: Catalogue) -> Mark:
    """Returns how a prediction did. Polarity and strength are compared on the wishes whose facet and value were found."""
    understanding = heard(prediction)
    given = understanding or Understanding(acts=())
    due, found = stated(case.gold, catalogue), stated(given, catalogue)
    both = [key for key in due if key in found]
    spans, given_spans = _spans(case.gold), _spans(given)
    slots = {(*key, due[key][0]) for key in due}, {(*key, found[key][0]) for key in found}
    references = {reference_key(r) for r in case.gold.references}, {reference_key(r) for r in given.references}
    parts = {
        "slot_f1": span_counts(*slots).f1_parts,
        "span_f1": span_counts(spans, given_spans).f1_parts,
        "span_overlap_f1": overlap_counts(unlabelled(spans), unlabelled(given_spans)).f1_parts,
        "polarity_accuracy": (float(sum(due[key][0] == found[key][0] for key in both)), float(len(both))),
        "strength_accuracy": (float(sum(due[key][1] == found[key][1] for key in both)), float(len(both))),
        "acts_f1": span_counts(set(case.gold.acts), set(given.acts)).f1_parts,
        "references_f1": span_counts(*references).f1_parts,
        "critique_f1": span_counts({"critique"} & {*case.gold.acts}, {"critique"} & {*given.acts}).f1_parts,
    }
    errors = ["failed"] if understanding is None else []
    for what, wanted, had in (
        ("wish", *slots),
        ("act", {(act,) for act in case.gold.acts}, {(act,) for act in given.acts}),
        ("reference", *references),
    ):
        errors += [f"{what} missed: {_spelled(each)}" for each in sorted(wanted - had)]
        errors += [f"{what} made up: {_spelled(each)}" for each in sorted(had - wanted)]
    errors += [
        f"{key[0]}={key[1]} is {due[key][1]}, not {found[key][1]}" for key in both if due[key][1] != found[key][1]
    ]
    return Mark(parts, case.gold.model_dump(mode="json"), prediction.get("understanding", prediction), tuple(errors))


def _spans(understanding: Understanding) -> set[tuple[int, int]]:
    return {p.span for p in understanding.preferences if p.span != (0, 0)}


def _spelled(parts: Sequence[Any]) -> str:
    return " ".join(str(part) for part in parts)


def oracle(case: OwnCase) -> Prediction:
    """Returns what would be right."""
    return said(case.gold)
