"""`understanding` on the Schema-Guided Dialogue layout: slots, spans and acts of user turns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from convrec.catalogue.catalogue import Catalogue
from convrec.core.clock import Clock
from convrec.core.errors import InputError
from convrec.core.metrics.tagging import Counts, confusion, overlap_counts, span_counts, unlabelled
from convrec.core.understanding import Act, Preference, Understanding
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
    paired,
    scored,
    sliced,
    worst,
)
from convrec.evaluation.understanding.rows import MAX_REJECTED, Reading
from convrec.evaluation.understanding.sgd_catalogues import Supply, services, supply
from convrec.evaluation.understanding.sgd_dialogues import (
    ACTS_SCORED,
    Document,
    SgdCase,
    answers_of,
    cases_of,
    files_of,
    marked_slots,
    read_dialogues,
)
from convrec.evaluation.understanding.slots import Slot, heard, said, shown, slots_of

TRAIN = "train"


@dataclass
class Sgd:
    """The cases of a part of the data set, and the catalogues that their services are read with. Catalogues are opened when asked for."""

    cases: tuple[SgdCase, ...]
    supplies: Mapping[str, Supply]
    folder: Path
    clock: Clock
    marked: Mapping[str, frozenset[str]]
    rejected: int = 0
    _open: dict[str, Catalogue] = field(default_factory=dict)

    def catalogue(self, service: str) -> Catalogue:
        """Returns a service's catalogue."""
        if service not in self._open:
            self._open[service] = self.supplies[service].catalogue(self.folder, self.clock)
        return self._open[service]

    def title(self, service: str, item_id: str) -> str | None:
        """Returns an item's title, None for an id that the service's catalogue does not have."""
        catalogue = self.catalogue(service)
        row = catalogue.row(item_id)
        return None if row is None else catalogue.titles[row]

    def slots(self, case: SgdCase, understanding: Understanding) -> list[Slot]:
        """Returns the facts that an understanding of a case links, a value as said for the same in its canonical form."""
        schema = self.supplies[case.service].service.schema
        found = slots_of(understanding, schema, lambda item_id: self.title(case.service, item_id))
        forms = {(facet, form): value for facet, form, value in case.forms}
        return [replace(slot, value=forms.get((slot.facet, slot.value), slot.value)) for slot in found]

    def mark(self, case: SgdCase, prediction: Prediction) -> Mark:
        """Returns how a prediction did."""
        understanding = heard(prediction)
        found = self.slots(case, understanding) if understanding else []
        each = self.supplies[case.service]
        carried = {slot.key for slot in found if each.carries(slot.facet, slot.value)}
        acts = [act for act in understanding.acts if act in ACTS_SCORED] if understanding else []
        spans = {
            (*slot.span, slot.facet)
            for slot in found
            if slot.span != (0, 0) and slot.facet in self.marked[case.service]
        }
        return _mark(case, found, carried, spans, acts, each.service.occasion, understanding is None)

    def oracle(self, case: SgdCase) -> Prediction:
        """Returns what would be right."""
        left, placed = list(case.spans), []
        for slot in case.slots:
            span = next((span for span in left if span[2] == slot.facet), (0, 0, ""))
            left = [other for other in left if other != span]
            placed.append(Preference(facet=slot.facet, value=slot.value, span=span[:2]))
        values = {slot.facet: slot.value for slot in case.slots}
        for start, end, facet in left:
            value = values.get(facet, case.message[start:end])
            placed.append(Preference(facet=facet, value=value, span=(start, end)))
        return said(Understanding(acts=case.acts, preferences=tuple(placed)))


def read_sgd(
    source: Path, workspaces: Path, clock: Clock, *, split: str | None = None, only: Sequence[str] = (), limit: int | None = None,
    max_rejected: float = MAX_REJECTED,
) -> Sgd:  # fmt: skip
    """Returns the labelled turns of a part, for `only` these services (all known ones by default) of `limit` dialogues, evenly spread.

    `source` is the folder of all parts (`split` names one, `dev` by default) or the file to evaluate, with the training part near it.
    `workspaces` is the folder in which the services' catalogues are made.

    Raises:
        InputError: a file is missing or damaged, or no dialogue is about a known service. RejectedRowsError: too many are bad.
    """
    reading = Reading()
    paths = [source] if source.is_file() and split is None else files_of(source, split or "dev")
    train_paths = files_of(source, TRAIN)
    dialogues = read_dialogues(paths, reading)
    reading.check(paths[0], max_rejected)
    training = dialogues if paths == train_paths else _checked(train_paths, max_rejected)
    answers = answers_of(training)
    wanted = [name for name in services() if not only or name in only]
    there = {frame["service"] for dialogue in dialogues for turn in dialogue["turns"] for frame in turn["frames"]}
    supplies = {name: supply(services()[name], answers) for name in wanted if name in there}
    supplies = {name: each for name, each in supplies.items() if each.items}
    if not supplies:
        raise InputError(
            f"No dialogue of {paths[0]} is about a service that is known.", f"Known are {', '.join(services())}."
        )
    chosen = spread(dialogues, limit)
    cases = tuple(case for dialogue in chosen for case in cases_of(dialogue, supplies))
    return Sgd(cases, supplies, workspaces, clock, marked_slots(dialogues, supplies), len(reading.rejected))


def _checked(paths: Sequence[Path], max_rejected: float) -> list[Document]:
    reading = Reading()
    dialogues = read_dialogues(paths, reading)
    reading.check(paths[0], max_rejected)
    return dialogues


def evaluate_sgd(
    source: Path, workspaces: Path, make: MakeHear, clock: Clock, *, split: str | None = None, only: Sequence[str] = (), limit: int | None = None,
    others: Mapping[str, Predict[SgdCase]] | None = None, answer: Answers = answered, max_rejected: float = MAX_REJECTED,
) -> Measured:  # fmt: skip
    """Returns how well `make` hears the user turns of a part, beside exact look-up and `others`.

    Raises:
        InputError, RejectedRowsError: as for `read_sgd`.
    """
    data = read_sgd(source, workspaces, clock, split=split, only=only, limit=limit, max_rejected=max_rejected)
    return measure_sgd(data, {"agent": by_hearing(data, make), "gazetteer": by_look_up(data), **(others or {})}, answer)


def by_hearing(data: Sgd, make: MakeHear) -> Predict[SgdCase]:
    """Returns predictions of what hears, one for each service's catalogue."""
    hearers = {service: lazily(make, _opener(data, service)) for service in data.supplies}
    return lambda case: said(hearers[case.service](case.messages))


def by_look_up(data: Sgd) -> Predict[SgdCase]:
    """Returns predictions by exact look-up of values and titles."""
    return by_hearing(data, look_up)


def _opener(data: Sgd, service: str) -> Callable[[], Catalogue]:
    return lambda: data.catalogue(service)


def measure_sgd(data: Sgd, systems: Mapping[str, Predict[SgdCase]], answer: Answers = answered) -> Measured:
    """Returns how systems do on the cases; the first is the one that is measured."""
    predictions, marks = marked(data.cases, systems, data.mark, answer)
    system = next(iter(systems))
    known = {name for name, each in data.supplies.items() if any(case.service == name for case in data.cases)}
    return Measured(
        protocol="understanding-sgd", system=system, systems={name: scored(each) for name, each in marks.items()},
        ids=[case.id for case in data.cases], groups=[case.group for case in data.cases],
        slices=sliced(data.cases, lambda case: (case.service, data.supplies[case.service].service.domain)),
        confusions={
            "facets": confusion(_facet_pairs(data, predictions[system])),
            "acts": confusion(_act_pairs(data, predictions[system])),
        }, worst=worst(data.cases, marks[system]),
        counts={
            "cases": len(data.cases), "dialogues": len({case.group for case in data.cases}), "rejected_rows": data.rejected,
            "values_scored": sum(len(case.slots) for case in data.cases),
            "values_not_in_the_catalogue": sum(case.uncarried for case in data.cases),
            "unknown_ids": _unknown(data, predictions[system]), "failures": failures(predictions[system]),
        },
        notes=tuple(_note(data.supplies[name]) for name in sorted(known)), predictions=predictions,
    )  # fmt: skip


def _mark(
    case: SgdCase, found: Sequence[Slot], given: set[tuple[str, str, int]], spans: set[tuple[int, int, str]], acts: Sequence[Act], occasion: Iterable[str], failed: bool
) -> Mark:  # fmt: skip
    about = set(occasion)
    gold = {slot.key for slot in case.slots}
    plain, plain_given = {span[:2] for span in case.spans}, {span[:2] for span in spans}
    slots, labelled = span_counts(gold, given), span_counts(case.spans, spans)
    tallies: dict[str, Counts] = {
        "slot_f1": slots,
        "fact_slot_f1": span_counts([k for k in gold if k[0] not in about], [k for k in given if k[0] not in about]),
        "slot_span_f1": labelled,
        "span_f1": span_counts(plain, plain_given),
        "span_overlap_f1": overlap_counts(unlabelled(plain), unlabelled(plain_given)),
        "acts_f1": span_counts(case.acts, set(acts)),
        "acts_merged_f1": span_counts(set(map(_merged, case.acts)), set(map(_merged, acts))),
    }
    errors = ["failed"] if failed else []
    errors += [f"missed {_spelled(key)}" for key in sorted(gold - given)]
    errors += [f"made up {_spelled(key)}" for key in sorted(given - gold)]
    errors += [f"span missed: {case.message[a:b]!r} ({facet})" for a, b, facet in sorted(set(case.spans) - spans)]
    errors += [f"span made up: {case.message[a:b]!r} ({facet})" for a, b, facet in sorted(spans - set(case.spans))]
    errors += [f"act missed: {act}" for act in sorted({*case.acts} - {*acts})]
    errors += [f"act made up: {act}" for act in sorted({*acts} - {*case.acts})]
    return Mark(
        {name: each.f1_parts for name, each in tallies.items()},
        {"service": case.service, "acts": list(case.acts), "slots": shown(list(case.slots))},
        {"acts": sorted(acts), "slots": shown(list(found))}, tuple(errors),
    )  # fmt: skip


def _merged(act: Act) -> Act:
    """Returns the act with a fact given unasked taken for the request that it is part of."""
    return "request" if act == "state_preference" else act


def _spelled(key: tuple[str, str, int]) -> str:
    return shown([Slot(*key)])[0]


def _facet_pairs(data: Sgd, predictions: Sequence[Prediction]) -> Iterator[tuple[str, str]]:
    """Yields, for each span, its facet and that of the first predicted span that overlaps it; `(none)` where there is no partner."""
    for case, prediction in zip(data.cases, predictions, strict=True):
        understanding = heard(prediction)
        found = data.slots(case, understanding) if understanding else []
        left = sorted({(*slot.span, slot.facet) for slot in found if slot.span != (0, 0)})
        for start, end, facet in case.spans:
            partner = next((span for span in left if span[0] < end and start < span[1]), None)
            if partner is not None:
                left.remove(partner)
            yield facet, partner[2] if partner else "(none)"
        yield from (("(none)", span[2]) for span in left)


def _act_pairs(data: Sgd, predictions: Sequence[Prediction]) -> Iterator[tuple[str, str]]:
    """Yields each act that was heard with itself, and each that was missed with each that was made up instead."""
    for case, prediction in zip(data.cases, predictions, strict=True):
        understanding = heard(prediction)
        found = {act for act in understanding.acts if act in ACTS_SCORED} if understanding else set()
        yield from paired(case.acts, found)


def _unknown(data: Sgd, predictions: Sequence[Prediction]) -> int:
    found: Counter[str] = Counter()
    for case, prediction in zip(data.cases, predictions, strict=True):
        understanding = heard(prediction)
        references = understanding.references if understanding else ()
        found.update(i for r in references for i in r.item_ids[:1] if data.title(case.service, i) is None)
    return found.total()


def _note(each: Supply) -> str:
    empty = [f.name for f in each.service.fields if f.name not in each.carried]
    without = f"; without values: {', '.join(empty)}" if empty else ""
    return f"{each.service.name}: {len(each.items)} items{without}"
