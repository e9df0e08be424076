"""Which demands give way by themselves, and when: what was turned down is evidence against what led to it.

After EAR's reflection (Lei et al. 2020): where all that meets the demands was shown and passed over, one of them is not meant as it was heard. What a
person volunteers stands before what they answered when they were asked.
"""

import numpy as np

from convrec.agent.grounding import offered
from convrec.agent.request import Wanted
from convrec.agent.state import Constraint, DialogueState
from convrec.core.predicate import Not
from convrec.tools.contract import Bools
from convrec.tools.relaxation import relaxations
from convrec.tools.toolbox import Toolbox


def giving_way(toolbox: Toolbox, wanted: Wanted, state: DialogueState) -> tuple[Constraint, ...]:
    """Returns the demands that this turn lets go so that something new can be shown; none where something new is left.

    Where nothing at all meets every demand, earlier answers to the agent's questions give way, nothing else: which of the others to drop is asked.
    Where all that meets them was shown before and the message demands nothing new, the narrowest demand does, answers first. What is ruled out
    and what the profile holds never does.
    """
    masks = [toolbox.catalogue.mask(demand) for demand in wanted.demands]
    here = toolbox.rules.offered(offered(toolbox, wanted))
    fresh = here & ~_shown(toolbox, state)
    met: Bools = np.logical_and.reduce(masks, initial=True)
    if not masks or (fresh & met).any():
        return ()
    of = {c.predicate: c for c in state.constraints}
    none = not (here & met).any()
    if not none and any(c.turn == state.turn for c in of.values()):
        return ()
    loose = [
        place
        for place, demand in enumerate(wanted.demands)
        if demand not in wanted.lasting and demand in of and _is_loose(of[demand], state, none)
    ]
    kept = tuple(place for place in range(len(masks)) if place not in loose)
    stated = [0 if demand in of and of[demand].answered else 1 for demand in wanted.demands]
    found = relaxations(masks, fresh, stated, kept)
    return tuple(of[wanted.demands[place]] for place in found[0].dropped) if found else ()


def _is_loose(constraint: Constraint, state: DialogueState, none: bool) -> bool:
    if isinstance(constraint.predicate, Not):
        return False
    return not none or (constraint.answered and constraint.turn < state.turn)


def _shown(toolbox: Toolbox, state: DialogueState) -> Bools:
    rows = toolbox.catalogue.rows(sorted(state.ever_shown))
    found = np.zeros(len(toolbox.catalogue), np.bool_)
    found[rows[rows >= 0]] = True
    return found
