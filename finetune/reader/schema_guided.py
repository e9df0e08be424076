"""Rows from the Schema-Guided Dialogue layout (Rastogi et al. 2020): user turns of four domains, with spans and acts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from convrec.evaluation.understanding.rows import Reading
from convrec.evaluation.understanding.sgd_catalogues import Supply, services, supply
from convrec.evaluation.understanding.sgd_dialogues import (
    Document,
    SgdCase,
    answers_of,
    cases_of,
    files_of,
    marked_slots,
    read_dialogues,
)
from convrec.finetune.reader.rows import FacetText, Labelled, Row, sampled

_ACTS = ("answer", "ask_item", "accept", "reject", "thank", "bye")


def schema_guided_rows(folder: Path, part: str) -> tuple[list[Row], dict[str, list[FacetText]]]:
    """Returns a row for each user turn and service of a part, `train` or `dev`, and the services' schemas."""
    dialogues = read_dialogues(files_of(folder, part), Reading())
    answers = answers_of(dialogues if part == "train" else read_dialogues(files_of(folder, "train"), Reading()))
    known = {name: supply(each, answers) for name, each in services().items()}
    used = {name: each for name, each in known.items() if _occurs(name, dialogues)}
    spanned = marked_slots(dialogues, used)
    rows = [
        _row(case, used[case.service], spanned[case.service], part)
        for dialogue in dialogues
        for case in cases_of(dialogue, used)
    ]
    return rows, {name: facet_texts(each) for name, each in used.items()}


def _occurs(name: str, dialogues: list[Document]) -> bool:
    return any(name in dialogue["services"] for dialogue in dialogues)


def facet_texts(each: Supply) -> list[FacetText]:
    """Returns a service's facets in words, the title left out."""
    return [
        FacetText(
            f.name, f.label or f.name.replace("_", " "), f.description, sampled(each.carried.get(f.name, ()), f.name)
        )
        for f in each.service.fields
    ]


def _row(case: SgdCase, each: Supply, spanned: frozenset[str], part: str) -> Row:
    before = case.messages[-2]["content"] if len(case.messages) > 1 else ""
    labelled = tuple(Labelled(start, end, facet) for start, end, facet in _apart(case))
    told = ["title"] + [f.name for f in each.service.fields if f.name in spanned]
    acts = {act: act in case.acts for act in _ACTS}
    acts["request"] = bool({"request", "state_preference"} & set(case.acts))
    return Row(
        source="sgd", group=case.group, schema=case.service, before=before, text=case.message, labelled=labelled,
        told=tuple(told), acts=acts, part=part,
    )  # fmt: skip


def _apart(case: SgdCase) -> Iterator[tuple[int, int, str]]:
    """Yields the spans, none overlapping another."""
    last = 0
    for start, end, facet in case.spans:
        if start >= last:
            yield start, end, facet
            last = end


def values_of(folder: Path) -> Mapping[str, dict[str, list[str]]]:
    """Returns the values that each service's catalogue has, titles included: what is looked up in its messages."""
    answers = answers_of(read_dialogues(files_of(folder, "train"), Reading()))
    return {
        name: {facet: sorted(values) for facet, values in supply(each, answers).carried.items()}
        for name, each in services().items()
    }
