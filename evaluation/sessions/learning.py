"""Learning when to ask: what simulated people answer, how sharp a belief the ranker's confidences make, and what a question may cost.

Estimation, action, reflection (EAR, Lei et al. 2020) with three readable numbers a kind of question in place of a network: people are asked at random,
what they answer is counted, and the price of a question is the one with which sessions end soonest.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from convrec.agent.elicitation import Asking, Occasion, question
from convrec.agent.learned import KINDS, FacetKind, Learned, facet_kind
from convrec.catalogue.workspace import Workspace
from convrec.core.predicate import fields_of
from convrec.core.progress import Progress, silent
from convrec.core.reply import Question
from convrec.evaluation.sessions.house import House, SessionOptions, agent_over
from convrec.evaluation.sessions.servers import AgentServer
from convrec.evaluation.sessions.session import Session, talk

SHARPNESS = (0.25, 0.5, 1.0, 2.0, 4.0)
PRICES = (0.0, 0.05, 0.1, 0.2, 0.3, 0.4)
A_QUESTION = 0.1
"""What being asked costs a person, in turns."""


@dataclass(frozen=True)
class Answer:
    """What became of one question: its kind, whether an earlier one had been left unanswered, and whether this one was answered."""

    kind: FacetKind
    shrugged: bool
    answered: bool


@dataclass
class Diary:
    """An agent's occasions to ask in one session, with what it asked at each."""

    occasions: list[tuple[Occasion, Question | None]] = field(default_factory=list)

    def answers(self) -> Iterator[Answer]:
        """Yields what became of each question that another occasion followed."""
        for (occasion, asked), (after, _) in zip(self.occasions, self.occasions[1:], strict=False):
            if asked is not None:
                about = occasion.catalogue.schema.field(asked.facet)
                unanswered = bool(set(occasion.state.asked) - occasion.settled)
                yield Answer(facet_kind(about), unanswered, _answers(after, asked, occasion.state.turn))


def _answers(after: Occasion, asked: Question, turn: int) -> bool:
    demanded = any(c.turn > turn and asked.facet in fields_of(c.predicate) for c in after.state.constraints)
    return demanded or any(h.turn > turn and h.preference.facet == asked.facet for h in after.state.held)


@dataclass(frozen=True)
class Floor:
    """Where people are served by agents that differ in nothing but how they ask; these keep their state in `scratch`."""

    house: House
    scratch: Path

    def explored(self, seed: int) -> list[Diary]:
        """Returns a diary a session of an agent that asks in every turn, about a facet drawn by chance."""
        diaries: list[Diary] = []

        def asking(occasion: Occasion) -> Question | None:
            rng = random.Random(f"explore/{seed}/{len(diaries)}/{occasion.state.turn}")
            options = [a.question for a in occasion.askable() if a.question.options]
            chosen = rng.choice(options) if options else None
            diaries[-1].occasions.append((occasion, chosen))
            return chosen

        for _ in self._transcripts("explore", asking, lambda: diaries.append(Diary()), max_questions=1000):
            pass
        return diaries

    def cost(self, parameters: Learned) -> float:
        """Returns the mean number of turns (a miss counts one more than patience) and of what questions cost, with these parameters."""

        def asking(occasion: Occasion) -> Question | None:
            return question(replace(occasion, learned=parameters))

        costs = [
            (told["hit"] or session.person.patience + 1)
            + A_QUESTION * sum(t["asked"] is not None for t in told["turns"])
            for session, told in self._transcripts(f"price-{parameters.price}", asking)
        ]
        return float(np.mean(costs))

    def _transcripts(
        self, name: str, asking: Asking, begin: Callable[[], None] = lambda: None, **policy: Any
    ) -> Iterator[tuple[Session, dict[str, Any]]]:
        agent = agent_over(self.house.agents[0].workspace, self.scratch, name, asking, **policy)
        try:
            for session in self.house.sessions:
                begin()
                yield session, talk(session, AgentServer(name, agent), self.house.view, known=self.house.known)
        finally:
            agent.close()


def learn(
    workspace: Workspace,
    options: SessionOptions,
    runs: Path,
    scratch: Path,
    start: Learned,
    progress: Progress = silent,
) -> Learned:
    """Returns parameters learned from `options.users` people a way of drawing targets, with each simulator; `start` gives what is not observed.

    The tools are fitted without these people. Whoever reports figures takes other seeds.
    """
    house = House.opened(workspace, options, runs, scratch, progress)
    try:
        floor = Floor(house, scratch)
        diaries = floor.explored(options.seed)
        answered, shrugged = counted([answer for diary in diaries for answer in diary.answers()], start)
        targets = [session.person.target.id for session in house.sessions]
        beliefs = [(o, target) for diary, target in zip(diaries, targets, strict=True) for o, _ in diary.occasions]
        found = start.model_copy(update={"answered": answered, "shrugged": shrugged, "sharpness": sharpest(beliefs)})
        costs = {price: floor.cost(found.model_copy(update={"price": price})) for price in PRICES}
        return found.model_copy(update={"price": min(costs, key=lambda price: (costs[price], -price))})
    finally:
        house.close()


def counted(answers: Sequence[Answer], start: Learned) -> tuple[dict[FacetKind, float], dict[FacetKind, float]]:
    """Returns how likely a question is answered, by kind, at first and after one that was not (two further cases at the start's rate)."""

    def share(kind: FacetKind, shrugged: bool, prior: float) -> float:
        seen = [a.answered for a in answers if a.kind == kind and a.shrugged == shrugged]
        return round((sum(seen) + 2 * prior) / (len(seen) + 2), 3)

    return (
        {kind: share(kind, False, start.answered[kind]) for kind in KINDS},
        {kind: share(kind, True, start.shrugged[kind]) for kind in KINDS},
    )


def sharpest(beliefs: Sequence[tuple[Occasion, str]]) -> float:
    """Returns the sharpness under which the targets are likeliest, of occasions at which the target was still to be shown."""
    left = [(o, [item.id for item in o.left].index(t)) for o, t in beliefs if any(item.id == t for item in o.left)]

    def likelihood(sharpness: float) -> float:
        of = [replace(o, learned=o.learned.model_copy(update={"sharpness": sharpness})).belief[at] for o, at in left]
        return float(np.sum(np.log(of)))

    return max(SHARPNESS, key=likelihood) if left else 1.0
