"""Held-out quality: what a tool finds of what it was not shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.tools.contract import Bools, Ints, Need, Query, Tool, TrainingData, top
from convrec.tools.embeddings import VectorCache
from convrec.tools.moments import END_LINES, LINE_TOKENS, TEXT_TOKENS, moments, wanted_now
from convrec.tools.training import Choices

if TYPE_CHECKING:
    from pathlib import Path

    from convrec.core.progress import Progress
    from convrec.tools.encoder import TextEncoder

HISTORY, DIALOGUE = "history", "dialogue"
"""The tasks that a fusion is taught on: people's latest choices, and what recommenders named."""

REVISION = 3
"""Rises when other cases are held out: what was measured on the former ones is measured again."""

USERS = 1000
"""How many users' latest choices are held out at most."""

FOLDS = 4
"""Into how many parts dialogues are dealt, each held out once."""

ITEMS = 200
"""How many items are looked for by their title, and by a sentence of theirs, at most."""

_MOMENTS = 6000
_LATEST = 20  # held-out choices of a user at most
_SHARE = 5  # one choice in so many is held out
_FEWEST = 5  # cases below which a share says nothing
_KEPT = 200  # ranked rows looked at for a tool's own quality
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Case:
    """A query, the rows that should be found, those that are known already and so are not ranked, and whose case it is."""

    query: Query
    targets: tuple[int, ...]
    known: tuple[int, ...] = ()
    group: str = ""


@dataclass(frozen=True)
class Task:
    """Cases of one kind; `name` begins the names of the metrics: `history`, `dialogue`, `known-title`, `known-sentence`."""

    name: str
    cases: tuple[Case, ...]


@dataclass(frozen=True)
class Fold:
    """Cases of a task, and what tools are fitted on to be measured on them: all but what of `hidden` kinds of events the cases hold."""

    task: str
    cases: tuple[Case, ...]
    data: TrainingData
    hidden: frozenset[Need] = frozenset()

    def sees(self, kind: type[Tool]) -> bool:
        """Returns whether a tool of that class, fitted on everything, would have seen the answers."""
        return bool(self.hidden & kind.needs)


def latest_choices(chosen: Choices) -> tuple[Task, Choices]:
    """Returns the task to find users' latest choices from those before, and all other choices.

    Of every user with three choices or more the latest is held out, of users with many the latest fifth, at most twenty.
    """
    events = chosen.events
    counts = np.bincount(events.user, minlength=chosen.n_users)
    able = np.flatnonzero(counts >= 3)
    users = able[np.linspace(0, len(able) - 1, min(USERS, len(able))).astype(np.int64)] if len(able) else able
    ends = np.searchsorted(events.user, users, side="right")
    starts = np.searchsorted(events.user, users, side="left")
    cases: list[Case] = []
    held: set[tuple[int, int]] = set()
    for user, start, end in zip(users.tolist(), starts.tolist(), ends.tolist(), strict=True):
        cut = end - min(_LATEST, max(1, (end - start) // _SHARE))
        before = dict.fromkeys(events.row[start:cut].tolist())
        targets = tuple(dict.fromkeys(events.row[cut:end].tolist()))
        held.update((user, row) for row in targets)
        history = tuple((int(row), 1.0) for row in before if row not in targets)
        cases.append(Case(Query(history=history), targets, tuple(row for row, _ in history), f"user {user}"))
    # An item that a user chose twice is out of that user's training part altogether.
    kept = np.array(
        [pair not in held for pair in zip(events.user.tolist(), events.row.tolist(), strict=True)], np.bool_
    )
    return Task(HISTORY, tuple(cases)), replace(chosen, events=events[kept])


def dialogue_folds(catalogue: Catalogue, dialogues: Sequence[Dialogue]) -> Iterator[tuple[Task, tuple[Dialogue, ...]]]:
    """Yields, for each fold, the task to find what the recommender names first from all that was said before, and the other dialogues."""
    every = [moment for moment in moments(dialogues, catalogue) if moment.role == "assistant"]
    places = np.linspace(0, len(every) - 1, min(_MOMENTS, len(every))).astype(np.int64) if every else ()
    fold_of = {dialogue.id: place % FOLDS for place, dialogue in enumerate(dialogues)}
    for fold in range(FOLDS):
        told = [every[place] for place in places if fold_of[every[place].dialogue] == fold]
        cases = tuple(
            Case(conversation(m.context, m.history), m.named, tuple(row for row, _ in m.history), m.dialogue)
            for m in told
        )
        yield Task(DIALOGUE, cases), tuple(d for d in dialogues if fold_of[d.id] != fold)


def conversation(said: str, history: tuple[tuple[int, float], ...] = ()) -> Query:
    """Returns the query that a conversation comes to."""
    return Query(text=wanted_now(said), context=said, history=history)


def known_items(catalogue: Catalogue, among: Ints | None = None) -> tuple[Task, Task]:
    """Returns the tasks to find items by their title (and year), and by a sentence from the middle of their longest text.

    The items are from all over the rows `among`, or the whole catalogue.
    """
    every = np.arange(len(catalogue)) if among is None else among
    rows = (
        every[np.unique(np.linspace(0, len(every) - 1, min(ITEMS, len(every))).astype(np.int64))]
        if len(every)
        else np.empty(0, np.int64)
    )
    year = catalogue.schema.year_field()
    texts = [field.name for field in catalogue.schema.of_type("text") if field.name not in ("title", "source_title")]
    titles, sentences = [], []
    for row in rows.tolist():
        item = catalogue.item(row)
        said = f" {item.facts[year.name]}" if year is not None and year.name in item.facts else ""
        titles.append(Case(Query(text=item.title + said), (row,)))
        parts = _SENTENCE.split(max((str(item.facts.get(name, "")) for name in texts), key=len, default=""))
        if len(parts) >= 3:
            sentences.append(Case(Query(text=parts[len(parts) // 2]), (row,)))
    return Task("known-title", tuple(titles)), Task("known-sentence", tuple(sentences))


def encoded(cases: Sequence[Case], encoder: TextEncoder, cache: Path | None, progress: Progress) -> tuple[Case, ...]:
    """Returns the cases with every text and context encoded."""
    queries, stage = [case.query for case in cases], "encoding held-out cases"
    contexts = list(dict.fromkeys(query.context for query in queries if query.context.strip()))
    lines = VectorCache(cache, encoder, LINE_TOKENS)
    whole = dict(zip(contexts, lines.contexts(contexts, progress, stage), strict=True))
    end = dict(zip(contexts, lines.contexts(contexts, most=END_LINES), strict=True))
    texts = list(dict.fromkeys(query.text for query in queries if query.text.strip() and query.context not in whole))
    alone = dict(zip(texts, VectorCache(cache, encoder, TEXT_TOKENS).vectors(texts, progress, stage), strict=True))
    made = [
        replace(q, vector=end.get(q.context, alone.get(q.text)), context_vector=whole.get(q.context)) for q in queries
    ]
    return tuple(replace(case, query=query) for case, query in zip(cases, made, strict=True))


def unknown_only(case: Case, n_items: int) -> Bools:
    """Returns `(n_items,)`, false for the items that the case already knows."""
    mask = np.ones(n_items, np.bool_)
    mask[list(case.known)] = False
    return mask


def tool_ranking(tool: Tool | None, cases: Sequence[Case], n_items: int) -> Ints:
    """Returns `(n_cases, 200)`: what the tool ranks when it is given the whole query; nothing where there is no tool."""
    ranked = np.full((len(cases), _KEPT), -1, np.int64)
    for place, case in enumerate(cases):
        scores = tool.scores(case.query) if tool is not None else None
        if scores is not None:
            rows = top(scores, unknown_only(case, n_items), _KEPT).rows
            ranked[place, : len(rows)] = rows
    return ranked


def suits(task: str, kind: type[Tool]) -> bool:
    """Returns whether a tool of that class can use what the task's queries say; one that uses nothing (popularity) suits histories."""
    can = kind.capabilities
    if task == HISTORY:
        return can.fold_in or not (can.text_query or can.context_query)
    return task == DIALOGUE or can.text_query


def quality(task: Task, ranked: Ints) -> dict[str, float]:
    """Returns recall@10, recall@50 and ndcg@10 over all items, and the number of targets; nothing for too few cases.

    Every target is a case of its own, as in the evaluation of recommendation from dialogue (Li et al. 2018).
    """
    ranks = target_ranks(task, ranked)
    if len(ranks) < _FEWEST:
        return {}
    gains = np.where(ranks < 10, 1.0 / np.log2(ranks + 2.0), 0.0)
    found = {
        "recall@10": (ranks < 10).mean(),
        "recall@50": (ranks < 50).mean(),
        "ndcg@10": gains.mean(),
        "n": len(ranks),
    }
    return {f"{task.name}/{metric}": round(float(value), 4) for metric, value in found.items()}


def target_ranks(task: Task, ranked: Ints) -> Ints:
    """Returns `(n_targets,)`: each target's place from 0, a million where it is not ranked."""
    ranks = []
    for case, rows in zip(task.cases, ranked, strict=True):
        for target in case.targets:
            found = np.flatnonzero(rows == target)
            ranks.append(int(found[0]) if len(found) else 1_000_000)
    return np.array(ranks, np.int64)
