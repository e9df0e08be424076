"""`evaluate memory`: what is remembered of generated people who talk for weeks, and whether what they rule out stays out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from convrec.catalogue.workspace import Workspace
from convrec.core.errors import ConvrecError, InputError
from convrec.core.metrics.bootstrap import Ratio, Resampling
from convrec.core.progress import Progress, silent
from convrec.evaluation.cases import write_cases
from convrec.evaluation.manifest import manifest
from convrec.evaluation.memory.facts import PARTS
from convrec.evaluation.memory.following import Veto, follow, followed_row, vetoes
from convrec.evaluation.memory.leaks import Secrets
from convrec.evaluation.memory.people import personas
from convrec.evaluation.memory.remembering import Opened, World, open_agent
from convrec.evaluation.memory.scoring import (
    RECALL,
    Row,
    by_words,
    junk_by_kind,
    kept_row,
    misses,
    origins_of,
    recalled_row,
    texts_of,
)
from convrec.evaluation.memory.speaking import Speaker
from convrec.evaluation.memory.talking import Inquiry, Sitting, after, ask, inquiries, secrets_of, sit, sittings_of
from convrec.evaluation.memory.tastes import offer_of
from convrec.evaluation.memory.wording import CHOICES, Choice
from convrec.evaluation.result import Metrics, Part, Result, Scored, figures, summarised
from convrec.evaluation.run import Answer, C, Run
from convrec.tools.threads import one_thread


@dataclass(frozen=True)
class MemoryOptions:
    """The settings of a run. `wording` chooses the part of the wordings; `vetoes` people rule something out, `after` messages of noise it is checked."""

    users: int = 50
    messages: int = 200
    wording: Choice = "all"
    vetoes: int = 10
    after: tuple[int, ...] = (10, 100, 300)
    seed: int = 0


@dataclass(frozen=True)
class _Measured:
    """All cases with their answers."""

    sittings: Sequence[Sitting]
    sat: Sequence[Answer]
    asked: Sequence[Inquiry]
    answers: Sequence[Answer]
    vetoes: Sequence[Veto]
    followed: Sequence[Answer]
    secrets: Secrets

    def failures(self) -> dict[str, int]:
        named = {"sittings": self.sat, "people asked": self.answers, "vetoes": self.followed}
        return {f"{name} that failed": sum("error" in a for a in each) for name, each in named.items()}


def evaluate_memory(
    workspace: Workspace, options: MemoryOptions, runs: Path, *, opened: Opened = open_agent, progress: Progress = silent,
    out: Path | None = None,
) -> tuple[Run, Result]:  # fmt: skip
    """Lets generated people talk to the agent, over a state database of the run's own, and measures what is recalled and kept of what they told.

    Raises:
        InputError: the choice of wordings is unknown. ConvrecError: nothing could be said or asked at all.
        NotFittedError: nothing was fitted yet.
    """
    if options.wording not in CHOICES:
        raise InputError(f"There are no wordings {options.wording!r}.", f"There are {', '.join(CHOICES)}.")
    about = manifest("memory", workspace, vars(options) | {"after": list(options.after)}, seed=options.seed)
    run = Run.opened(out, runs, about, progress)
    with one_thread():
        measured = _measured(workspace, options, run, opened)
    return run, run.finish(_result(run, measured, options), ms_a_recall=_milliseconds(measured.answers))


def _measured(workspace: Workspace, options: MemoryOptions, run: Run, opened: Opened) -> _Measured:
    catalogue = workspace.catalogue()
    offer = offer_of(catalogue)
    people = personas(offer, options.users, options.seed)
    speakers = [Speaker(person, offer, options.wording, options.seed) for person in people]
    sittings = sittings_of(speakers, options.messages)
    asked = inquiries(speakers, sittings)
    secrets = secrets_of(people, asked, catalogue)
    ruled_out = vetoes(
        [Speaker(p, offer, options.wording, options.seed + 1) for p in people], catalogue, offer, options.vetoes
    )
    world = World(workspace, run.folder, opened, sittings[0].messages[0].at)
    try:
        sat = _asked(run, "talk", sittings, partial(sit, world=world, secrets=secrets))
        world.restart()
        answers = _asked(run, "recall", asked, partial(ask, world=world, secrets=secrets, at=after(sittings)))
        following = partial(follow, world=world, after=options.after, start=sittings[0])
        followed = _asked(run, "vetoes", ruled_out, following)
    finally:
        world.restart()
    return _Measured(sittings, sat, asked, answers, ruled_out, followed, secrets)


def _asked(run: Run, what: str, cases: Sequence[C], answer: Callable[[C], Answer]) -> list[Answer]:
    found = run.answers(what, cases, answer)
    if found and all("error" in each for each in found):
        raise ConvrecError(f"Every case of `{what}` failed: {found[0]['error']}", "Mend that and run it again.")
    return found


def _result(run: Run, found: _Measured, options: MemoryOptions) -> Result:
    ids = [each.id for each in found.asked] + [each.id for each in found.vetoes]
    groups = [each.id for each in found.asked] + [each.speaker.persona.id for each in found.vetoes]
    agent = _scored(list(_rows(found, options)))
    words = _scored([recalled_row(each, by_words(each)) for each in found.asked] + [{} for _ in found.vetoes])
    origins = origins_of(found.sittings, found.sat)
    write_cases(run.folder, ids, groups, agent)
    run.write_lines("misses.jsonl", list(misses(found.asked, found.answers, origins)))
    foreign = [value for answer in (*found.sat, *found.answers) for value in answer.get("foreign", ())]
    return summarised(
        "memory", "agent", RECALL, Part(groups, {"agent": agent, "own words, BM25": words}), slices=_slices(found, options),
        seed=options.seed, controls=_controls(found, options.seed),
        counts={
            "people": len(found.asked), "messages": sum(len(s.messages) for s in found.sittings),
            "messages that tell": sum(bool(m.tells) for s in found.sittings for m in s.messages),
            "questions": sum(len(each.questions) for each in found.asked),
            "restarts": sum(sitting.restart for sitting in found.sittings), "values of one person alone": len(found.secrets),
            "cross-user hits": len(foreign), **found.failures(),
        },
        sections={"junk by kind of message": junk_by_kind(found.asked, found.answers, origins)},
        notes=_notes(options),
    )  # fmt: skip


def _rows(found: _Measured, options: MemoryOptions) -> Iterator[Row]:
    hits: dict[str, int] = {}
    for sitting, answer in zip(found.sittings, found.sat, strict=True):
        hits[sitting.person] = hits.get(sitting.person, 0) + len(answer.get("foreign", ()))
    for inquiry, answer in zip(found.asked, found.answers, strict=True):
        hit = hits[inquiry.id] + len(answer.get("foreign", ()))
        kept = kept_row(inquiry, answer.get("profile", []))
        yield {
            **recalled_row(inquiry, texts_of(answer, inquiry)),
            "cross-user hits a person": (float(hit), 1.0),
            **kept,
        }
    for veto, answer in zip(found.vetoes, found.followed, strict=True):
        yield followed_row(veto, answer, options.after)


def _scored(rows: Sequence[Row]) -> Scored:
    """Returns the ratios over all cases; a case has no part in a metric that it does not name."""
    metrics = dict.fromkeys(name for row in rows for name in row)
    return Scored({name: Ratio.of([row.get(name, (0.0, 0.0)) for row in rows]) for name in metrics})


def _slices(found: _Measured, options: MemoryOptions) -> dict[str, Part]:
    """Returns recall by the part that a fact and its question were worded in, where there are both."""
    if options.wording != "all":
        return {}
    texts = {
        "agent": [texts_of(answer, inquiry) for answer, inquiry in zip(found.answers, found.asked, strict=True)],
        "own words, BM25": [by_words(inquiry) for inquiry in found.asked],
    }
    groups = [each.id for each in found.asked]
    return {
        f"{part} wordings": Part(groups, {
            name: _scored([recalled_row(each, one, part) for each, one in zip(found.asked, lists, strict=True)])
            for name, lists in texts.items()
        })
        for part in PARTS
    }  # fmt: skip


def _controls(found: _Measured, seed: int) -> dict[str, Metrics]:
    """Returns the figures of what was recalled for the person before: what chance would do."""
    if len(found.asked) < 2:
        return {}
    others = [found.answers[-1], *found.answers[:-1]]
    rows = []
    for inquiry, answer in zip(found.asked, others, strict=True):
        texts = [[row["text"] for row in each] for each in answer.get("recalled", [])]
        texts = [texts[place % len(texts)] if texts else [] for place in range(len(inquiry.questions))]
        rows.append(recalled_row(inquiry, texts))
    return {"recalled for another person": figures(_scored(rows), Resampling([i.id for i in found.asked], seed=seed))}


def _milliseconds(answers: Sequence[Answer]) -> Mapping[str, float]:
    took = sorted(ms for answer in answers for ms in answer.get("ms", ()))
    return {f"p{p}": took[min(len(took) - 1, len(took) * p // 100)] for p in (50, 95)} if took else {}


def _notes(options: MemoryOptions) -> tuple[str, ...]:
    return (
        f"{options.messages} messages a person, ten of noise for each that tells something; wordings: {options.wording}. Junk are lasting "
        "entries that are nothing of what the person told, or no longer so.",
        "A veto counts as understood where the turn that says it has it as a hard wish (in many threads: one that lasts); held@N over those.",
    )
