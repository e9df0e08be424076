"""From candidates to a slate that holds: demands checked once more, put-aside items out, reasons with evidence."""

from collections.abc import Sequence

import numpy as np

from convrec.agent.controller import Explored
from convrec.agent.elicitation import Asking, Occasion, question
from convrec.agent.reasons import Ground, reasons
from convrec.agent.request import Wanted
from convrec.agent.state import Constraint, DialogueState, Plan, Slate
from convrec.core.errors import ConvrecError
from convrec.core.predicate import every
from convrec.core.reply import Question, ReplyItem
from convrec.core.settings import Policy
from convrec.tools.contract import Bools
from convrec.tools.toolbox import Recommended, Toolbox


class ViolationError(ConvrecError):
    """A tool returned an item that the request rules out: a defect of the tool, never shown to a user."""


def ground(
    toolbox: Toolbox, explored: Explored, wanted: Wanted, state: DialogueState, plan: Plan, policy: Policy, thread: str,
    asking: Asking = question,
) -> Slate:  # fmt: skip
    """Returns the slate: at most `policy.slate_size` items that meet every demand, new ones before repeats."""
    found = explored.found
    check(toolbox, found.items, wanted, plan)
    fresh = [item for item in found.items if item.id not in state.ever_shown or item.id in plan.named]
    repeats = not fresh and bool(found.items)
    chosen = (list(found.items) if repeats else fresh)[: plan.count or policy.slate_size]
    basis = Ground(
        toolbox.catalogue, wanted, {wish.label: wish for wish in explored.request.wishes}, thread, state.turn
    )
    items = tuple(_reply_item(toolbox, explored, item, rank, basis) for rank, item in enumerate(chosen, 1))
    can_ask, invited = bool(items) and not plan.named and not repeats, plan.action == "ask"
    asked = asking(Occasion(state, found.items, toolbox.catalogue, policy, invited)) if can_ask else None
    if items:
        return Slate(items=items, n_allowed=found.n_allowed, question=asked, repeats=repeats)
    left = offered(toolbox, wanted)
    return Slate(blocking=blocking(toolbox, state, wanted, left), exhausted=not left.any())


def check(toolbox: Toolbox, items: Sequence[Recommended], wanted: Wanted, plan: Plan) -> None:
    """Raises ViolationError when an item breaks a demand or was put aside; items asked for by name are exempt from demands."""
    allowed = toolbox.catalogue.mask(wanted.request.filter)
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


def blocking(toolbox: Toolbox, state: DialogueState, wanted: Wanted, left: Bools) -> tuple[Constraint, ...]:
    """Returns the demands each of which, let go alone, would leave something to show; the oldest first."""

    def matches(without: Constraint) -> bool:
        rest = every(*(demand for demand in wanted.demands if demand is not without.predicate))
        return bool((toolbox.catalogue.mask(rest) & left).any())

    return tuple(constraint for constraint in state.constraints if matches(constraint))


def drop_question(constraints: Sequence[Constraint], text: str, facet: str) -> Question:
    """Returns the question which demand to let go."""
    return Question(facet=facet, text=text, options=(*(c.label for c in constraints[:4]), "start over"))
