"""Which demands give way by themselves, and when: what was turned down is evidence against what led to it.

After EAR's reflection (Lei et al. 2020): where all that meets the demands was shown and passed over, one of them is not what is looked for; and what a
person says of themselves stands before what they answered when they were asked.
"""

import numpy as np

from convrec.agent.grounding import offered
from convrec.agent.request import Wanted
from convrec.agent.state import Constraint, DialogueState
from convrec.tools.contract import Bools
from convrec.tools.relaxation import relaxations
from convrec.tools.toolbox import Toolbox


def giving_way(toolbox: Toolbox, wanted: Wanted, state: DialogueState) -> tuple[Constraint, ...]:
    """Returns the earlier answers to the agent's questions that this turn lets go so that something new can be shown; the narrowest where one will do.

    None while anything new meets all demands, and none where the message demands something that was all shown before. What a person asks for or
    rules out of their own accord never gives way by itself.
    """
    masks = [toolbox.catalogue.mask(demand) for demand in wanted.demands]
    here = toolbox.rules.offered(offered(toolbox, wanted))
    fresh = here & ~_shown(toolbox, state)
    met: Bools = np.logical_and.reduce(masks, initial=True)
    of = {c.predicate: c for c in state.constraints}
    used_up = bool((here & met).any())
    if (fresh & met).any() or (used_up and any(c.turn == state.turn for c in of.values())):
        return ()
    loose = {predicate for predicate, c in of.items() if c.answered and c.turn < state.turn} - set(wanted.lasting)
    kept = tuple(place for place, demand in enumerate(wanted.demands) if demand not in loose)
    found = relaxations(masks, fresh, [0] * len(masks), kept)
    return tuple(of[wanted.demands[place]] for place in found[0].dropped) if found else ()


def _shown(toolbox: Toolbox, state: DialogueState) -> Bools:
    rows = toolbox.catalogue.rows(sorted(state.ever_shown))
    found = np.zeros(len(toolbox.catalogue), np.bool_)
    found[rows[rows >= 0]] = True
    return found
