"""From transcripts to figures: success, turns, questions, how slates kept to what was said."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from convrec.catalogue.catalogue import Catalogue
from convrec.core.metrics.bootstrap import Ratio, Resampling, mean
from convrec.evaluation.result import Metrics, Scored, figures
from convrec.evaluation.run import Answer
from convrec.evaluation.sessions.house import SessionOptions
from convrec.evaluation.sessions.session import Session, kept


def slices(sessions: Sequence[Session]) -> dict[str, list[int]]:
    """Returns the places of sessions by simulator, by how targets were drawn, and by both."""
    found: dict[str, list[int]] = {}
    for place, session in enumerate(sessions):
        for name in (
            session.simulator.name,
            f"targets {session.sampling}",
            f"{session.simulator.name}, targets {session.sampling}",
        ):
            found.setdefault(name, []).append(place)
    return found


def scored(answers: Sequence[Answer], catalogue: Catalogue, patience: int) -> Scored:
    """Returns success by turn, turns (a miss counts one more than patience), questions, and how slates kept to what was said."""
    hits = [answer.get("hit") for answer in answers]
    counts = [kept(answer, catalogue) if "turns" in answer else None for answer in answers]
    ratios = {
        f"success@{k}": mean([float(hit is not None and hit <= k) for hit in hits]) for k in range(1, patience + 1)
    }
    ratios["turns"] = mean([float(hit or patience + 1) for hit in hits])
    ratios["questions"] = mean(
        [float(sum(turn["asked"] is not None for turn in answer.get("turns", ()))) for answer in answers]
    )
    ratios["constraint satisfaction"] = Ratio.of([(c.satisfied, c.demanded_of) if c else (0, 0) for c in counts])
    ratios["repeated offers"] = Ratio.of([(c.repeated, c.shown) if c else (0, 0) for c in counts])
    return Scored(dict(sorted(ratios.items(), key=lambda each: (each[0] != f"success@{patience}", each[0]))))


def controls(
    sessions: Sequence[Session], answers: Mapping[str, Sequence[Answer]], groups: Sequence[str], options: SessionOptions
) -> dict[str, Metrics]:
    """Returns whether somebody else's target was shown: whoever serves gains nothing there over a list that is the same for all."""
    people = list(dict.fromkeys(session.person.id for session in sessions))
    targets = {session.person.id: session.person.target.id for session in sessions}
    order = random.Random(f"{options.seed}/shuffled").sample(people, len(people))
    other = {person: targets[drawn] for person, drawn in zip(people, order, strict=True)}
    draws = Resampling(groups, seed=options.seed)
    return {
        f"other people's targets, {name}": figures(_elsewhere(sessions, answers[name], other, options.patience), draws)
        for name in dict.fromkeys((options.policy, "popularity"))
    }


def _elsewhere(
    sessions: Sequence[Session], answers: Sequence[Answer], other: Mapping[str, str], patience: int
) -> Scored:
    turns = [
        next(
            (n for n, turn in enumerate(answer.get("turns", ()), 1) if other[session.person.id] in turn["shown"]),
            patience + 1,
        )
        for session, answer in zip(sessions, answers, strict=True)
    ]
    return Scored({f"success@{patience}": mean([float(turn <= patience) for turn in turns])})
