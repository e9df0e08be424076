"""Who is asked about what: splits of interactions that leave nothing of the answer in the training part.

A choice is positive feedback (`convrec.tools.feedback.positive`). Of a target its person's training part keeps no event at all, also where it
was chosen before.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import numpy as np

from convrec.catalogue.catalogue import Catalogue
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
    """One person: rows that were chosen and may be learned from (`history`, latest last), all rows known of them, rows to be found."""

    user: str
    history: tuple[int, ...]
    known: tuple[int, ...]
    targets: tuple[int, ...]


@dataclass(frozen=True)
class Split:
    """A split: `train` is `(n_events,)`, true for the events that may be learned from. `counts` say what was set aside and why."""

    name: str
    train: Bools
    held: tuple[Held, ...]
    counts: dict[str, int]


@dataclass(frozen=True)
class _Events:
    """Interactions in order of time for each person, and which are choices."""

    users: list[str]
    user: Ints
    row: Ints
    time: Floats
    chosen: Bools


def splits(catalogue: Catalogue, protocol: Protocol, *, seed: int, repeats: int = 1) -> list[Split]:
    """Returns the protocol's splits: one, or `repeats` with other cut-offs (temporal) or other people (strong generalisation).

    Raises:
        InputError: there are too few interactions, or a temporal split finds none with a time.
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
        check(split, events.users, events.user, events.row)
    return found


def check(split: Split, users: list[str], user: Ints, row: Ints) -> None:
    """Makes sure that no target of a person is among that person's training events.

    Raises:
        LeakError: some are; it says how many.
    """
    number = {name: place for place, name in enumerate(users)}
    kept = set(zip(user[split.train].tolist(), row[split.train].tolist(), strict=True))
    leaked = sum((number[held.user], target) in kept for held in split.held for target in held.targets)
    leaked += sum(target in held.known for held in split.held for target in held.targets)
    if leaked:
        raise LeakError(f"{leaked} targets of the split {split.name} are in its training part.", "This is a bug.")


def _events(catalogue: Catalogue) -> _Events:
    events = catalogue.interactions()
    times = np.nan_to_num(events.timestamp, nan=-np.inf)
    order = np.lexsort((np.arange(len(events)), times, events.user))
    liked = positive(events, np.ones(len(events), np.bool_))
    return _Events(events.users, events.user[order], events.row[order], times[order], liked[order])


def _by_user(events: _Events) -> list[tuple[str, Ints]]:
    """Returns each person's places among the events, oldest first."""
    starts = np.searchsorted(events.user, np.arange(len(events.users) + 1))
    return [(name, np.arange(starts[n], starts[n + 1])) for n, name in enumerate(events.users)]


def _leave_last_out(events: _Events) -> Split:
    held, train, few, again = [], np.ones(len(events.user), np.bool_), 0, 0
    for name, places in _by_user(events):
        liked = places[events.chosen[places]]
        if len(liked) < _FEWEST:
            few += 1
            continue
        last = liked[-1]
        target = int(events.row[last])
        taken = places[(events.row[places] == target) | (places > last)]
        again += int((events.row[liked] == target).sum() > 1)
        train[taken] = False
        held.append(_held(events, name, places, train, (target,)))
    return _whole(
        "leave-last-out", events, train, held, {"people with too few choices": few, "targets chosen before": again}
    )


def _temporal(events: _Events, share: float) -> Split:
    timed = events.time[np.isfinite(events.time)]
    if not len(timed):
        raise InputError("No interaction has a time, so there is nothing to split by.", "Use leave-last-out or strong.")
    cutoff = float(np.quantile(timed, share))
    train, held = events.time < cutoff, []
    for name, places in _by_user(events):
        later = places[events.chosen[places] & ~train[places]]
        before = set(events.row[places[train[places]]].tolist())
        targets = tuple(row for row in dict.fromkeys(events.row[later].tolist()) if row not in before)
        if targets:
            held.append(_held(events, name, places, train, targets))
    return _whole(f"temporal {share:.1f}", events, train, held, {"without a time": int(len(events.time) - len(timed))})


def _strong(events: _Events, seed: int) -> Split:
    train, held = np.ones(len(events.user), np.bool_), []
    able = [(name, places) for name, places in _by_user(events) if events.chosen[places].sum() >= _FEWEST]
    drawn = random.Random(f"strong/{seed}").sample(able, max(1, round(len(able) * HELD_USERS))) if able else []
    for name, places in sorted(drawn, key=lambda each: each[0]):
        liked = list(dict.fromkeys(events.row[places[events.chosen[places]]].tolist()))
        n = max(1, round(len(liked) * HELD_CHOICES))
        targets, history = tuple(liked[-n:]), tuple(liked[:-n])
        train[places] = False
        held.append(Held(name, history, history, targets))
    return _whole(f"strong {seed}", events, train, held, {"people that could be held out": len(able)})


def _held(events: _Events, name: str, places: Ints, train: Bools, targets: tuple[int, ...]) -> Held:
    kept = places[train[places]]
    known = tuple(row for row in dict.fromkeys(events.row[kept].tolist()) if row not in targets)
    history = tuple(dict.fromkeys(events.row[kept[events.chosen[kept]]].tolist()))
    return Held(name, tuple(row for row in history if row not in targets), known, targets)


def _whole(name: str, events: _Events, train: Bools, held: list[Held], counts: dict[str, int]) -> Split:
    return Split(name, train, tuple(held), counts | {"people": len(held), "training events": int(train.sum())})
