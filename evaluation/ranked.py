"""What several systems ranked for the same cases, measured alike: tables, slices, controls, and what a run keeps of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from convrec.core.metrics.bootstrap import Resampling
from convrec.evaluation.cases import write_cases
from convrec.evaluation.ranking import (
    RankingCase,
    Rankings,
    at_random,
    oracle,
    predictions,
    shuffled,
    slice_names,
    within,
    worst,
)
from convrec.evaluation.result import Metrics, Part, Scored, figures
from convrec.evaluation.run import Run
from convrec.tools.toolbox import Request, Toolbox

Measure = Callable[[Sequence[RankingCase], Rankings], Scored]
POPULARITY = "popularity"


@dataclass(frozen=True)
class Ranked:
    """What systems ranked: `lists` by system, in the order of `cases`; `measure` is how a system's lists are measured."""

    cases: Sequence[RankingCase]
    lists: Mapping[str, Rankings]
    measure: Measure

    @cached_property
    def part(self) -> Part:
        """Returns every system's figures."""
        groups = [case.group for case in self.cases]
        return Part(groups, {name: self.measure(self.cases, lists) for name, lists in self.lists.items()})

    def slices(self) -> dict[str, Part]:
        """Returns every system's figures over the targets of each slice."""
        found = {}
        for name in slice_names(self.cases):
            places, cases = within(self.cases, name)
            lists = {system: [each[place] for place in places] for system, each in self.lists.items()}
            found[name] = Ranked(cases, lists, self.measure).part
        return found

    def controls(self, system: str, items: Sequence[str], depth: int, seed: int) -> dict[str, Metrics]:
        """Returns the figures of the targets themselves, of chance, and of lists that were made for other people."""
        others = shuffled(self.cases, seed)
        made = {
            "oracle": self.measure(self.cases, [oracle(case, depth) for case in self.cases]),
            "random": self.measure(self.cases, [at_random(case, items, depth, seed) for case in self.cases]),
            "other people's targets": self.measure(others, self.lists[system]),
        }
        if POPULARITY in self.lists:
            made["other people's targets, popularity"] = self.measure(others, self.lists[POPULARITY])
        draws = Resampling(self.part.groups, seed=seed)
        return {name: figures(scored, draws) for name, scored in made.items()}

    def keep(
        self, run: Run, system: str, whole: Part, titles: Mapping[str, str], said: Mapping[str, str] | None = None
    ) -> None:
        """Writes what a run keeps of a system: its predictions, each case's part in the figures of the `whole` table, its worst cases."""
        run.write_lines("predictions.jsonl", predictions(self.cases, self.lists[system]))
        write_cases(run.folder, [case.id for case in self.cases], whole.groups, whole.scored[system])
        run.write_lines("worst.jsonl", worst(self.cases, system, self.lists, titles, said=said))


def listed(toolbox: Toolbox, request: Request) -> list[str]:
    """Returns the ids that a request is answered with.

    A single tool's list ends where it has no opinion: what follows is the catalogue's own order, measured in the tool's name.
    """
    found = toolbox.recommend(request).items
    return [item.id for item in found if request.tools is None or len(item.contributions) > 1]


def absent(toolbox: Toolbox, names: Iterable[str]) -> tuple[str, ...]:
    """Returns a sentence for each of these tools that the toolbox does not have."""
    return tuple(
        f"{name} is not among the fitted tools: {toolbox.left_out.get(name, 'run `convrec fit`')}"
        for name in dict.fromkeys(names)
        if name not in toolbox.tools
    )
