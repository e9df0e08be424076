"""The mixture of tasks that training draws from."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from convrec.finetune.grammar.drills import drill_example
from convrec.finetune.grammar.explanations import explain_example
from convrec.finetune.grammar.names import Names
from convrec.finetune.grammar.plans import plan_example
from convrec.finetune.grammar.understand import understand_example
from convrec.finetune.grammar.wording import Wording

Chat = list[tuple[str, str]]
TASKS: dict[str, Callable[..., Chat]] = {
    "understand": understand_example, "plan": plan_example, "explain": explain_example, "drill": drill_example,
}  # fmt: skip
_WEIGHTS = {"understand": 58, "plan": 12, "explain": 13, "drill": 17}


@dataclass(frozen=True)
class Source:
    """Where examples come from: the wording of one split, the domains of one split, and a supply of names."""

    names: Names
    wording: Wording
    held_out_domains: bool = False

    def write(self, rng: Random, task: str, turns: int = 0) -> Chat:
        """Returns an example of a task; `turns` 0 leaves their number to chance."""
        return TASKS[task](rng, self.names, self.wording, held_out=self.held_out_domains, turns=turns)

    def draw(self, rng: Random) -> Chat:
        """Returns an example of any task, in the shares of the mixture."""
        return self.write(rng, rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0])
