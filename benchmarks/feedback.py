"""Measures what a like and a dislike do to the next slate: three ways of taking feedback in without a refit, side by side.

python benchmarks/feedback.py --data $CONVREC_DATA --work DIR       # MovieLens latest-small; DIR keeps the workspace and vectors

Protocol. People are divided at random: 60 % are learned from, 20 % choose the strength of each way, 20 % are reported. Of a person who is
not learned from, the first half of the ratings by time is known (their likes are the history). The slate is the 100 best unknown
films by EASE; a random half of what the person rated of it in the second half is the feedback (were it all of it, no target could be
left near the head of the list). All other films of the second half are held out.
A like is a rating of at least 4, a dislike one of at most 2.5. People without a dislike among the feedback, or without a like
held out, are left out. The strength chosen is the one with fewest held-out dislikes among the first 20 whose NDCG@10 stays within
2 % of that without the dislikes. The next list excludes what is known and the feedback, and is judged by

    ndcg@10        of the held-out likes
    disliked@20    held-out dislikes among the first 20: fewer is better
    order          share of pairs of a held-out like and dislike in the right order

Each way is given with its difference from EASE over history and likes, the dislikes ignored: 95 % intervals by bootstrap of people.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np

from convrec.catalogue.workspace import Workspace
from convrec.core.metrics.bootstrap import Resampling, mean
from convrec.core.metrics.ranking import found, ndcg
from convrec.core.progress import silent
from convrec.evaluation.corpora import movielens
from convrec.tools.als import Als
from convrec.tools.contract import Floats, Query, Tool, TrainingData, Vectors
from convrec.tools.critiquing import few_shot
from convrec.tools.ease import Ease
from convrec.tools.embeddings import VectorCache
from convrec.tools.encoder import TextEncoder
from convrec.tools.item_knn import ItemKnn
from convrec.tools.training import choices, training_data

LIKED, DISLIKED, SLATE = 4.0, 2.5, 100
IGNORED = "history and likes only"
Strengths = tuple[float, ...]
History = tuple[tuple[int, float], ...]
Case = tuple[str, dict[str, float]]  # who, and the metrics


@dataclass(frozen=True)
class Person:
    """One person's history, the feedback on a slate, and what is held out; all rows."""

    history: tuple[tuple[int, float], ...]
    known: tuple[int, ...]
    liked: tuple[int, ...]
    rejected: tuple[int, ...]
    neutral: tuple[int, ...]
    likes: tuple[int, ...]
    dislikes: tuple[int, ...]


class House:
    """The fitted tools and unit vectors of items."""

    def __init__(self, tools: dict[str, Tool], cards: Vectors, factors: Vectors) -> None:
        self.tools, self.spaces = tools, {"cards": cards, "factors": factors}
        self.n = len(cards)

    def scores(self, tool: str, history: Sequence[tuple[int, float]]) -> Floats:
        """Returns `(n_items,)`, brought to mean 0 and spread 1; what the tool does not know stands last."""
        raw = self.tools[tool].scores(Query(history=tuple(history)))
        if raw is None:
            return np.zeros(self.n)
        known = raw[~np.isnan(raw)]
        return (np.nan_to_num(raw, nan=float(known.min())) - known.mean()) / (known.std() or 1.0)


def rocchio(wanted: Vectors, liked: Vectors, rejected: Vectors, pull: float = 0.75, push: float = 0.25) -> Vectors:
    """Returns the `(width,)` unit direction moved towards the mean of the liked and away from the mean of the rejected.

    `wanted` is `(width,)`, the others `(m, width)` (Rocchio 1971, in Manning, Raghavan & Schütze 2008, eq. 9.3). Zeros where
    nothing is left.
    """
    moved = wanted.astype(np.float64)
    for marked, amount in ((liked, pull), (rejected, -push)):
        if len(marked):
            moved = moved + amount * marked.astype(np.float64).mean(axis=0)
    length = float(np.linalg.norm(moved))
    unit: Vectors = (moved / length if length > 0 else moved).astype(np.float32)
    return unit


def folded(
    history: History, liked: Sequence[int], rejected: Sequence[int], pull: float = 1.0, push: float = 0.5
) -> History:
    """Returns the history with the feedback folded in as further entries: weight `pull` for the liked, `-push` for the rejected.

    Linear tools and factors take such a history as it is. What was said of an item last counts.
    """
    weights = dict(history) | dict.fromkeys(liked, pull) | dict.fromkeys(rejected, -push)
    return tuple((row, weight) for row, weight in weights.items() if weight)


def ignored(house: House, person: Person, strengths: Strengths) -> Floats:
    """EASE over history and likes; dislikes are not looked at."""
    del strengths
    return house.scores("ease", folded(person.history, person.liked, (), 1.0, 0.0))


def fold_in(tool: str) -> Callable[[House, Person, Strengths], Floats]:
    """Returns a tool's fold-in, dislikes at negative weight."""
    return lambda house, person, s: house.scores(
        tool, folded(person.history, person.liked, person.rejected, s[0], s[1])
    )


def neighbours(space: str) -> Callable[[House, Person, Strengths], Floats]:
    """Returns EASE over history and likes, moved by nearness to the liked and the rejected."""

    def way(house: House, person: Person, strengths: Strengths) -> Floats:
        vectors = house.spaces[space]
        parts = few_shot(vectors, vectors[list(person.liked)], vectors[list(person.rejected)], *strengths)
        return ignored(house, person, ()) + sum(parts.values(), np.zeros(house.n))

    return way


def neighbours_by_people(house: House, person: Person, strengths: Strengths) -> Floats:
    """EASE over history and likes, less item-kNN's scores of the rejected alone."""
    pushed = house.scores("item_knn", [(row, 1.0) for row in person.rejected]) if person.rejected else 0.0
    return ignored(house, person, ()) - strengths[0] * np.maximum(pushed, 0.0)


def direction(space: str) -> Callable[[House, Person, Strengths], Floats]:
    """Returns EASE over history and likes, plus the product with Rocchio's direction in a space of vectors."""

    def way(house: House, person: Person, strengths: Strengths) -> Floats:
        vectors = house.spaces[space]
        taste = vectors[[row for row, _ in person.history]].mean(axis=0)
        moved = rocchio(taste, vectors[list(person.liked)], vectors[list(person.rejected)], 0.75, strengths[1])
        return ignored(house, person, ()) + strengths[0] * (vectors @ moved).astype(np.float64)

    return way


WAYS: dict[str, tuple[Callable[[House, Person, Strengths], Floats], tuple[Strengths, ...]]] = {
    IGNORED: (ignored, ((),)),
    "few-shot, cards": (neighbours("cards"), tuple(product((0.0, 0.5, 2.0), (0.5, 1.0, 2.0, 4.0)))),
    "few-shot, factors": (neighbours("factors"), tuple(product((0.0, 0.5, 2.0), (0.5, 1.0, 2.0, 4.0)))),
    "few-shot, item_knn": (neighbours_by_people, ((0.05,), (0.1,), (0.2,), (0.5,))),
    "Rocchio, cards": (direction("cards"), tuple(product((0.5, 1.0, 2.0), (0.25, 0.5, 1.0)))),
    "Rocchio, factors": (direction("factors"), tuple(product((0.5, 1.0, 2.0), (0.25, 0.5, 1.0)))),
    "fold-in, EASE": (fold_in("ease"), tuple(product((1.0, 2.0), (0.1, 0.25, 0.5, 1.0)))),
    "fold-in, ALS": (fold_in("als"), tuple(product((1.0, 2.0), (0.25, 0.5, 1.0)))),
}


def main() -> None:
    """Prints one JSON document."""
    options = _options()
    root = options.work / "movielens"
    workspace = Workspace.open(root) if root.exists() else movielens(root, options.data, silent)
    cases: dict[str, list[Case]] = {name: [] for name in WAYS}
    for seed in range(options.seeds):
        for name, measured in _one_seed(workspace, options.work, seed).items():
            cases[name].extend(measured)
    json.dump({"seeds": options.seeds, "cases": len(cases[IGNORED]), "ways": _report(cases)}, sys.stdout, indent=1)
    print()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compares ways of taking in likes and dislikes.")
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds movielens-latest-small")
    parser.add_argument("--work", type=Path, required=True, help="a folder for the workspace and the vectors")
    parser.add_argument("--seeds", type=int, default=5, help="how many divisions of people are pooled")
    return parser.parse_args()


def _one_seed(workspace: Workspace, work: Path, seed: int) -> dict[str, list[Case]]:
    """Returns each way's cases for one division of people, its strength chosen on people apart."""
    events = workspace.catalogue().interactions()
    part = np.random.default_rng(seed).permutation(len(events.users)) / len(events.users)
    house = _fitted(workspace, work, part < 0.6, seed)
    tuned = list(_people(house, workspace, np.flatnonzero((part >= 0.6) & (part < 0.8))))
    reported = list(_people(house, workspace, np.flatnonzero(part >= 0.8)))
    ids, found_by = workspace.catalogue().ids, {}
    floor = 0.98 * _mean([_judged(ignored(house, person, ()), person, ids) for _, person in tuned], "ndcg@10")
    for name, (way, grid) in WAYS.items():
        tried = {s: [_judged(way(house, person, s), person, ids) for _, person in tuned] for s in grid}
        able = [s for s in grid if _mean(tried[s], "ndcg@10") >= floor] or [
            max(grid, key=lambda s: _mean(tried[s], "ndcg@10"))
        ]
        best = min(able, key=lambda s: _mean(tried[s], "disliked@20"))
        print(f"seed {seed}: {name} {best}", file=sys.stderr)
        found_by[name] = [(user, _judged(way(house, person, best), person, ids)) for user, person in reported]
    return found_by


def _fitted(workspace: Workspace, work: Path, learned: np.ndarray, seed: int) -> House:
    catalogue = workspace.catalogue()
    chosen = choices(catalogue)
    chosen = replace(chosen, events=chosen.events[learned[chosen.events.user]])
    data = training_data(catalogue, chosen, (), seed=seed)
    tools: dict[str, Tool] = {tool.name: tool for tool in (Ease(), Als(), ItemKnn())}
    for tool in tools.values():
        tool.fit(data)
    cards = VectorCache(work / "cards", TextEncoder.open(), 64).vectors(
        [catalogue.card(row) for row in range(len(catalogue))]
    )
    return House(tools, cards, _factors(data, seed))


def _factors(data: TrainingData, seed: int) -> Vectors:
    """Returns unit vectors of items from the choices, `(n_items, 32)`: singular vectors, zeros for what nobody chose."""
    from scipy.sparse.linalg import svds

    _, strength, right = svds(data.user_items.astype(np.float64), k=32, rng=seed)
    factors = right.T * strength
    return (factors / np.maximum(np.linalg.norm(factors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _people(house: House, workspace: Workspace, users: np.ndarray) -> Iterator[tuple[str, Person]]:
    """Yields the users for whom there is feedback with a dislike, and a like held out."""
    events = workspace.catalogue().interactions()
    for user in users.tolist():
        mine = np.flatnonzero(events.user == user)
        mine = mine[np.argsort(events.timestamp[mine], kind="stable")]
        first, second = mine[: len(mine) // 2], mine[len(mine) // 2 :]
        history = tuple((int(row), 1.0) for row in events.row[first[events.value[first] >= LIKED]])
        if not history:
            continue
        scores = house.scores("ease", history)
        scores[events.row[first]] = -np.inf
        slate = np.argsort(-scores, kind="stable")[:SLATE]
        seen = np.isin(events.row[second], slate) & (np.random.default_rng(user).random(len(second)) < 0.5)
        like, dislike = events.value[second] >= LIKED, events.value[second] <= DISLIKED
        rows = events.row[second]
        person = Person(
            history, tuple(events.row[first].tolist()), *(tuple(rows[kept].tolist()) for kept in (seen & like, seen & dislike)),
            neutral=tuple(rows[seen & ~like & ~dislike].tolist()),
            likes=tuple(rows[~seen & like].tolist()), dislikes=tuple(rows[~seen & dislike].tolist()),
        )  # fmt: skip
        if person.rejected and person.likes:
            yield events.users[user], person


def _judged(scores: Floats, person: Person, ids: Sequence[str]) -> dict[str, float]:
    """Returns the metrics of one list."""
    scores = scores.copy()
    like, dislike = scores[list(person.likes)], scores[list(person.dislikes)]
    pairs = (like[:, None] > dislike).mean() if len(dislike) else float("nan")
    scores[[*person.known, *person.liked, *person.rejected, *person.neutral]] = -np.inf
    best = [ids[row] for row in np.argsort(-scores, kind="stable")[:20]]
    named = [{ids[row] for row in rows} for rows in (person.likes, person.dislikes)]
    return {
        "ndcg@10": ndcg(best, named[0], 10),
        "disliked@20": found(best, named[1], 20) if named[1] else 0.0,
        "order": float(pairs),
    }


def _mean(cases: Sequence[dict[str, float]], metric: str) -> float:
    return float(np.nanmean([case[metric] for case in cases]))


def _report(cases: dict[str, list[Case]]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Returns each way's metrics and gains over ignoring the dislikes; a person drawn in several seeds is one group."""
    report: dict[str, dict[str, dict[str, float | None]]] = {name: {} for name in cases}
    for metric in ("ndcg@10", "disliked@20", "order"):
        there = [place for place, (_, case) in enumerate(cases[IGNORED]) if not np.isnan(case[metric])]
        resampling = Resampling([cases[IGNORED][place][0] for place in there])
        without = mean([cases[IGNORED][place][1][metric] for place in there])
        for name, measured in cases.items():
            ratio = mean([measured[place][1][metric] for place in there])
            gain = resampling.gain(ratio, without)
            report[name][metric] = {
                "value": round(ratio.value, 4),
                "gain": gain.value,
                "low": gain.low,
                "high": gain.high,
            }
    return report


if __name__ == "__main__":
    main()
