"""When to ask, what to ask, and with which answers to choose from."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from convrec.agent.state import DialogueState
from convrec.agent.wording import is_kind, is_person, is_year, joined_by, range_words
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.predicate import fields_of
from convrec.core.reply import Question
from convrec.core.settings import Policy
from convrec.tools.toolbox import Recommended

Masses = defaultdict[str, float]
_PRICE = 0.9  # nats of uncertainty that a question must remove to be worth a turn
_OPTIONS = 4
_HEAD = 60


@dataclass(frozen=True)
class Askable:
    """A question that could be asked, and what its answer is expected to settle, in nats."""

    gain: float
    question: Question


@dataclass(frozen=True)
class Occasion:
    """A moment at which the agent could ask back: what the thread holds, and the candidates found. Who `invited` a question wants one."""

    state: DialogueState
    found: Sequence[Recommended]
    catalogue: Catalogue
    policy: Policy
    invited: bool = False

    def askable(self, *, again: bool = False) -> list[Askable]:
        """Returns every question that may be asked: about no facet that is settled, nor (unless `again`) about one asked before.

        The gain of asking about a facet is the entropy of its values over the best candidates (weighted by score), times how
        likely people are to know an answer.
        """
        state, head = self.state, self.found[:_HEAD]
        settled = {name for c in state.constraints for name in fields_of(c.predicate)} | {
            h.preference.facet for h in state.held
        }
        weights = np.array([max(item.score, 0.0) for item in head]) + 1e-9
        fields = [
            f for f in self.catalogue.schema.fields if f.name not in settled and (again or f.name not in state.asked)
        ]
        gains = [(field, *_gain(self.catalogue, field, head, weights / weights.sum())) for field in fields]
        return [
            Askable(gain, Question(facet=field.name, text="", options=_options(field, masses)))
            for field, gain, masses in gains
        ]


Asking = Callable[[Occasion], Question | None]
"""A way of deciding whether to ask back, and what."""


def question(occasion: Occasion) -> Question | None:
    """Returns the question with the highest expected gain, or None when none is worth its price.

    Who invites a question gets the best one, whatever its price.
    """
    state, policy = occasion.state, occasion.policy
    too_many = state.questions_in_row >= policy.max_questions and not occasion.invited
    if too_many or len(occasion.found) <= policy.slate_size:
        return None
    options = occasion.askable(again=occasion.invited)
    best = max(options, key=lambda a: (a.gain, a.question.facet), default=None)
    return None if best is None or (best.gain < _PRICE and not occasion.invited) else best.question


def _gain(catalogue: Catalogue, field: Field, head: Sequence[Recommended], weights: np.ndarray) -> tuple[float, Masses]:
    """Returns the expected gain in nats of asking about a facet, and the mass of each of its values."""
    masses: Masses = defaultdict(float)
    if field.type in ("category", "tags"):
        index = catalogue.values(field.name)
        for item, weight in zip(head, weights, strict=True):
            values = index.of(item.row)
            for value in values:
                masses[value] += float(weight) / len(values)
    elif is_year(field) and field.type == "number":
        years = catalogue.numbers(field.name)
        for item, weight in zip(head, weights, strict=True):
            if not np.isnan(years[item.row]):
                masses[f"{int(years[item.row]) // 10 * 10}"] += float(weight)
    shares = np.array([mass for mass in masses.values() if mass > 0])
    if len(shares) < 2:
        return 0.0, masses
    shares = shares / shares.sum()
    top = np.sort(shares)[::-1][:_OPTIONS].sum()  # what no option offers, a question hardly settles
    return float(-(shares * np.log(shares)).sum() * top * _answerable(field)), masses


def _answerable(field: Field) -> float:
    """Returns how likely people are to have an answer: most know the kind they want, few a name."""
    if is_kind(field):
        return 1.0
    if is_year(field):
        return 0.6
    return 0.15 if is_person(field) else 0.4


def _options(field: Field, masses: Masses) -> tuple[str, ...]:
    top = [value for value, _ in sorted(masses.items(), key=lambda pair: (-pair[1], pair[0]))[:_OPTIONS]]
    if is_year(field):
        decades = sorted(int(value) for value in top)
        return tuple(range_words(field, decade, decade + 9) for decade in decades)
    return tuple(joined_by(field, value) for value in top)
