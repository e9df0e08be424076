"""Several rounds of looking against one look at as many items: what the loop is worth (Zhao et al. 2024, ToolRec, who count rounds so)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from convrec.agent.controller import Chooser, explore
from convrec.core.reply import TraceStep
from convrec.core.settings import Policy
from convrec.tools.toolbox import Request, Toolbox

ROUNDS, EACH = 3, 20
Choose = Callable[[Request], Chooser]
"""Returns who chooses the moves of one request."""


def in_rounds(
    toolbox: Toolbox, request: Request, choose: Chooser, *, rounds: int = ROUNDS, each: int = EACH
) -> list[str]:
    """Returns the ids looked at in rounds of `each` new items, in order; between them `choose` moves the request.

    Where it stops, the rounds left go on down the same list, so that `rounds * each` items are looked at in any case.
    """
    shown: dict[str, None] = {}
    for left in reversed(range(rounds)):
        found = toolbox.recommend(replace(request, exclude=request.exclude | shown.keys(), k=each))
        shown.update(dict.fromkeys(item.id for item in found.items))
        move = choose(found, request) if left else None
        request = move.request if move is not None else request
    return list(shown)


def at_once(toolbox: Toolbox, request: Request, *, most: int = ROUNDS * EACH) -> list[str]:
    """Returns the ids looked at in one request for as many items, in order."""
    return [item.id for item in toolbox.recommend(replace(request, k=most)).items]


def final_list(
    toolbox: Toolbox, request: Request, policy: Policy, choose: Chooser | None = None
) -> tuple[list[str], int]:
    """Returns the list that a turn's loop ends with, and how many of its rounds brought something new."""
    steps: list[TraceStep] = []
    explored = explore(toolbox, request, policy, steps.append, choose)
    moves = sum(step.tool == "explore" and (step.n_out or 0) > 0 for step in steps)
    return [item.id for item in explored.found.items], moves
