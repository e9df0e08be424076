"""From candidates to a slate that holds: demands checked once more, put-aside items out, reasons with evidence."""

from collections.abc import Sequence

import numpy as np

from convrec.agent.controller import Explored
from convrec.agent.elicitation import Asking, Occasion, question
from convrec.agent.reasons import Ground, reasons
from convrec.agent.request import Wanted
from convrec.agent.state import Constraint, DialogueState, LetGo, Plan, Slate
from convrec.core.errors import ConvrecError
from convrec.core.predicate import Not
from convrec.core.reply import ReplyItem
from convrec.core.settings import Policy
from convrec.tools.contract import Bools
from convrec.tools.relaxation import relaxations
from convrec.tools.toolbox import Recommended, Toolbox


class ViolationError(ConvrecError):
    """A tool returned an item that the request rules out: a defect of the tool, never shown to a user."""


def ground(
    toolbox: Toolbox, explored: Explored, wanted: Wanted, state: DialogueState, plan: Plan, policy: Policy, thread: str,
    asking: Asking = question,
) -> Slate:  # fmt: skip
    """Returns the slate: at most `policy.slate_size` items that meet every demand, new ones before repeats, but in an order just asked for."""
    found = explored.found
    check(toolbox, found.items, wanted, plan)
    kept = state.asks_for_order
    fresh = [item for item in found.items if kept or item.id not in state.ever_shown or item.id in plan.named]
    repeats = not fresh and bool(found.items)
    chosen = (list(found.items) if repeats else fresh)[: plan.count or policy.slate_size]
    basis = Ground(
        toolbox.catalogue,
        wanted,
        {wish.label: wish for wish in explored.request.wishes},
        thread,
        state.turn,
        toolbox.rules,
        toolbox.by_people,
    )
    items = tuple(_reply_item(toolbox, explored, item, rank, basis) for rank, item in enumerate(chosen, 1))
    can_ask, invited = bool(items) and not plan.named and not repeats, plan.action == "ask"
    asked = asking(Occasion(state, found.items, toolbox.catalogue, policy, invited)) if can_ask else None
    if items:
        return Slate(items=items, n_allowed=found.n_allowed, question=asked, repeats=repeats)
    left = toolbox.rules.offered(offered(toolbox, wanted))
    return Slate(least=least_let_go(toolbox, state, wanted, left), exhausted=not left.any())


def check(toolbox: Toolbox, items: Sequence[Recommended], wanted: Wanted, plan: Plan) -> None:
    """Raises ViolationError when an item breaks a demand or the house's filter, or was put aside; items asked for by name are exempt from demands."""
    allowed = toolbox.rules.offered(toolbox.catalogue.mask(wanted.request.filter))
    for item in items:
        if item.id in plan.named:
            continue
        if not allowed[item.row] or item.id in wanted.request.exclude:
            raise ViolationError(f"The item {item.id} breaks a demand of the request.", "Please report this.")


def _reply_item(toolbox: Toolbox, explored: Explored, item: Recommended, rank: int, basis: Ground) -> ReplyItem:
    facts = toolbox.catalogue.item(item.row)
    why = reasons(item, toolbox.explain(explored.request, item.id), basis)
    return ReplyItem(
        id=item.id, title=facts.title, rank=rank, score=item.score, confidence=item.confidence, reasons=why,
        contributions=dict(item.contributions), facts=dict(facts.facts),
    )  # fmt: skip


def offered(toolbox: Toolbox, wanted: Wanted) -> Bools:
    """Returns which items, `(n_items,)`, could be offered if nothing were demanded: those neither put aside nor an example."""
    aside = toolbox.catalogue.rows([*wanted.request.exclude, *wanted.request.history])
    left = np.ones(len(toolbox.catalogue), np.bool_)
    left[aside[aside >= 0]] = False
    return left


def least_let_go(toolbox: Toolbox, state: DialogueState, wanted: Wanted, left: Bools) -> tuple[LetGo, ...]:
    """Returns the smallest sets of this thread's demands each of which, let go, would leave something to show; the best first.

    What was said last is kept longest, and what is ruled out longer than what is asked for. Lasting rules of the profile stay.
    """
    of = {constraint.predicate: constraint for constraint in state.constraints}
    kept = tuple(place for place, demand in enumerate(wanted.demands) if demand not in of or demand in wanted.lasting)
    masks = [toolbox.catalogue.mask(demand) for demand in wanted.demands]
    stated = [_firmness(of[demand], state) if demand in of else 0 for demand in wanted.demands]
    found = relaxations(masks, left, stated, kept)
    return tuple(
        LetGo(constraints=tuple(of[wanted.demands[place]] for place in one.dropped), opens=len(one.rows))
        for one in found
    )


def _firmness(constraint: Constraint, state: DialogueState) -> int:
    """Returns how late a demand should be let go: by its turn, and after all others where it rules something out."""
    return constraint.turn + (state.turn + 1 if isinstance(constraint.predicate, Not) else 0)
