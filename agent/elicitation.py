"""When to ask, what to ask, and with which answers to choose from.

A question is worth what its answer is expected to do for the next slate: the rise of the chance that it holds what is looked for (the expected
value of information, Raiffa & Schlaifer 1961), as far as people are likely to answer (EAR, Lei et al. 2020: estimate, act, reflect).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from heapq import nlargest

import numpy as np

from convrec.agent.learned import Learned, facet_kind, learned
from convrec.agent.state import DialogueState
from convrec.agent.wording import is_year, joined_by, range_words
from convrec.catalogue.catalogue import Catalogue
from convrec.catalogue.schema import Field
from convrec.core.predicate import fields_of
from convrec.core.reply import Question
from convrec.core.settings import Policy
from convrec.tools.contract import Floats
from convrec.tools.toolbox import Recommended

Places = dict[str, list[tuple[int, float]]]
_OPTIONS = 4


@dataclass(frozen=True)
class Askable:
    """A question that could be asked, and by how much its answer is expected to raise the next slate's chance to hold what is looked for."""

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
    learned: Learned = field(default_factory=learned)

    def askable(self, *, again: bool = False) -> list[Askable]:
        """Returns every question that may be asked: about no facet that is settled, nor (unless `again`) about one asked before."""
        asked = () if again else self.state.asked
        fields = [f for f in self.catalogue.schema.fields if f.name not in self.settled and f.name not in asked]
        return [self._asked(about) for about in fields]

    def _asked(self, about: Field) -> Askable:
        places = self._answers(about)
        after = sum(self._best([self._chances[place] * share for place, share in held]) for held in places.values())
        likely = self.learned.shrugged if set(self.state.asked) - self.settled else self.learned.answered
        gain = likely[facet_kind(about)] * max(after - self._best(self._chances), 0.0)
        return Askable(
            gain if len(places) > 1 else 0.0, Question(facet=about.name, text="", options=self._options(about, places))
        )

    @cached_property
    def settled(self) -> frozenset[str]:
        """The facets that something was said about."""
        state = self.state
        demanded = {name for c in state.constraints for name in fields_of(c.predicate)}
        return frozenset(demanded | {h.preference.facet for h in state.held})

    @cached_property
    def left(self) -> list[Recommended]:
        """The candidates that the coming slate does not show and no earlier one did."""
        fresh = [item for item in self.found if item.id not in self.state.ever_shown]
        return fresh[self.policy.slate_size :]

    @cached_property
    def belief(self) -> Floats:
        """How likely each of `left` is what is looked for, `(n,)`, summing to 1: the ranker's confidences, sharpened as was learned."""
        sure = np.array([max(item.confidence, 0.0) for item in self.left]) + 1e-6
        odds: Floats = sure**self.learned.sharpness
        return odds / odds.sum() if len(odds) else odds

    @cached_property
    def _chances(self) -> list[float]:
        chances: list[float] = self.belief.tolist()
        return chances

    def _best(self, chances: Sequence[float]) -> float:
        """Returns the chance that a slate of the likeliest of them holds what is looked for."""
        return sum(nlargest(self.policy.slate_size, chances))

    def _answers(self, about: Field) -> Places:
        """Returns what people could answer, each with the candidates that it means and how likely who wants such a one says just this.

        What one item alone has is no answer: who could say it would have named the item.
        """
        found: defaultdict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, item in enumerate(self.left):
            values = _values(self.catalogue, about, item.row)
            for value in values:
                found[value].append((place, 1.0 / len(values)))
        return dict(found)

    def _options(self, about: Field, places: Mapping[str, list[tuple[int, float]]]) -> tuple[str, ...]:
        masses = {value: sum(self._chances[place] * share for place, share in held) for value, held in places.items()}
        top = [value for value, _ in sorted(masses.items(), key=lambda pair: (-pair[1], pair[0]))[:_OPTIONS]]
        if is_year(about):
            decades = sorted(int(value) for value in top)
            return tuple(range_words(about, decade, decade + 9) for decade in decades)
        return tuple(joined_by(about, value) for value in top)


Asking = Callable[[Occasion], Question | None]
"""A way of deciding whether to ask back, and what."""


def question(occasion: Occasion) -> Question | None:
    """Returns the question with the highest expected gain, or None when none is worth its price.

    Who invites a question gets the best one, whatever its price.
    """
    state, policy = occasion.state, occasion.policy
    unwanted = state.quiet or state.questions_in_row >= policy.max_questions
    if (unwanted and not occasion.invited) or not occasion.left:
        return None
    options = [a for a in occasion.askable(again=occasion.invited) if a.question.options]
    best = max(options, key=lambda a: (a.gain, a.question.facet), default=None)
    return None if best is None or (best.gain < occasion.learned.price and not occasion.invited) else best.question


def _values(catalogue: Catalogue, about: Field, row: int) -> Sequence[str]:
    """Returns what an item could be asked for by: its values, or the decade it is from."""
    if about.valued:
        return catalogue.values(about.name).shared(row)
    if is_year(about) and about.type == "number":
        year = catalogue.numbers(about.name)[row]
        return () if np.isnan(year) else (f"{int(year) // 10 * 10}",)
    return ()


_PLACES = {word: place for place, words in enumerate(("first 1st one 1", "second 2nd two 2", "third 3rd three 3", "fourth 4th four 4")) for word in words.split()}  # fmt: skip
_PICKED = re.compile(
    rf"(?:(?:er|uh|um|hm+|oh|well|ok|okay|so),? )*(?:rather |maybe )?(?:the |number |option |# ?)+(?P<place>{'|'.join(_PLACES)}|last)(?: one| option)?"
    r"(?:,? (?:i think|i guess|please|then|maybe|probably))*"
)


def picked(asked: Question, text: str) -> str | None:
    """Returns the option that an answer picks by its place and nothing else ("the third", "number 2 please"); None where it does not."""
    match = _PICKED.fullmatch(" ".join(text.casefold().split()).strip(" .!"))
    place = None if match is None else len(asked.options) - 1 if match["place"] == "last" else _PLACES[match["place"]]
    return asked.options[place] if place is not None and place < len(asked.options) else None
