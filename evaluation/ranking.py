"""Rankings against targets: cases, and the figures of everything that ranked them."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from convrec.core.metrics import ranking as per_case
from convrec.core.metrics.bootstrap import Ratio, mean
from convrec.evaluation.result import Scored

Rankings = list[list[str]]


@dataclass(frozen=True)
class RankingCase:
    """What should be found (`targets`, item ids), of whom (`group` is drawn whole for intervals).

    `known` are ids that are never ranked, `liked` those that the person chose before. `slices` names the parts of the table in which the case's targets count: target → names.
    """

    id: str
    group: str
    targets: tuple[str, ...]
    known: frozenset[str] = frozenset()
    liked: tuple[str, ...] = ()
    slices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def per_person(cases: Sequence[RankingCase], rankings: Rankings, cuts: Sequence[int]) -> Scored:
    """Returns HR, recall, NDCG, MRR and MAP at each cut, each the mean over cases. Lists come with their ties resolved."""
    measures = {
        "hr": per_case.hit_rate,
        "recall": per_case.recall,
        "ndcg": per_case.ndcg,
        "mrr": per_case.reciprocal_rank,
        "map": per_case.average_precision,
    }
    return Scored(
        {
            f"{name}@{cut}": mean(
                [measure(ranked, case.targets, cut) for case, ranked in zip(cases, rankings, strict=True)]
            )
            for name, measure in measures.items()
            for cut in cuts
        }
    )


def per_target(cases: Sequence[RankingCase], rankings: Rankings, cuts: Sequence[int]) -> Scored:
    """Returns recall, NDCG and MRR at each cut where every target is a case of its own, as in recommendation from dialogue."""
    ranks = [
        [per_case.rank_of(ranked, target) for target in case.targets]
        for case, ranked in zip(cases, rankings, strict=True)
    ]
    gains: dict[str, Callable[[int], float]] = {
        "recall": lambda rank: 1.0, "ndcg": lambda rank: 1.0 / math.log2(rank + 1), "mrr": lambda rank: 1.0 / rank,
    }  # fmt: skip
    return Scored(
        {
            f"{name}@{cut}": Ratio.of(
                [(sum(gain(r) for r in each if r is not None and r <= cut), len(each)) for each in ranks]
            )
            for cut in cuts
            for name, gain in gains.items()
        }
    )


def slice_names(cases: Sequence[RankingCase]) -> list[str]:
    """Returns the names of all slices, in alphabetical order."""
    return sorted({name for case in cases for names in case.slices.values() for name in names})


def within(cases: Sequence[RankingCase], name: str) -> tuple[list[int], list[RankingCase]]:
    """Returns the places of the cases that have a target in the slice, and those cases with these targets alone."""
    kept = []
    for place, case in enumerate(cases):
        targets = tuple(target for target in case.targets if name in case.slices.get(target, ()))
        if targets:
            kept.append((place, replace(case, targets=targets)))
    return [place for place, _ in kept], [case for _, case in kept]


def oracle(case: RankingCase, depth: int) -> list[str]:
    """Returns the targets first: no ranking is better."""
    return list(case.targets)[:depth]


def at_random(case: RankingCase, items: Sequence[str], depth: int, seed: int) -> list[str]:
    """Returns items that the case does not know, in an order drawn from the seed and the case's id."""
    rng = random.Random(f"{seed}/{case.id}")
    drawn = rng.sample(items, min(len(items), depth + len(case.known)))
    return [item for item in drawn if item not in case.known][:depth]


def shuffled(cases: Sequence[RankingCase], seed: int) -> list[RankingCase]:
    """Returns the cases with other groups' targets, drawn from the seed: whatever a system still gains there, it gains from no person.

    Groups stand one after the other in a drawn order, and targets move on by the size of the largest; where that one has more than
    half of the cases, some of its own come back to it.
    """
    sizes = Counter(case.group for case in cases)
    drawn = sorted(sizes)
    random.Random(f"{seed}/shuffled").shuffle(drawn)
    rank = {group: place for place, group in enumerate(drawn)}
    order = sorted(range(len(cases)), key=lambda place: rank[cases[place].group])
    step = max(sizes.values(), default=0)
    given = {place: cases[order[(n + step) % len(order)]].targets for n, place in enumerate(order)}
    return [replace(case, targets=given[place], slices={}) for place, case in enumerate(cases)]


def predictions(cases: Sequence[RankingCase], rankings: Rankings) -> list[dict[str, object]]:
    """Returns a row a case: `{"id", "targets", "ranked"}`, from which anyone can compute the figures again."""
    return [
        {"id": case.id, "targets": list(case.targets), "ranked": ranked}
        for case, ranked in zip(cases, rankings, strict=True)
    ]


def worst(
    cases: Sequence[RankingCase], system: str, answered: Mapping[str, Rankings], titles: Mapping[str, str], *, n: int = 20,
    said: Mapping[str, str] | None = None,
) -> list[dict[str, object]]:  # fmt: skip
    """Returns the `n` cases that a system ranked worst, with titles to read.

    Among equally bad ones come first those in which another system did best, since there something could have been known; then by id.
    """

    def reached(name: str, place: int) -> float:
        ranks = [per_case.rank_of(answered[name][place], target) for target in cases[place].targets]
        return sum(1.0 / rank for rank in ranks if rank is not None) / len(ranks)

    def best_other(place: int) -> tuple[float, str]:
        return max(((reached(name, place), name) for name in answered if name != system), default=(0.0, ""))

    def named(ids: Iterable[str]) -> list[str]:
        return [f"{titles.get(item, '?')} ({item})" for item in ids]

    chosen = sorted(
        range(len(cases)), key=lambda place: (reached(system, place), -best_other(place)[0], cases[place].id)
    )
    return [
        {
            "id": cases[place].id,
            "targets": named(cases[place].targets[:10]),
            "ranked": named(answered[system][place][:10]),
            "done better by": best_other(place)[1] if best_other(place)[0] > reached(system, place) else None,
            **({"said": said[cases[place].id]} if said else {"liked, latest last": named(cases[place].liked[-10:])}),
        }
        for place in chosen[:n]
    ]
