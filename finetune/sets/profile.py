"""Rows of the task `profile`: what people did, and the values by which what they did next is ranked well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from convrec.agent.llm.catalogue_lines import field_lines
from convrec.agent.llm.documents import as_json
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.interactions import Interactions
from convrec.catalogue.schema import VALUED
from convrec.finetune.sets.labelled import hashed_group, part_of
from convrec.finetune.sets.rows import Row, chat, dumped
from convrec.prompts.rendering import prompt

_EVENTS = (8, 40)  # of a person: fewer say too little, more are too long for a prompt
_LATER = 0.2  # share of a person's events, the latest, that the summary has to rank
_TASTES = 6
_LEAST_LIFT = 1.5
_LEAST_AUC = 0.6  # of the later items among all others, below which a summary teaches nothing
_DISLIKED = frozenset({"dislike", "skip"})
Key = tuple[str, str]


def profile_rows(catalogue: Catalogue, most: int, tell: Callable[[int], object] = lambda _: None) -> Iterator[Row]:
    """Yields a row for each person whose earlier events say something of the later ones, at most so many."""
    events = catalogue.interactions()
    schema = catalogue.schema
    system = prompt("profile", "system", nouns=schema.nouns, fields=field_lines(catalogue))
    shares = _shares(catalogue)
    n = 0
    for user in events.users:
        if n >= most:
            return
        found = _row(catalogue, events.of_user(user), user, system, shares)
        if found is not None:
            n += 1
            tell(n)
            yield found


def _row(catalogue: Catalogue, events: Interactions, user: str, system: str, shares: Mapping[Key, float]) -> Row | None:
    if len(events) < _EVENTS[0]:
        return None
    liked = _liked(events)
    earlier, later = parted(events)
    tastes = _tastes(catalogue, [(int(events.row[place]), bool(liked[place])) for place in earlier], shares)
    if not tastes or not later or _auc(catalogue, tastes, {int(events.row[place]) for place in later}) < _LEAST_AUC:
        return None
    shown = [_event(catalogue, int(events.row[place]), bool(liked[place])) for place in earlier]
    answer = {"tastes": [{"field": name, "value": value, "weight": weight} for (name, value), weight in tastes]}
    time = float(np.nanmax(events.timestamp)) if not np.isnan(events.timestamp).all() else 0.0
    return Row(
        id=f"profile-{hashed_group(user)}", task="profile", part=part_of(user), source="interactions", synthetic=False, group=hashed_group(user), user=user, time=f"{time:.0f}",
        kind=tastes[0][0][0], message=" / ".join(one["title"] for one in shown), messages=chat([("system", system), ("user", as_json({"events": shown}))]), answer=dumped(answer),
    )  # fmt: skip


def parted(events: Interactions) -> tuple[list[int], list[int]]:
    """Returns the places of a person's earlier events, which are summed up, and of the later ones that were liked, which are to be ranked."""
    order = np.argsort(np.nan_to_num(events.timestamp, nan=0.0), kind="stable")[-_EVENTS[1] :]
    cut, liked = max(round(len(order) * (1 - _LATER)), 1), _liked(events)
    return [int(place) for place in order[:cut]], [int(place) for place in order[cut:] if liked[place]]


def ranked_by(catalogue: Catalogue, tastes: Iterable[tuple[Key, int]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Returns each item's score `(n_items,)` by tastes alone: the weights of those of its values that they name."""
    scores = np.zeros(len(catalogue))
    for (name, value), weight in tastes:
        scores[catalogue.values(name).rows(value)] += weight
    return scores


def _liked(events: Interactions) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Returns which events say that the item was liked: no dislike, and no rating below the person's mean."""
    values = events.value
    known = values[~np.isnan(values)]
    mean = float(known.mean()) if len(known) else 0.0
    low = ~np.isnan(values) & (values < mean)
    return ~low & ~np.isin(events.event, list(_DISLIKED))


def _event(catalogue: Catalogue, row: int, liked: bool) -> dict[str, Any]:
    facts = catalogue.item(row).facts
    kept = {
        field.name: facts[field.name] for field in catalogue.schema.of_type(*VALUED, "number") if field.name in facts
    }
    kept = {name: value[:4] if isinstance(value, list) else value for name, value in kept.items()}
    return {"did": "liked" if liked else "disliked", "title": catalogue.titles[row], **kept}


def _shares(catalogue: Catalogue) -> dict[Key, float]:
    """Returns the share of the catalogue's items that carry each value."""
    found: dict[Key, float] = {}
    for field in catalogue.schema.valued:
        index = catalogue.values(field.name)
        found |= {
            (field.name, value): int(count) / len(catalogue)
            for value, count in zip(index.values, index.counts, strict=True)
            if count > 1
        }
    return found


def _tastes(
    catalogue: Catalogue, events: Sequence[tuple[int, bool]], shares: Mapping[Key, float]
) -> list[tuple[Key, int]]:
    """Returns the values that a person comes back to most beyond what the catalogue would give, with weights."""
    liked, disliked = Counter[Key](), Counter[Key]()
    n_liked = max(sum(good for _, good in events), 1)
    for row, good in events:
        for field in catalogue.schema.valued:
            for value in catalogue.values(field.name).of(row):
                (liked if good else disliked)[field.name, value] += 1
    found: list[tuple[float, Key, int]] = []
    for key, count in liked.items():
        lift = count / n_liked / shares[key] if key in shares else 0.0
        if count >= 2 and lift >= _LEAST_LIFT:
            found.append((count * float(np.log(lift)), key, 3 if lift >= 4 else 2 if lift >= 2.5 else 1))
    found += [
        (count - liked[key], key, -2)
        for key, count in disliked.items()
        if key in shares and count >= 2 and count > 2 * liked[key]
    ]
    found.sort(key=lambda one: (-one[0], one[1]))
    return [(key, weight) for _, key, weight in found[:_TASTES]]


def _auc(catalogue: Catalogue, tastes: Sequence[tuple[Key, int]], later: set[int]) -> float:
    """Returns how often a later item is ranked above one that the person did nothing with, ties counted half."""
    scores = ranked_by(catalogue, tastes)
    places = np.array(sorted(later))
    others = np.delete(scores, places)
    return float(np.mean([(others < scores[place]).mean() + (others == scores[place]).mean() / 2 for place in places]))
