"""Who is asked about what: splits of interactions that leave nothing of the answer in the training part.

A choice is positive feedback (`convrec.tools.feedback.positive`). Of a target its person's training part keeps no event at all, also where it
was chosen before.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.interactions import Interactions
from convrec.core.errors import InputError
from convrec.tools.contract import Bools, Floats, Ints
from convrec.tools.feedback import positive

Protocol = Literal["leave-last-out", "temporal", "strong"]

CUTOFF = 0.9
"""The share of events that comes before a temporal cut-off; each further one lies `STEP` earlier."""

STEP = 0.1
HELD_USERS = 0.1
"""The share of people that strong generalisation holds out whole."""

HELD_CHOICES = 0.2
"""The share of a held-out person's choices, their latest, that is to be found from the others (Liang et al. 2018 draw them by chance)."""

_FEWEST = 3  # choices that a person needs, so that there is something to learn from


class LeakError(InputError):
    """Something of the answer is in what was learned from."""


@dataclass(frozen=True)
class Held:
    """One person: rows that were chosen and may be learned from (`history`, latest last), all rows known of them, rows to be found.

    Rows are those of the catalogue that was split.

    What was chosen is judged by what may be known alone: a later rating would move the person's mean.
    """

    user: str
    history: tuple[int, ...]
    known: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """A split: `train` is `(n_events,)`, in the order of `Catalogue.interactions()`, true for the events that may be learned from.

    `counts` say what was set aside and why.
    """

    name: str
    train: Bools
    held: tuple[Held, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class _Events:
    """Interactions in order of time for each person (-inf where there is none), where each was brought, and which are choices."""

    ordered: Interactions
    brought: Ints
    time: Floats
    chosen: Bools

    @property
    def users(self) -> list[str]:
        return self.ordered.users

    @property
    def user(self) -> Ints:
        return self.ordered.user

    @property
    def row(self) -> Ints:
        return self.ordered.row

    def __len__(self) -> int:
        return len(self.time)


@dataclass(frozen=True)
class _Asked:
    """A person to be held out: the places of their events that may be known, and the rows to be found."""

    user: str
    known: Ints
    targets: tuple[int, ...]


def splits(catalogue: Catalogue, protocol: Protocol, *, seed: int, repeats: int = 1) -> list[Split]:
    """Returns the protocol's splits: one, or `repeats` with other cut-offs (temporal) or other people (strong generalisation).

    Raises:
        InputError: there are too few interactions, so that nobody can be held out or nothing is left to learn from; or a temporal
            split finds none with a time.
    """
    events = _events(catalogue)
    if protocol == "leave-last-out":
        found = [_leave_last_out(events)]
    elif protocol == "temporal":
        found = [_temporal(events, CUTOFF - STEP * number) for number in range(repeats)]
    else:
        found = [_strong(events, seed + number) for number in range(repeats)]
    if not any(split.held for split in found):
        raise InputError(f"Nobody can be held out ({protocol}).", f"Bring people with {_FEWEST} or more choices each.")
    for split in found:
        if not split.train.any():
            raise InputError(f"The split {split.name} leaves nothing to learn from.", "Bring more interactions.")
        check(split, catalogue.interactions())
    return found


def check(split: Split, events: Interactions) -> None:
    """Makes sure that no target of a person is among that person's training events.

    Raises:
        LeakError: some are; it says how many.
    """
    number = {name: place for place, name in enumerate(events.users)}
    kept = set(zip(events.user[split.train].tolist(), events.row[split.train].tolist(), strict=True))
    leaked = sum((number[held.user], target) in kept for held in split.held for target in held.targets)
    leaked += sum(target in (*held.known, *held.history) for held in split.held for target in held.targets)
    if leaked:
        raise LeakError(f"{leaked} targets of the split {split.name} are in its training part.", "This is a bug.")


def _events(catalogue: Catalogue) -> _Events:
    events = catalogue.interactions()
    times = np.nan_to_num(events.timestamp, nan=-np.inf)
    order = np.lexsort((np.arange(len(events)), times, events.user))
    ordered = replace(
        events,
        user=events.user[order],
        row=events.row[order],
        value=events.value[order],
        event=events.event[order],
        timestamp=events.timestamp[order],
    )
    return _Events(ordered, order, times[order], positive(ordered, np.ones(len(events), np.bool_)))


def _by_user(events: _Events) -> list[tuple[str, Ints]]:
    """Returns each person's places among the events, oldest first."""
    starts = np.searchsorted(events.user, np.arange(len(events.users) + 1))
    return [(name, np.arange(starts[n], starts[n + 1])) for n, name in enumerate(events.users)]


def _able(events: _Events) -> list[tuple[str, Ints]]:
    """Returns the people who chose enough different items, as `_by_user` does."""
    return [
        (name, places)
        for name, places in _by_user(events)
        if len(np.unique(events.row[places[events.chosen[places]]])) >= _FEWEST
    ]


def _leave_last_out(events: _Events) -> Split:
    asked, train, again = [], np.ones(len(events), np.bool_), 0
    able = _able(events)
    for name, places in able:
        liked = places[events.chosen[places]]
        target = int(events.row[liked[-1]])
        again += int((events.row[liked] == target).sum() > 1)
        train[places[(events.row[places] == target) | (places > liked[-1])]] = False
        asked.append(_Asked(name, places[train[places]], (target,)))
    few = len(events.users) - len(able)
    return _whole(
        "leave-last-out", events, train, asked, {"people with too few choices": few, "targets chosen before": again}
    )


def _temporal(events: _Events, share: float) -> Split:
    timed = np.isfinite(events.time)
    if not timed.any():
        raise InputError("No interaction has a time, so there is nothing to split by.", "Use leave-last-out or strong.")
    cutoff = float(np.quantile(events.time[timed], share))
    train, asked = timed & (events.time < cutoff), []
    for name, places in _by_user(events):
        later = places[events.chosen[places] & (events.time[places] >= cutoff)]
        earlier = set(
            events.row[places[events.time[places] < cutoff]].tolist()
        )  # perhaps earlier, where there is no time
        targets = tuple(row for row in dict.fromkeys(events.row[later].tolist()) if row not in earlier)
        if targets:
            asked.append(_Asked(name, places[train[places]], targets))
    return _whole(f"temporal {share:.1f}", events, train, asked, {"without a time": int((~timed).sum())})


def _strong(events: _Events, seed: int) -> Split:
    train, asked = np.ones(len(events), np.bool_), []
    able = _able(events)
    drawn = random.Random(f"strong/{seed}").sample(able, max(1, round(len(able) * HELD_USERS))) if able else []
    for name, places in sorted(drawn, key=lambda each: each[0]):
        liked = places[events.chosen[places]]
        rows = list(dict.fromkeys(events.row[liked].tolist()))
        targets = tuple(rows[-max(1, round(len(rows) * HELD_CHOICES)) :])
        first = liked[np.isin(events.row[liked], targets)][0]
        train[places] = False
        asked.append(_Asked(name, places[(places < first) & ~np.isin(events.row[places], targets)], targets))
    few = {"people with too few choices": len(events.users) - len(able), "people that could be held out": len(able)}
    return _whole(f"strong {seed}", events, train, asked, few)


def _whole(name: str, events: _Events, train: Bools, asked: list[_Asked], counts: dict[str, int]) -> Split:
    kept = train.copy()
    for each in asked:
        kept[each.known] = True
    chosen = positive(events.ordered, kept)
    held = tuple(_held(events, each, chosen) for each in asked)
    as_brought = np.zeros(len(events), np.bool_)
    as_brought[events.brought] = train
    return Split(name, as_brought, held, counts | {"people": len(held), "training events": int(train.sum())})


def _held(events: _Events, asked: _Asked, chosen: Bools) -> Held:
    known = _latest_last(events.row[asked.known])
    return Held(asked.user, _latest_last(events.row[asked.known[chosen[asked.known]]]), known, asked.targets)


def _latest_last(rows: Ints) -> tuple[int, ...]:
    """Returns each row once, in the order in which they last came."""
    return tuple(dict.fromkeys(rows[::-1].tolist()))[::-1]
