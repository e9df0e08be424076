"""`understanding` on the AltEntities layout (Hosseini et al. 2023): which of two items "the one with …" means."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.core.errors import InputError
from convrec.core.metrics.tagging import confusion
from convrec.evaluation.run import spread
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
from convrec.evaluation.understanding.rows import MAX_REJECTED, BadRowError, Reading, json_rows, part

_MARKUP = re.compile(r"<[^>]*>")
_TIE = 1e-9


@dataclass(frozen=True)
class Choice:
    """One of the items in question: its id (an address), its name, its facts (`author` → "Neal Shusterman") and all that is written of it."""

    id: str
    name: str
    facts: Mapping[str, str]
    text: str


@dataclass(frozen=True)
class AltCase:
    """One expression, and the choices that it is about. `target` is the place of the one that is meant."""

    id: str
    group: str
    domain: str
    sampling: str
    question: str
    message: str
    choices: tuple[Choice, ...]
    target: int


Resolver = Callable[[str, Sequence[Choice]], Sequence[float]]
"""Returns how well each choice fits an expression."""


def files_of(source: Path) -> list[Path]:
    """Returns the files of a folder that hold questions, or the file itself.

    Raises:
        InputError: there are none.
    """
    if not source.is_dir():
        return [source]
    found = sorted(path for path in source.iterdir() if re.search(r"_(dev|train|test)\.json(\.gz)?$", path.name))
    if not found:
        raise InputError(f"{source} has no `…_dev.json`.", "Give the folder that holds the questions, or one file.")
    return found


def read_alt_entities(source: Path, *, limit: int | None = None, max_rejected: float = MAX_REJECTED) -> tuple[list[AltCase], int]:  # fmt: skip
    """Returns a case for each expression of `limit` questions a file (all by default, evenly spread otherwise), and how many were bad.

    Raises:
        InputError: a file is missing, empty or damaged. RejectedRowsError: too many questions are bad.
    """
    found: list[AltCase] = []
    rejected = 0
    for path in files_of(source):
        reading, questions = Reading(), []
        for number, row in json_rows(path, reading):
            try:
                questions.append(_cases(row, f"{path.name.partition('_')[0].partition('.')[0]}-{number}"))
                reading.good += 1
            except BadRowError as error:
                reading.reject(path, number, error)
        reading.check(path, max_rejected)
        rejected += len(reading.rejected)
        found += [case for cases in spread(questions, limit) for case in cases]
    return found, rejected


def _cases(row: Mapping[str, Any], name: str) -> list[AltCase]:
    choices = tuple(_choice(each, f"choices.{i}.") for i, each in enumerate(part(row, "choices", list)))
    target = part(row, "target_index", int)
    if len(choices) < 2:
        raise BadRowError("choices", "fewer than two")
    if not 0 <= target < len(choices):
        raise BadRowError("target_index", f"{target} is none of {len(choices)} choices")
    expressions = part(row, "expressions", list)
    for number, expression in enumerate(expressions):
        if not isinstance(expression, str) or not expression.strip():
            raise BadRowError(f"expressions.{number}", "it is no text")
    domain, question = part(row, "domain", str).lower(), part(row, "question", str)
    sampling = str(row.get("sampling_method", "")).lower()
    return [
        AltCase(f"{name}/{number}", name, domain, sampling, question, expression.strip(), choices, target)
        for number, expression in enumerate(expressions)
    ]


def _choice(row: Any, where: str) -> Choice:
    name, url = part(row, "name", str, where), part(row, "wikipedia_url", str, where)
    known = str(row.get("unshown_background") or row.get("infobox") or "")
    box = str(row.get("infobox") or "")
    described = _plain(str(row.get("description") or ""))
    told = known.removeprefix(box)
    text = " ".join(part for part in (described if described[:80] not in told else "", _plain(told)) if part)
    facts = facts_of(box)
    spoken = ". ".join(f"{key.replace('_', ' ')}: {value}" for key, value in facts.items())
    return Choice(url, name, facts, f"{spoken}. {text}" if spoken else text)


def _plain(text: str) -> str:
    return "" if "<a href" in text else " ".join(_MARKUP.sub(" ", text).split())  # a link is no description


def facts_of(infobox: str) -> dict[str, str]:
    """Returns the facts of a Wikipedia infobox written as `: Infobox book. author: Neal Shusterman. country: …`."""
    starts = list(re.finditer(r"(?:^|\. |\.)([a-z][a-z0-9_ ]*[a-z0-9]): ", infobox))
    ends = [*(match.start() for match in starts[1:]), len(infobox)]
    found: dict[str, str] = {}
    for match, end in zip(starts, ends, strict=False):  # an empty box has an end and no start
        value = " ".join(infobox[match.end() : end].split()).strip(" .")
        if value and match[1] not in found:
            found[match[1]] = value
    return found


def evaluate_alt_entities(
    source: Path, resolvers: Mapping[str, Resolver], *, limit: int | None = None, others: Mapping[str, Predict[AltCase]] | None = None,
    answer: Answers = answered, max_rejected: float = MAX_REJECTED,
) -> Measured:  # fmt: skip
    """Returns how often resolvers find the item that is meant, beside chance; the first is measured. Nothing is learnt from the questions.

    Raises:
        InputError, RejectedRowsError: as for `read_alt_entities`.
    """
    cases, rejected = read_alt_entities(source, limit=limit, max_rejected=max_rejected)
    systems = {name: by_resolving(resolver) for name, resolver in resolvers.items()}
    return measure_alt_entities(cases, {**systems, "random": at_random(), **(others or {})}, answer, rejected=rejected)


def by_resolving(resolver: Resolver) -> Callable[[AltCase], Prediction]:
    """Returns a resolver's predictions."""
    return lambda case: {"scores": [round(float(score), 6) for score in resolver(case.message, case.choices)]}


def measure_alt_entities(
    cases: Sequence[AltCase], systems: Mapping[str, Callable[[AltCase], Prediction]], answer: Answers = answered, *, rejected: int = 0,
) -> Measured:  # fmt: skip
    """Returns how systems do on the cases; the first is the one that is measured.

    Where several choices are best, the one meant among them, `accuracy` counts what a guess among them would be worth; `resolved` is the
    share of expressions for which one alone is best, `accuracy_resolved` the accuracy on those.
    """
    predictions, marks = marked(cases, systems, mark, answer)
    system = next(iter(systems))
    return Measured(
        protocol="understanding-altentities", system=system, systems={name: scored(each) for name, each in marks.items()},
        ids=[case.id for case in cases], groups=[case.group for case in cases],
        slices=sliced(cases, lambda case: tuple(name for name in (case.domain, case.sampling) if name)),
        confusions={"choices": confusion(
            (f"choice {case.target + 1}", _verdict(best(given))) for case, given in zip(cases, predictions[system], strict=True)
        )},
        worst=worst(cases, marks[system]),
        counts={
            "cases": len(cases), "questions": len({case.group for case in cases}), "rejected_rows": rejected,
            "undecided": sum(len(best(given)) != 1 for given in predictions[system]), "failures": failures(predictions[system]),
        },
        predictions=predictions,
    )  # fmt: skip


def best(prediction: Prediction) -> list[int]:
    """Returns the places of the choices that fit best; none where the system failed."""
    scores = prediction.get("scores") or []
    top = max(scores, default=0.0)
    return [place for place, score in enumerate(scores) if score >= top - _TIE]


def _verdict(places: Sequence[int]) -> str:
    return "failed" if not places else "undecided" if len(places) > 1 else f"choice {places[0] + 1}"


def mark(case: AltCase, prediction: Prediction) -> Mark:
    """Returns how a prediction did."""
    places = best(prediction)
    worth = 1 / len(places) if case.target in places else 0.0
    alone = float(len(places) == 1)
    names = [choice.name for choice in case.choices]
    verdict = [names[place] for place in places if place < len(names)]
    errors: list[str] = []
    if worth < 1:
        scores = prediction.get("scores") or [0.0] * len(names)
        lead = max(scores) - scores[case.target]
        errors = [f"{case.question} meant {names[case.target]}, taken for {_verdict(places)} (lead {lead:.3f})"]
        errors += ["another was sure"] if alone else []
    parts = {"accuracy": (worth, 1.0), "resolved": (alone, 1.0), "accuracy_resolved": (worth * alone, alone)}
    return Mark(parts, names[case.target], {"best": verdict, "scores": prediction.get("scores")}, tuple(errors))


def oracle(case: AltCase) -> Prediction:
    """Returns what would be right."""
    return {"scores": [float(place == case.target) for place in range(len(case.choices))]}


def at_random(seed: int = 0) -> Callable[[AltCase], Prediction]:
    """Returns guesses; the same seed and case give the same guess."""

    def guess(case: AltCase) -> Prediction:
        drawn = random.Random(f"{seed}/{case.id}")
        return {"scores": [drawn.random() for _ in case.choices]}

    return guess
