"""Held-out quality: what a tool finds of what it was not shown."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.dialogues import Dialogue
from convrec.tools.contract import Bools, Ints, Query, Tool, top
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import moments, recent, wanted_now
from convrec.tools.signals import Signal
from convrec.tools.training import Choices, drawn

USERS = 500
"""How many users' last choices are held out at most."""

DIALOGUES = 0.1
"""The share of dialogues that is held out."""

ITEMS = 200
"""How many items are looked for by their title, and by a sentence of theirs, at most."""

_MOMENTS = 1000
_FEWEST = 5  # cases below which a share says nothing
_KEPT = 200  # ranked rows kept a case, for the weights of the fusion
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True)
class Case:
    """A query, the rows that should be found, and those that are known already and so are not ranked."""

    query: Query
    targets: tuple[int, ...]
    known: tuple[int, ...] = ()


@dataclass(frozen=True)
class Task:
    """Cases of one kind; `name` begins the names of the metrics: `leave-last-out`, `dialogue`, `known-title`, `known-sentence`."""

    name: str
    cases: tuple[Case, ...]


def last_choices(chosen: Choices) -> tuple[Task, Choices]:
    """Returns the task to find users' last choices from those before, and all other choices. Users with three or more take part."""
    events = chosen.events
    counts = np.bincount(events.user, minlength=chosen.n_users)
    able = np.flatnonzero(counts >= 3)
    users = able[np.linspace(0, len(able) - 1, min(USERS, len(able))).astype(np.int64)] if len(able) else able
    ends = np.searchsorted(events.user, users, side="right")
    starts = np.searchsorted(events.user, users, side="left")
    cases = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        before, last = events.row[start : end - 1], int(events.row[end - 1])
        history = tuple((int(row), 1.0) for row in dict.fromkeys(before.tolist()) if row != last)
        cases.append(Case(Query(history=history), (last,), tuple(row for row, _ in history)))
    kept = np.ones(len(events.user), np.bool_)
    kept[ends - 1] = False
    # An item that a user chose twice is out of that user's training part altogether.
    held = {(int(u), int(r)) for u, r in zip(users, events.row[ends - 1], strict=True)}
    kept &= np.array(
        [(u, r) not in held for u, r in zip(events.user.tolist(), events.row.tolist(), strict=True)], np.bool_
    )
    return Task("leave-last-out", tuple(cases)), replace(chosen, events=events[kept])


def dialogue_turns(catalogue: Catalogue, dialogues: Sequence[Dialogue]) -> tuple[Task, tuple[Dialogue, ...]]:
    """Returns the task to find what is first named by the recommender from all that was said before, and the other dialogues."""
    held = [dialogue for dialogue in dialogues if drawn(dialogue.id, DIALOGUES)]
    row_of = {item_id: row for row, item_id in enumerate(catalogue.ids)}
    told = [m for m in moments(held, row_of) if m.role == "assistant" and m.context.strip()][:_MOMENTS]
    cases = tuple(Case(conversation(m.context, m.history), m.named, tuple(row for row, _ in m.history)) for m in told)
    return Task("dialogue", cases), tuple(dialogue for dialogue in dialogues if not drawn(dialogue.id, DIALOGUES))


def conversation(said: str, history: tuple[tuple[int, float], ...] = ()) -> Query:
    """Returns the query that a conversation comes to."""
    return Query(text=wanted_now(said), context=said, history=history)


def known_items(catalogue: Catalogue) -> tuple[Task, Task]:
    """Returns the tasks to find items by their title (and year), and by a sentence from the middle of their longest text."""
    rows = (
        np.unique(np.linspace(0, len(catalogue) - 1, min(ITEMS, len(catalogue))).astype(np.int64))
        if len(catalogue)
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


def encoded(task: Task, encoder: TextEncoder, context_tokens: int) -> Task:
    """Returns the task with every text and context encoded at once."""
    queries = [case.query for case in task.cases]
    texts = dict.fromkeys(query.text for query in queries if query.text.strip())
    contexts = dict.fromkeys(recent(query.context) for query in queries if query.context.strip())
    text_of = dict(zip(texts, encoder.encode(list(texts)), strict=True)) if texts else {}
    context_of = dict(zip(contexts, encoder.encode(list(contexts), context_tokens), strict=True)) if contexts else {}
    made = [replace(q, vector=text_of.get(q.text), context_vector=context_of.get(recent(q.context))) for q in queries]
    return Task(task.name, tuple(replace(case, query=query) for case, query in zip(task.cases, made, strict=True)))


def rankings(tool: Tool, signal: Signal, task: Task, n_items: int) -> Ints:
    """Returns `(n_cases, 200)`: what the signal ranks in each case, -1 where there is no more."""
    ranked = np.full((len(task.cases), _KEPT), -1, np.int64)
    for place, case in enumerate(task.cases):
        query = signal.query(replace(case.query, mask=unknown_only(case, n_items), k=_KEPT))
        if query is not None:
            rows = tool.retrieve(query).rows
            ranked[place, : len(rows)] = rows
    return ranked


def unknown_only(case: Case, n_items: int) -> Bools:
    """Returns `(n_items,)`, false for the items that the case already knows."""
    mask = np.ones(n_items, np.bool_)
    mask[list(case.known)] = False
    return mask


def tool_ranking(tool: Tool, task: Task, n_items: int) -> Ints:
    """Returns `(n_cases, 200)`: what the tool ranks when it is given the whole query."""
    ranked = np.full((len(task.cases), _KEPT), -1, np.int64)
    for place, case in enumerate(task.cases):
        scores = tool.scores(case.query)
        if scores is not None:
            rows = top(scores, unknown_only(case, n_items), _KEPT).rows
            ranked[place, : len(rows)] = rows
    return ranked


def suits(task: Task, kind: type[Tool]) -> bool:
    """Returns whether a tool of that class can use what the task's queries say; one that uses nothing (popularity) suits histories."""
    can = kind.capabilities
    if task.name == "leave-last-out":
        return can.fold_in or not (can.text_query or can.context_query)
    return task.name == "dialogue" or can.text_query


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
