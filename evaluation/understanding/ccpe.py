"""`understanding` on the CCPE layout (Radlinski et al. 2019, a line a turn): what each user turn talks about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from convrec.agent.compact.fields import fields_of
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Schema
from convrec.core.metrics.tagging import confusion
from convrec.core.understanding import Preference, Understanding
from convrec.evaluation.run import spread
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
    scored,
    sliced,
    worst,
)
from convrec.evaluation.understanding.rows import MAX_REJECTED, BadRowError, Reading, file_in, text_of
from convrec.evaluation.understanding.slots import heard, said

Label = Literal["title", "genre", "person", "other"]
LABELS: tuple[Label, ...] = get_args(Label)

_ENTITIES: Mapping[str, Label] = {
    "MOVIE_OR_SERIES": "title",
    "MOVIE_GENRE_OR_CATEGORY": "genre",
    "PERSON": "person",
    "SOMETHING_ELSE": "other",
}
_SPEAKERS = {"USER": "user", "SYSTEM": "assistant"}


@dataclass(frozen=True)
class CcpeCase:
    """One user turn with what it talks about. `messages` end in it."""

    id: str
    group: str
    messages: tuple[Mapping[str, str], ...]
    label: Label
    act: str

    @property
    def message(self) -> str:
        """Returns what the user said."""
        return self.messages[-1]["content"]


@dataclass(frozen=True)
class Facets:
    """Which fields of a catalogue stand for which label."""

    genre: frozenset[str]
    person: frozenset[str]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Facets:
        """Returns the fields of kinds and of people."""
        fields = fields_of(catalogue)
        return cls(frozenset(f.name for f in fields.kinds), frozenset(f.name for f in fields.people))

    def label(self, understanding: Understanding | None) -> Label:
        """Returns what an understanding says is talked about: the label most often named; among equals a title, then a genre.

        Every word that points at an item counts for a title, "it" too; a wish that was left as text counts for nothing.
        """
        if understanding is None:
            return "other"
        named: Counter[Label] = Counter()
        spans = {("title", reference.span) for reference in understanding.references}
        for stated in understanding.preferences:
            if stated.facet in ("item", "title"):
                spans.add(("title", stated.span))
            elif stated.facet in self.genre:
                named["genre"] += 1
            elif stated.facet in self.person:
                named["person"] += 1
        named["title"] = len(spans)
        best = max(LABELS, key=lambda label: named[label])
        return best if named[best] else "other"


def read_ccpe(source: Path, *, limit: int | None = None, max_rejected: float = MAX_REJECTED) -> tuple[list[CcpeCase], int]:  # fmt: skip
    """Returns the user turns of `limit` dialogues (all by default, evenly spread otherwise), and how many lines were bad.

    Raises:
        InputError: the file is missing, empty or damaged. RejectedRowsError: too many lines are bad.
    """
    path = file_in(source, ".txt")
    reading = Reading()
    dialogues: list[list[CcpeCase]] = [[]]
    messages: list[Mapping[str, str]] = []
    for line, text in enumerate(text_of(path).split("\n"), 1):
        if not text.strip():
            messages = []
            dialogues.append([])
            continue
        try:
            role, content, act, label = _turn(text)
        except BadRowError as error:
            reading.reject(path, line, error)
            continue
        reading.good += 1
        messages.append({"role": role, "content": content})
        if role == "user":
            cases = dialogues[-1]
            cases.append(CcpeCase(f"line-{line}", f"dialogue-{len(dialogues)}", tuple(messages), label, act))
    reading.check(path, max_rejected)
    chosen = spread([cases for cases in dialogues if cases], limit)
    return [case for cases in chosen for case in cases], len(reading.rejected)


def _turn(text: str) -> tuple[str, str, str, Label]:
    cells = text.rstrip("\r").split("\t")
    if len(cells) < 3:
        raise BadRowError("", f"{len(cells)} cells where there are speaker, text and label")
    if cells[0] not in _SPEAKERS:
        raise BadRowError("1", f"{cells[0]!r} is neither USER nor SYSTEM")
    act, _, entity = cells[2].strip().partition("+")
    if act != "OTHER" and entity not in _ENTITIES:
        raise BadRowError("3", f"{cells[2]!r} is not `ACT+ENTITY`")
    return _SPEAKERS[cells[0]], cells[1], act, _ENTITIES.get(entity, "other")


def evaluate_ccpe(
    source: Path, catalogue: Catalogue, make: MakeHear, *, limit: int | None = None, others: Mapping[str, Predict[CcpeCase]] | None = None,
    answer: Answers = answered, max_rejected: float = MAX_REJECTED,
) -> Measured:  # fmt: skip
    """Returns how well `make` hears what user turns talk about, over a catalogue of films, beside exact look-up and the commonest label.

    Raises:
        InputError, RejectedRowsError: as for `read_ccpe`.
    """
    cases, rejected = read_ccpe(source, limit=limit, max_rejected=max_rejected)
    hear, looked_up = lazily(make, lambda: catalogue), lazily(look_up, lambda: catalogue)
    facets = Facets.of(catalogue)
    commonest = said(understood(majority(cases), catalogue.schema, facets))
    systems: dict[str, Predict[CcpeCase]] = {
        "agent": lambda case: said(hear(case.messages)), "gazetteer": lambda case: said(looked_up(case.messages)),
        "majority": lambda _: commonest, **(others or {}),
    }  # fmt: skip
    return measure_ccpe(cases, facets, systems, answer, rejected=rejected)


def measure_ccpe(
    cases: Sequence[CcpeCase], facets: Facets, systems: Mapping[str, Predict[CcpeCase]], answer: Answers = answered, *, rejected: int = 0,
) -> Measured:  # fmt: skip
    """Returns how systems do on the cases; the first is the one that is measured. `micro_f1` leaves `other` out of the labels."""
    predictions, marks = marked(cases, systems, lambda case, given: _mark(case, given, facets), answer)
    system = next(iter(systems))
    counts = Counter(case.label for case in cases)
    return Measured(
        protocol="understanding-ccpe", system=system, systems={name: scored(each) for name, each in marks.items()},
        ids=[case.id for case in cases], groups=[case.group for case in cases],
        slices=sliced(cases, lambda case: (case.act.lower(),)),
        confusions={"labels": confusion(
            ((case.label, facets.label(heard(given))) for case, given in zip(cases, predictions[system], strict=True)), LABELS,
        )},
        worst=worst(cases, marks[system]),
        counts={
            "cases": len(cases), "dialogues": len({case.group for case in cases}), "rejected_rows": rejected,
            **{f"label_{label}": counts[label] for label in LABELS}, "failures": failures(predictions[system]),
        },
        predictions=predictions,
    )  # fmt: skip


def majority(cases: Sequence[CcpeCase]) -> Label:
    """Returns the commonest label but `other`."""
    counts = Counter(case.label for case in cases)
    return max(LABELS[:-1], key=lambda label: counts[label])


def oracle(case: CcpeCase, schema: Schema, facets: Facets) -> Prediction:
    """Returns what would be right."""
    return said(understood(case.label, schema, facets))


def understood(label: Label, schema: Schema, facets: Facets) -> Understanding:
    """Returns an understanding that says no more than what is talked about."""
    fields = {"title": {"title"}, "genre": facets.genre, "person": facets.person, "other": frozenset[str]()}[label]
    name = next((name for name in schema.names if name in fields), None)
    return Understanding() if name is None else Understanding(preferences=(Preference(facet=name, value=label),))


def _mark(case: CcpeCase, prediction: Prediction, facets: Facets) -> Mark:
    understanding = heard(prediction)
    given = facets.label(understanding)
    parts = {"micro_f1": _f1(case.label, given, LABELS[:-1])}
    parts |= {f"{label}_f1": _f1(case.label, given, (label,)) for label in LABELS}
    parts["accuracy"] = (float(given == case.label and understanding is not None), 1.0)
    errors = ["failed"] if understanding is None else []
    errors += [f"missed {case.label}"] if case.label not in (given, "other") else []
    errors += [f"made up {given}"] if given not in (case.label, "other") else []
    named = [f"{p.facet}={p.value}" for p in understanding.preferences] if understanding else []
    named += [f"{r.kind} {case.message[slice(*r.span)]!r}" for r in understanding.references] if understanding else []
    return Mark(parts, case.label, {"label": given, "named": named}, tuple(errors))


def _f1(gold: Label, given: Label, labels: Sequence[Label]) -> tuple[float, float]:
    due, found = gold in labels, given in labels
    return 2.0 * (due and gold == given), float(due + found)
