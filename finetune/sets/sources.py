"""Where a task's rows are drawn from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from convrec.agent.compact.understander import Understander
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import Clock
from convrec.core.errors import InputError
from convrec.core.progress import Progress
from convrec.finetune.sets.labelled import dialogue_rows, labelled_rows
from convrec.finetune.sets.preference import preference_rows
from convrec.finetune.sets.profile import profile_rows
from convrec.finetune.sets.rows import Row, Task
from convrec.finetune.sets.turns import turn_rows
from convrec.finetune.sets.understand import VOICES, Hearing, understand_rows
from convrec.tools.encoder import TextEncoder


@dataclass(frozen=True)
class Drawn:
    """What rows are drawn from, and how many."""

    workspace: Workspace
    task: Task
    messages: int
    held: int
    contexts: float
    labels: tuple[Path, ...]
    seed: int
    clock: Clock
    progress: Progress


def drawn_rows(drawn: Drawn) -> list[Row]:
    """Returns the rows of a task, uncleaned.

    Raises:
        InputError: there is nothing to draw from.
    """
    return list(_SOURCES[drawn.task](drawn))


def hearing_of(workspace: Workspace, clock: Clock) -> Hearing:
    """Returns what is sent to a model about messages in a workspace; nothing needs to be fitted."""
    catalogue = workspace.catalogue()
    return Hearing(
        catalogue, Understander(catalogue, clock, TextEncoder.open(workspace.settings.models.encoder).untuned), clock
    )


def _understand(drawn: Drawn) -> Iterator[Row]:
    hearing, today = hearing_of(drawn.workspace, drawn.clock), drawn.clock.now().year
    for path in drawn.labels:
        yield from labelled_rows(hearing, path)
    yield from dialogue_rows(hearing)
    for voice in VOICES:
        n = drawn.messages if voice.part == "train" else drawn.held
        tell = _telling(drawn.progress, f"writing {voice.part.replace('_', ' ')}", n)
        yield from understand_rows(
            hearing, voice, n, Random(f"{drawn.seed}/{voice.part}"), today, contexts=drawn.contexts, tell=tell
        )


def _telling(progress: Progress, stage: str, n: int) -> Callable[[int], None]:
    return lambda done: progress(stage, done, n)


def _turns(drawn: Drawn) -> Iterator[Row]:
    today = drawn.clock.now().year
    for voice in VOICES:
        n = drawn.messages if voice.part == "train" else drawn.held
        tell = _telling(drawn.progress, f"talking, {voice.part.replace('_', ' ')}", n)
        yield from turn_rows(drawn.workspace, drawn.task, voice, n, Random(f"{drawn.seed}/{voice.part}"), today, tell)


def _profile(drawn: Drawn) -> Iterator[Row]:
    catalogue = drawn.workspace.catalogue()
    if not catalogue.has_interactions:
        raise InputError(
            "The workspace has no interactions, so nobody's taste can be summed up.",
            "Ingest some: convrec ingest --interactions F.",
        )
    yield from profile_rows(catalogue, drawn.messages, _telling(drawn.progress, "reading people", drawn.messages))


_SOURCES: Mapping[Task, Callable[[Drawn], Iterator[Row]]] = {
    "understand": _understand, "plan": _turns, "explain": _turns, "profile": _profile, "preference": lambda drawn: preference_rows(_turns(replace(drawn, task="explain")), drawn.seed),
}  # fmt: skip
